import type { SelectionExplanation } from '../selection/reasons.js';
import type { SelectionRequest } from '../selection/request.js';
import { type Cluster, type Device, devicesOf, statusOf } from './cluster.js';
import { type Command, type CommandContext, printJson } from './command.js';
import type { Options } from './command-line.js';
import { isCudaOrderEstimated } from './cuda-order.js';
import { simulationLines } from './frame.js';
import {
  clusterOptions,
  firstSamples,
  layoutOf,
  openOptions,
  printLines,
  withCluster,
} from './session.js';
import { type Line, printable, type Style, span } from './styled.js';
import { type Column, tableLines, widestWithin } from './table.js';

/** Those that go by telemetry, the default first: a command has nothing in flight. */
const policies = ['score', 'estimated-completion', 'most-free-memory', 'pack'] as const;

export const select: Command = {
  name: 'select',
  summary: 'choose the device to run on, with the reason',
  options: {
    ...clusterOptions,
    'min-memory': { kind: 'value', value: 'SIZE', text: 'memory that must be free, as 20GiB' },
    policy: {
      kind: 'value',
      value: 'NAME',
      text: policies.join(', '),
    },
    explain: { kind: 'flag', text: 'say what became of every device' },
    json: { kind: 'flag', text: 'print JSON' },
  },
  async run(options, context) {
    const request = requestOf(options);
    return withCluster(context, openOptions(options, context.signal), async (cluster) => {
      await firstSamples(cluster, context);
      const choice = choose(cluster, request);
      if (options.has('json')) {
        printJson(jsonOf(cluster, choice, context), context);
      } else {
        report(cluster, choice, { context, explain: options.has('explain') });
      }
      if (choice.selected !== undefined) return 0;
      context.stderr.write(`${noneFits(choice)}\n`);
      return 1;
    });
  },
};

function requestOf(options: Options): SelectionRequest {
  const minMemoryBytes = options.bytes('min-memory');
  const policy = options.choice('policy', policies);
  return {
    ...(minMemoryBytes === undefined ? {} : { minMemoryBytes }),
    ...(policy === undefined ? {} : { policy }),
  };
}

interface Verdict extends SelectionExplanation {
  readonly device: Device;
}

interface Choice {
  readonly selected?: Verdict | undefined;
  readonly verdicts: readonly Verdict[];
}

/** One reading decides and explains, so that the reasons are those of the decision. */
function choose(cluster: Cluster, request: SelectionRequest): Choice {
  const devices = new Map(devicesOf(cluster).map((device) => [device.deviceId, device]));
  const verdicts = cluster.explainSelection(request).flatMap((explanation) => {
    const device = devices.get(explanation.deviceId);
    return device === undefined ? [] : [{ ...explanation, device }];
  });
  return { selected: verdicts.find(({ status }) => status === 'selected'), verdicts };
}

/** CUDA takes a UUID wherever it takes an ordinal, and a UUID does not depend on its order. */
function environmentLine({ deviceId }: SelectionExplanation): string {
  return `CUDA_VISIBLE_DEVICES=${printable(deviceId)}`;
}

function jsonOf(cluster: Cluster, { selected, verdicts }: Choice, { env }: CommandContext) {
  return {
    simulated: statusOf(cluster).simulated,
    ...(isCudaOrderEstimated(cluster.listDevices(), env) ? { cudaOrderEstimated: true } : {}),
    ...(selected === undefined
      ? {}
      : {
          selected: {
            ...verdictJson(selected),
            environment: { CUDA_VISIBLE_DEVICES: selected.deviceId },
          },
        }),
    devices: verdicts.map(verdictJson),
  };
}

function verdictJson({ device, ...explanation }: Verdict) {
  const { name, index, cudaIndex } = device;
  return { ...explanation, name, index, cudaIndex };
}

function report(
  cluster: Cluster,
  { selected, verdicts }: Choice,
  { context, explain }: { readonly context: CommandContext; readonly explain: boolean },
): void {
  const { columns, glyphs } = layoutOf(context);
  const lines: Line[] = [...simulationLines({ status: statusOf(cluster) })];
  if (explain) {
    const width = { width: Math.max(columns, 80), ellipsis: glyphs.ellipsis };
    lines.push(...tableLines(verdictColumns(verdicts), verdicts, width), []);
  }
  if (selected !== undefined) {
    const { device, reason } = selected;
    const about = isCudaOrderEstimated(cluster.listDevices(), context.env) ? '~' : '';
    const cuda =
      device.cudaIndex === undefined ? 'not visible to CUDA' : `CUDA ${about}${device.cudaIndex}`;
    lines.push([
      span('selected  '),
      span(device.name, 'strong'),
      span(`  (index ${device.index}, ${cuda})`),
    ]);
    lines.push([span(`because   ${reason}`)], [span(environmentLine(selected), 'accent')]);
  }
  printLines(lines, context);
}

function noneFits({ verdicts }: Choice): string {
  const reasons = verdicts.map(({ device, reason }) => `${device.index} ${device.name}: ${reason}`);
  return ['gpuring: no device fits', ...reasons.map((line) => `  ${printable(line)}`)].join('\n');
}

const statusStyles: Readonly<Record<SelectionExplanation['status'], Style | undefined>> = {
  selected: 'good',
  ranked: undefined,
  rejected: 'warning',
};

function verdictColumns(verdicts: readonly Verdict[]): readonly Column<Verdict>[] {
  const column = (
    title: string,
    priority: number,
    text: (verdict: Verdict) => string,
  ): Column<Verdict> => {
    const width = widestWithin(verdicts.map(text), { minimum: title.length, maximum: 160 });
    const align = title === '#' || title === 'SCORE' ? 'right' : 'left';
    const cell = (row: Verdict) => [span(text(row), statusStyles[row.status])];
    return { title, priority, minWidth: Math.min(width, 24), maxWidth: width, align, cell };
  };
  return [
    column('#', 0, ({ device }) => String(device.index)),
    column('NAME', 3, ({ device }) => device.name),
    column('VERDICT', 1, ({ status }) => status),
    column('SCORE', 2, ({ score }) => score?.toFixed(4) ?? '-'),
    column('REASON', 4, ({ reason }) => reason),
  ];
}
