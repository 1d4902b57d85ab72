import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { GPUClusteringManager } from '../../lib/manager.js';
import type { GPUMetrics } from '../../lib/telemetry/sample.js';
import { readTrace, type Trace, traceFolder } from '../support/trace.js';

interface Replay {
  readonly set: string;
  readonly board: string;
  readonly file: string;
  readonly select?: Readonly<Record<string, string>>;
}

// One trace of every set of columns that the recordings have.
const replays: readonly Replay[] = [
  { set: 'A', board: 'k40m', file: 'gpu-power-benchmark/transient_K40m.csv' },
  { set: 'B', board: 'a100', file: 'gpu-power-benchmark/transient_A100.csv' },
  { set: 'C', board: 'rtx3090', file: 'gpu-power-benchmark/transient_3090.csv' },
  { set: 'E', board: 'l40s', file: 'qwen3-asr/gpu_log.csv' },
  { set: 'F', board: 'v100s', file: 'v100s-miris/gpu_log.csv' },
  { set: 'G', board: 'h100', file: 'h100-gpu-glasses/nvidia_smi.csv', select: { gpu: '0' } },
];

/** Opens the trace one row a polling round, and waits until the driver has no more rows. */
async function replay({ board, file, select }: Replay, rows: number) {
  const manager = await GPUClusteringManager.open({
    simulate: {
      step: 'round',
      devices: [{ board, trace: join(traceFolder, file), atEnd: 'end', ...(select && { select }) }],
    },
    periodMs: 1,
    maxHistory: rows + 100,
    devices: 'all',
  });
  const [device] = manager.listDevices();
  if (device === undefined) throw new Error('no device');
  const { deviceId } = device;
  let seen = -1;
  for (let now = 0; now !== seen || now < rows; await sleep(300)) {
    seen = now;
    now = manager.getMetricsHistory(deviceId).length;
    if (now > rows) break;
  }
  const history = manager.getMetricsHistory(deviceId);
  const simulation = manager.status()?.simulation;
  await manager.shutdown();
  return { history, recorded: simulation?.devices[0]?.recorded ?? [], simulation };
}

function columnOf(history: readonly GPUMetrics[], key: keyof GPUMetrics): readonly unknown[] {
  return history.map((sample) => sample[key]);
}

function expectSameColumns(history: readonly GPUMetrics[], trace: Trace): void {
  expect(history).toHaveLength(trace.rows.length);
  for (const key of trace.keys) {
    const recorded = trace.rows.map((row) => row.get(key));
    expect(columnOf(history, key), key).toEqual(recorded);
  }
}

describe('a recorded trace, one row a polling round', () => {
  it.each(replays)(
    'comes out as it went in: set $set, $file',
    async (which) => {
      const trace = readTrace(which.file, which.select);
      const { history, recorded } = await replay(which, trace.rows.length);
      expectSameColumns(history, trace);
      for (const key of trace.keys) expect(recorded, 'said to be recorded').toContain(key);
    },
    60_000,
  );

  it('marks a column that the trace lacks as modelled', async () => {
    const which = replays[0] as Replay;
    const { history, simulation } = await replay(which, readTrace(which.file).rows.length);
    const described = simulation?.devices[0];
    expect(described?.modelled).toContain('memoryUsedBytes');
    expect(described?.recorded).not.toContain('memoryUsedBytes');
    expect(history[0]?.memoryUsedBytes).toBeGreaterThan(0);
    expect(history.every((sample) => sample.simulated === true)).toBe(true);
  }, 60_000);
});

describe('the trace of a degraded driver', () => {
  const which: Replay = {
    set: 'D',
    board: 'a100',
    file: 'gpu-power-benchmark/mlperf_data.csv',
  };

  it('leaves the failing clock absent and keeps the stuck power as it was', async () => {
    const trace = readTrace(which.file);
    const { history } = await replay(which, trace.rows.length);
    expectSameColumns(history, trace);
    expect(history.filter((sample) => 'clockRateMhz' in sample)).toEqual([]);
    expect(new Set(columnOf(history, 'powerWatts'))).toEqual(new Set([46.19]));
  }, 120_000);
});
