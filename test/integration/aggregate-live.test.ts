// Statistics of a live cluster, by way of the addon and the simulated driver, against their plain
// meaning over the same samples as getMetricsHistory gives them.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MetricStatistics } from '../../lib/aggregation/statistics.js';
import { GPUClusteringManager } from '../../lib/manager.js';
import type { MetricKey } from '../../lib/telemetry/metrics.generated.js';
import type { OpenOptions } from '../../lib/telemetry/open-options.js';
import type { GPUMetrics } from '../../lib/telemetry/sample.js';
import { nvmlReturns, type Scenario, SimulatedHost } from '../../lib/testing/index.js';
import {
  type NaiveSample,
  type NaiveStatistics,
  naivePool,
  naiveStatistics,
} from '../support/naive-statistics.js';
import { runProgram } from '../support/program.js';
import { disagreements, recordOf } from '../support/record-agreement.js';

const managers: GPUClusteringManager[] = [];
const load = { shape: 'sine', periodSeconds: 1 } as const;
const two: Scenario = { devices: [{ board: 'h100', count: 2, load }] };
const periodMs = 10;
const percentiles = [0, 5, 50, 95, 99, 100];
const keys = [
  'computeUtilizationPercent',
  'powerWatts',
  'memoryUsedBytes',
  'temperatureCelsius',
  'energyJoules',
] as const satisfies readonly MetricKey[];

async function open(options: OpenOptions = {}): Promise<GPUClusteringManager> {
  const defaults = { simulate: two, periodMs, maxHistory: 5000, devices: 'all' } as const;
  const manager = await GPUClusteringManager.open({ ...defaults, ...options });
  managers.push(manager);
  return manager;
}

function idsOf(manager: GPUClusteringManager): readonly string[] {
  return manager.listDevices().map(({ deviceId }) => deviceId);
}

/** Waits for what the next polls bring; generous, for machines under load. */
function soon(assertion: () => void): Promise<void> {
  return vi.waitFor(assertion, { timeout: 20_000, interval: 5 });
}

function timesOf(manager: GPUClusteringManager, deviceId: string): readonly number[] {
  return manager.getMetricsHistory(deviceId).map(({ timestampMs }) => timestampMs);
}

/** By the sampler's clock, from the first sample on. A value holds for three periods. */
function naiveOf(history: readonly GPUMetrics[], key: MetricKey): readonly NaiveSample[] {
  const startMs = history[0]?.ageMs ?? 0;
  return history.map((sample) => ({
    timeMs: startMs - (sample.ageMs ?? 0),
    value: sample[key],
    holdMs: 3 * periodMs,
  }));
}

function isCounter(key: MetricKey): boolean {
  return key === 'energyJoules';
}

/** Each sample with the window's ends at two of them, by both clocks. */
interface Compared {
  readonly history: readonly GPUMetrics[];
  readonly linear: boolean;
  readonly ewmaMs: number;
  /** By the sampler's clock. */
  readonly window: { readonly fromMs: number; readonly toMs: number };
}

function wrong(statistics: MetricStatistics, compared: Compared): readonly string[] {
  const { history, ...asked } = compared;
  const key = statistics.metric as MetricKey;
  const samples = naiveOf(history, key);
  const question = { ...asked, percentiles, counter: isCounter(key) };
  const { firstMs, lastMs, integral, ...rest } = naiveStatistics(samples, question);
  const wall = (ms: number | undefined) =>
    history[samples.findIndex(({ timeMs }) => timeMs === ms)]?.timestampMs;
  const [first, last] = [wall(firstMs), wall(lastMs)];
  const should = {
    ...rest,
    ...(first !== undefined && { firstMs: first }),
    ...(last !== undefined && { lastMs: last }),
    ...(integral !== undefined && !isCounter(key) && { integral }),
  };
  const scale = Math.max(1, Math.abs(rest.max ?? 1), Math.abs(rest.min ?? 1));
  // Native code counts microseconds, of which a period has ten thousand.
  const bounds = { scale, relative: 1e-12, held: 2e-4, ms: 0.01 };
  return disagreements(recordOf(statistics, percentiles), should, bounds);
}

