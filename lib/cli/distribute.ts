import { mostEqualItems } from '../distribution/items.js';
import { type Cluster, devicesOf, statusOf } from './cluster.js';
import { type Command, type CommandContext, printJson } from './command.js';
import { type Options, UsageError } from './command-line.js';
import { countText, groupDigits } from './format.js';
import { simulationLines } from './frame.js';
import { clusterOptions, layoutOf, openOptions, printLines, withCluster } from './session.js';
import { type Line, span } from './styled.js';
import { type Column, tableLines, widestWithin } from './table.js';

const strategies = ['uniform', 'capacity', 'least-loaded'] as const;

export const distribute: Command = {
  name: 'distribute',
  summary: 'share out N equal items over the devices',
  options: {
    ...clusterOptions,
    items: { kind: 'value', value: 'N', text: 'how many items there are' },
    strategy: { kind: 'value', value: 'NAME', text: 'uniform (default), capacity or least-loaded' },
    'max-per-device': { kind: 'value', value: 'N', text: 'the most items one device may get' },
    json: { kind: 'flag', text: 'print JSON' },
  },
  async run(options, context) {
    const plan = planOf(options);
    return withCluster(context, openOptions(options, context.signal), async (cluster) => {
      const result = share(cluster, plan);
      if (options.has('json')) {
        printJson({ simulated: statusOf(cluster).simulated, ...result }, context);
      } else {
        printLines(
          [...simulationLines({ status: statusOf(cluster) }), ...report(result, context)],
          context,
        );
      }
      return 0;
    });
  },
};

interface Plan {
  readonly items: number;
  readonly strategy: (typeof strategies)[number];
  readonly maxPerDevice?: number;
}

function planOf(options: Options): Plan {
  const items = options.integer('items', { minimum: 0, maximum: mostEqualItems });
  if (items === undefined) throw new UsageError('distribute needs --items N');
  const strategy = options.choice('strategy', strategies) ?? 'uniform';
  const maxPerDevice = options.integer('max-per-device', { minimum: 1, maximum: mostEqualItems });
  return { items, strategy, ...(maxPerDevice === undefined ? {} : { maxPerDevice }) };
}

interface Share {
  readonly index: number;
  readonly deviceId: string;
  readonly name: string;
  readonly items: number;
}

function share(cluster: Cluster, { items, ...settings }: Plan) {
  const { counts, unassignedCount } = cluster.distribute(items, settings);
  const devices = devicesOf(cluster).map(
    ({ deviceId, index, name }): Share => ({
      index,
      deviceId,
      name,
      items: counts.get(deviceId) ?? 0,
    }),
  );
  const assigned = devices.reduce((sum, device) => sum + device.items, 0);
  const total = assigned + unassignedCount;
  if (total !== items) throw new Error(`${items} items came out as ${total}`);
  return { strategy: settings.strategy, devices, assigned, unassigned: unassignedCount, total };
}

function report(result: ReturnType<typeof share>, context: CommandContext): readonly Line[] {
  const { columns, glyphs } = layoutOf(context);
  const table = { width: columns, ellipsis: glyphs.ellipsis };
  const { assigned, unassigned, total, strategy } = result;
  return [
    ...tableLines(shareColumns(result.devices), result.devices, table),
    [
      span(countText(total, 'item'), 'strong'),
      span(`: ${groupDigits(assigned)} assigned, `),
      span(`${groupDigits(unassigned)} unassigned`, unassigned > 0 ? 'warning' : undefined),
      span(`   (strategy ${strategy})`, 'muted'),
    ],
  ];
}

function shareColumns(shares: readonly Share[]): readonly Column<Share>[] {
  const column = (
    title: string,
    priority: number,
    text: (share: Share) => string,
  ): Column<Share> => {
    const width = widestWithin(shares.map(text), { minimum: title.length, maximum: 48 });
    const align = title === 'NAME' || title === 'DEVICE' ? 'left' : 'right';
    const cell = (row: Share) => [span(text(row))];
    return { title, priority, minWidth: width, maxWidth: width, align, cell };
  };
  return [
    column('#', 0, ({ index }) => String(index)),
    column('NAME', 2, ({ name }) => name),
    column('DEVICE', 3, ({ deviceId }) => deviceId),
    column('ITEMS', 1, ({ items }) => groupDigits(items)),
  ];
}
