import type { OpenOptions } from '../telemetry/open-options.js';
import type { Cluster } from './cluster.js';
import type { CommandContext } from './command.js';
import { type OptionSpecs, type Options, UsageError } from './command-line.js';
import { type Glyphs, glyphsFor } from './glyphs.js';
import { type Line, paint } from './styled.js';
import { columnsOf, lookOf } from './terminal.js';

/** The options of every command that opens the driver. */
export const sessionOptions: OptionSpecs = {
  simulate: {
    kind: 'optional',
    value: '[SCENARIO]',
    text: 'use the simulated driver; SCENARIO is a name (mixed) or a file',
  },
  library: { kind: 'value', value: 'PATH', text: 'load this libnvidia-ml.so.1' },
  period: { kind: 'value', value: 'MS', text: 'read the driver every MS milliseconds (100)' },
};

/** Those of every command that shows or uses devices. */
export const clusterOptions: OptionSpecs = {
  ...sessionOptions,
  all: { kind: 'flag', text: 'all devices, whatever CUDA_VISIBLE_DEVICES leaves' },
};

const hourMs = 3_600_000;

/** What `open` is to be called with. A simulator only where `--simulate` stands. */
export function openOptions(options: Options, signal: AbortSignal): OpenOptions {
  const libraryPath = options.text('library');
  const periodMs = options.integer('period', { minimum: 1, maximum: hourMs });
  const scenario = options.text('simulate');
  if (libraryPath !== undefined && scenario !== undefined) {
    throw new UsageError('--simulate and --library exclude each other');
  }
  return {
    signal,
    ...(libraryPath === undefined ? {} : { libraryPath }),
    ...(periodMs === undefined ? {} : { periodMs }),
    ...(scenario === undefined ? {} : { simulate: scenario === '' ? true : scenario }),
    ...(options.has('all') ? { devices: 'all' } : {}),
  };
}

/** Opens, works, and shuts down whatever happened. */
export async function withCluster<Result>(
  context: CommandContext,
  options: OpenOptions,
  work: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const cluster = await context.open(options);
  try {
    return await work(cluster);
  } finally {
    await cluster.shutdown();
  }
}

/** Devices answer within a period of each other; a hung one must not hold up the rest. */
const firstSamplesMs = 1000;

/** Waits until every device has a sample, at most a second. */
export function firstSamples(cluster: Cluster, context: CommandContext): Promise<void> {
  return untilEvery(cluster, context, (id) => cluster.getMetrics(id) !== undefined);
}

/** Likewise, until its processes were looked at, which is what comes last. */
export function firstDetails(cluster: Cluster, context: CommandContext): Promise<void> {
  return untilEvery(cluster, context, (id) => cluster.getDetails(id)?.processes !== undefined);
}

async function untilEvery(
  cluster: Cluster,
  context: CommandContext,
  isThere: (deviceId: string) => boolean,
): Promise<void> {
  const devices = cluster.listDevices();
  const waitMs = 20;
  for (let waited = 0; waited < firstSamplesMs; waited += waitMs) {
    if (devices.every(({ deviceId }) => isThere(deviceId)) || context.signal.aborted) return;
    await context.sleep(waitMs);
  }
}

/** Prints lines as this terminal shows them. */
export function printLines(lines: readonly Line[], { stdout, env }: CommandContext): void {
  const look = lookOf(stdout, env);
  stdout.write(lines.map((line) => `${paint(line, look)}\n`).join(''));
}

export interface TableLayout {
  readonly columns: number;
  readonly glyphs: Glyphs;
}

/** How a table is to be laid out on this output. */
export function layoutOf({ stdout, env }: CommandContext): TableLayout {
  return { columns: columnsOf(stdout), glyphs: glyphsFor(lookOf(stdout, env)) };
}