/** What does not depend on how long values hold, over all devices. */
function poolOf(
  histories: readonly (readonly GPUMetrics[])[],
  asked: { key: MetricKey; from: number; to: number; linear: boolean },
): NaiveStatistics {
  const { key, from, to, linear } = asked;
  const onWall = histories.map((history) =>
    history.map((sample) => {
      return { timeMs: sample.timestampMs, value: sample[key], holdMs: 3 * periodMs };
    }),
  );
  const window = { fromMs: from, toMs: to };
  return naivePool(onWall, { window, percentiles, linear, ewmaMs: 0, counter: false });
}

/** From the sixth sample to a millisecond after the fifth last. */
function middleOf(history: readonly GPUMetrics[]) {
  const [first, begin, end] = [history[0], history[5], history.at(-5)];
  const sinceFirst = (sample: GPUMetrics | undefined) => (first?.ageMs ?? 0) - (sample?.ageMs ?? 0);
  return {
    from: begin?.timestampMs ?? 0,
    to: (end?.timestampMs ?? 0) + 1,
    window: { fromMs: sinceFirst(begin), toMs: sinceFirst(end) + 1 },
  };
}

/** Lets some samples of the device not know its power. */
async function forgetPower(manager: GPUClusteringManager, deviceId: string): Promise<void> {
  const count = () => manager.getMetricsHistory(deviceId).length;
  await soon(() => expect(count()).toBeGreaterThan(20));
  const power = { function: 'nvmlDeviceGetPowerUsage', device: deviceId };
  host.inject([{ ...power, return: nvmlReturns.notSupported }]);
  await soon(() => expect(manager.getMetrics(deviceId)).not.toHaveProperty('powerWatts'));
  host.clearFaults();
  await soon(() => expect(manager.getMetrics(deviceId)).toHaveProperty('powerWatts'));
  const before = count();
  await soon(() => expect(count()).toBeGreaterThan(before + 20));
}

let host: SimulatedHost;
beforeEach(() => {
  host = new SimulatedHost();
});
afterEach(async () => {
  host.clearFaults();
  await Promise.all(managers.splice(0).map((manager) => manager.shutdown()));
});

describe('windows of a live cluster', () => {
  it('are those of the samples that it keeps, unknown ones among them', async () => {
    const manager = await open();
    const [first = ''] = idsOf(manager);
    await forgetPower(manager, first);
    const histories = idsOf(manager).map((id) => manager.getMetricsHistory(id));
    const [history = []] = histories;
    const { from, to, window } = middleOf(history);
    for (const linear of [false, true]) {
      const percentileMethod = linear ? 'linear' : 'nearest-rank';
      const ewmaMs = 50;
      const options = { metrics: keys, from, to, percentiles, percentileMethod, ewmaMs } as const;
      const [one] = manager.aggregate({ ...options, devices: [first] });
      expect(one?.simulated).toBe(true);
      const whole = manager.aggregate({ ...options, per: 'cluster' });
      for (const key of keys) {
        const statistics = one?.metrics[key];
        if (statistics === undefined) throw new Error(`nothing about ${key}`);
        expect(wrong(statistics, { history, linear, ewmaMs, window })).toEqual([]);
        const { count, min, max, percentiles: found } = whole.metrics[key];
        const pool = poolOf(histories, { key, from, to, linear });
        expect({ count, min, max }).toEqual({ count: pool.count, min: pool.min, max: pool.max });
        expect(percentiles.map((percentile) => found[percentile])).toEqual(pool.percentiles);
      }
    }
    const unknown = manager.aggregate({ from, to, devices: [first] })[0]?.metrics.powerWatts;
    expect(unknown?.unknownCount).toBeGreaterThan(0);
    const series = manager.series({ deviceId: first, metric: 'powerWatts', from, to, points: 7 });
    const known = history.flatMap(({ timestampMs, powerWatts }) =>
      powerWatts !== undefined && timestampMs >= from && timestampMs <= to ? [powerWatts] : [],
    );
    expect(Math.max(...series.max)).toBe(Math.max(...known));
    expect(Math.min(...series.min)).toBe(Math.min(...known));
    expect(series.count).toBeLessThanOrEqual(7);
  });

  it('end now, and know what the last seconds drew', async () => {
    const manager = await open();
    const [first = ''] = idsOf(manager);
    await soon(() => expect(timesOf(manager, first).length).toBeGreaterThan(120));
    const [one] = manager.aggregate({ windowMs: 1000, devices: [first] });
    expect(one?.metrics.powerWatts.count).toBeGreaterThan(10);
    expect(one?.energySource).toBe('counter');
    // What the simulated board draws and what its counter counts are of one model.
    const { timeWeightedMean = 0 } = one?.metrics.powerWatts ?? {};
    const rate = one?.metrics.energyJoules.ratePerSecond ?? 0;
    expect(rate / timeWeightedMean).toBeGreaterThan(0.5);
    expect(rate / timeWeightedMean).toBeLessThan(2);
    const [longer] = manager.aggregate({ windowMs: 3_600_000, devices: [first] });
    expect(longer?.metrics.powerWatts.coverage).toBeLessThan(0.1);
    const newest = manager.aggregate({ last: 1, metrics: ['powerWatts'] });
    expect(newest.map(({ metrics }) => metrics.powerWatts.count)).toEqual([1, 1]);
  });

  it('are answered where a worker has hardly any stack left', async () => {
    const { stdout, stderr } = await runProgram('integration/programs/deep-in-worker.cjs');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ answers: 20, code: 0 });
  });

  it('have metrics of slower tiers', async () => {
    const manager = await open();
    const metrics = ['eccMode', 'pcieReplayCount', 'graphicsClockMhz'] as const;
    await soon(() => {
      const [one] = manager.aggregate({ metrics });
      const { eccMode, graphicsClockMhz } = one?.metrics ?? {};
      expect(eccMode).toMatchObject({ min: 1, max: 1 });
      expect(graphicsClockMhz?.count).toBeGreaterThan(0);
    });
  });

  it('are kept up to date where they are watched', async () => {
    const manager = await open();
    const [first = '', second = ''] = idsOf(manager);
    using window = manager.watchWindow({
      windowMs: 600_000,
      metrics: ['powerWatts', 'computeUtilizationPercent'],
      percentiles,
    });
    const read = window.reader(second, 'powerWatts');
    await soon(() => expect(read()?.count).toBeGreaterThan(50));
    const statistics = read();
    if (statistics === undefined) throw new Error('it was there');
    expect(statistics.simulated).toBe(true);
    const { toMs = 0 } = statistics;
    const history = manager.getMetricsHistory(second);
    const newest = history.findIndex(({ timestampMs }) => Math.abs(timestampMs - toMs) < 0.01);
    expect(newest).toBeGreaterThan(0);
    const endMs = (history[0]?.ageMs ?? 0) - (history[newest]?.ageMs ?? 0);
    const ends = { fromMs: endMs - 600_000, toMs: endMs };
    expect(wrong(statistics, { history, linear: false, ewmaMs: 0, window: ends })).toEqual([]);
    await soon(() => expect(read()?.toMs).toBeGreaterThan(toMs));
    expect(window.read(first, 'computeUtilizationPercent')?.unit).toBe('%');
    host.addDevices({ board: 'h100', load });
    await soon(() => expect(idsOf(manager)).toHaveLength(3));
    const third = idsOf(manager)[2] ?? '';
    await soon(() => expect(window.read(third, 'powerWatts')?.count).toBeGreaterThan(2));
    await manager.shutdown();
    expect(() => read()).toThrow(expect.objectContaining({ code: 'ERR_GPU_CLOSED' }));
  });
});
