// Statistics of recorded samples, through the addon, against their plain meaning.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { summarize } from '../../lib/aggregation/summarize.js';
import type { WindowOptions } from '../../lib/aggregation/window.js';
import { GPUClusteringManager } from '../../lib/manager.js';
import { TelemetryCollector } from '../../lib/telemetry/collector.js';
import { type MetricKey, metricTable } from '../../lib/telemetry/metrics.generated.js';
import type { GPUMetrics } from '../../lib/telemetry/sample.js';
import { gpu } from '../support/cluster.js';
import {
  type NaiveSample,
  type NaiveWindow,
  naivePercentile,
  naivePool,
  naiveSlices,
  naiveStatistics,
  sumOf,
} from '../support/naive-statistics.js';
import { randomFrom } from '../support/random.js';
import { disagreements, recordOf } from '../support/record-agreement.js';

const percentiles = [0, 0.5, 10, 50, 90, 95, 99, 100];
const keys = [
  'computeUtilizationPercent',
  'powerWatts',
  'memoryUsedBytes',
  'energyJoules',
] as const;
const counters: readonly MetricKey[] = metricTable
  .filter(({ kind }) => kind === 'counter')
  .map(({ key }) => key);

/** One sample: milliseconds since the one before, then the values. */
type Row = readonly [number, ...(number | undefined)[]];

const known = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });
const rows: fc.Arbitrary<readonly Row[]> = fc.array(
  fc.tuple(
    fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }), fc.constant(5000)),
    known(fc.integer({ min: 0, max: 100 })),
    known(fc.double({ min: 0, max: 1e6, noNaN: true })),
    known(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    known(fc.integer({ min: 0, max: 50 })),
  ),
  { maxLength: 60 },
);
const gaps = fc.constantFrom(50, 1000, Infinity);

interface Recorded {
  readonly samples: readonly GPUMetrics[];
  readonly startMs: number;
}

function recordedOf(deviceId: string, startMs: number, of: readonly Row[]): Recorded {
  let now = startMs;
  const samples = of.map(([sinceMs, ...values]) => {
    now += sinceMs;
    const entries = keys.map((key, place) => [key, values[place]] as const);
    const named = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    return { deviceId, timestampMs: now, ...named };
  });
  return { samples, startMs };
}

function naiveOf({ samples, startMs }: Recorded, key: MetricKey, holdMs: number, kept: number) {
  return samples.slice(-kept).map((sample): NaiveSample => {
    return { timeMs: sample.timestampMs - startMs, value: sample[key], holdMs };
  });
}

function windowsOf(seed: number, spanMs: number): readonly NaiveWindow[] {
  const random = randomFrom(seed);
  const moment = () => Math.floor((random() * 1.4 - 0.2) * (spanMs + 100));
  const between = Array.from({ length: 6 }, () => {
    const [one, other] = [moment(), moment()];
    return { fromMs: Math.min(one, other), toMs: Math.max(one, other) + 1 };
  });
  return [...between, { last: 1 }, { last: 1 + Math.floor(random() * 70) }];
}

function optionsOf(window: NaiveWindow, startMs: number): WindowOptions {
  if ('last' in window) return window;
  return { from: startMs + window.fromMs, to: startMs + window.toMs };
}

const scaleOf = (samples: readonly NaiveSample[]) =>
  Math.max(1, ...samples.map(({ value = 0 }) => Math.abs(value)));

const startMs = 1_700_000_000_000;
const maxHistory = 40;

function managerOf(all: readonly Recorded[], maxGapMs: number): GPUClusteringManager {
  const manager = new GPUClusteringManager({ maxHistory, maxGapMs });
  for (const { samples } of all) {
    const [first] = samples;
    if (first !== undefined) manager.registerDevice(gpu(first.deviceId));
    for (const sample of samples) manager.recordMetrics(sample);
  }
  return manager;
}

/** On the reference's clock, which starts with the history. */
function shifted<S extends { readonly firstMs?: number; readonly lastMs?: number }>(of: S): S {
  const { firstMs, lastMs } = of;
  return {
    ...of,
    ...(firstMs !== undefined && { firstMs: firstMs + startMs }),
    ...(lastMs !== undefined && { lastMs: lastMs + startMs }),
  };
}

describe('statistics of recorded samples', () => {
  const questions = {
    linear: fc.boolean(),
    ewmaMs: fc.constantFrom(0, 1, 700),
    seed: fc.integer(),
  };
  const bounds = { relative: 1e-12, ms: 1e-3 };

  it('are those of the reference for every device', () => {
    const property = fc.property(rows, gaps, fc.record(questions), (of, maxGapMs, asked) => {
      const recorded = recordedOf('a', startMs, of);
      const manager = managerOf([recorded], maxGapMs);
      const spanMs = (recorded.samples.at(-1)?.timestampMs ?? startMs) - startMs;
      for (const window of windowsOf(asked.seed, spanMs)) {
        const found = manager.aggregate({
          ...optionsOf(window, startMs),
          metrics: keys,
          percentiles,
          percentileMethod: asked.linear ? 'linear' : 'nearest-rank',
          ...(asked.ewmaMs > 0 && { ewmaMs: asked.ewmaMs }),
        });
        expect(found).toHaveLength(of.length === 0 ? 0 : 1);
        for (const key of of.length === 0 ? [] : keys) {
          const samples = naiveOf(recorded, key, maxGapMs, maxHistory);
          const counter = counters.includes(key);
          const expected = naiveStatistics(samples, { ...asked, window, percentiles, counter });
          const statistics = found[0]?.metrics[key];
          if (statistics === undefined) throw new Error(`nothing about ${key}`);
          // Public answers have the integral of gauges alone.
          const { integral: _, ...growing } = expected;
          const should = shifted(counter ? growing : expected);
          const scale = scaleOf(samples);
          const what = { key, window, maxGapMs };
          const wrong = disagreements(recordOf(statistics, percentiles), should, {
            ...bounds,
            scale,
          });
          expect({ what, wrong }).toEqual({ what, wrong: [] });
        }
      }
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('are those of the reference for all devices as one', () => {
    const several = fc.array(rows, { minLength: 2, maxLength: 4 });
    const property = fc.property(several, gaps, fc.record(questions), (of, maxGapMs, asked) => {
      const all = of
        .map((one, place) => recordedOf(`gpu-${place}`, startMs, one))
        .filter(({ samples }) => samples.length > 0);
      fc.pre(all.length > 1);
      const manager = managerOf(all, maxGapMs);
      for (const window of windowsOf(asked.seed, 2000)) {
        const percentileMethod = asked.linear ? ('linear' as const) : ('nearest-rank' as const);
        const options = {
          ...optionsOf(window, startMs),
          metrics: keys,
          percentiles,
          percentileMethod,
        };
        const found = manager.aggregate({ ...options, per: 'cluster' } as const);
        for (const key of ['computeUtilizationPercent', 'powerWatts', 'memoryUsedBytes'] as const) {
          const histories = all.map((one) => naiveOf(one, key, maxGapMs, maxHistory));
          const question = { ...asked, ewmaMs: 0, window, percentiles, counter: false };
          const expected = naivePool(histories, question);
          const scale = scaleOf(histories.flat());
          const { coverage, ...rest } = found.metrics[key];
          const { coveredMs, ...others } = expected;
          const wrong = disagreements(
            recordOf({ ...rest, coverage: 0 }, percentiles),
            { ...others, coveredMs: 0 },
            { scale: scale * Math.max(1, coveredMs), ...bounds },
          );
          expect({ key, window, wrong }).toEqual({ key, window, wrong: [] });
          const lengthMs = histories.map((one) => lengthIn(one, window));
          const length = sumOf(lengthMs);
          if (length > 0) expect(coverage).toBeCloseTo(coveredMs / length, 9);
        }
      }
    });
    fc.assert(property, { numRuns: 60 });
  });

  it('are downsampled without losing an extreme', () => {
    const points = fc.integer({ min: 1, max: 20 });
    const property = fc.property(rows, points, fc.integer(), (of, count, seed) => {
      fc.pre(of.length > 0);
      const recorded = recordedOf('a', startMs, of);
      const manager = managerOf([recorded], Infinity);
      const samples = naiveOf(recorded, 'powerWatts', Infinity, maxHistory);
      for (const window of windowsOf(seed, samples.at(-1)?.timeMs ?? 0)) {
        const series = manager.series({
          deviceId: 'a',
          metric: 'powerWatts',
          points: count,
          ...optionsOf(window, startMs),
        });
        const expected = naiveSlices(samples, window, count);
        expect([...series.min]).toEqual(expected.map(({ min }) => min));
        expect([...series.max]).toEqual(expected.map(({ max }) => max));
        for (const [place, { fromMs, mean }] of expected.entries()) {
          expect(series.mean[place]).toBeCloseTo(mean, 5);
          expect((series.timestampsMs[place] ?? 0) - startMs).toBeCloseTo(fromMs, 1);
        }
      }
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('of a counter add up over windows that meet, whether in a sample or between two', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.nat({ max: 9 })), {
      minLength: 1,
    });
    const property = fc.property(steps, fc.nat({ max: 1000 }), (of, meetMs) => {
      const collector = new TelemetryCollector({ maxHistory: 1000 });
      let [timestampMs, energyJoules] = [0, 0];
      for (const [sinceMs, joules] of of) {
        timestampMs += sinceMs;
        energyJoules += joules;
        collector.recordMetrics({ deviceId: 'a', timestampMs, energyJoules });
      }
      const metrics = ['energyJoules'] as const;
      const grown = (from: number, to: number) =>
        collector.aggregate({ from, to, metrics })[0]?.metrics.energyJoules.increase ?? 0;
      const endMs = 6000;
      expect(grown(-1, meetMs) + grown(meetMs, endMs)).toBe(grown(-1, endMs));
    });
    fc.assert(property);
  });

  it('are those of an empty cluster, of one without samples, and of one sample', () => {
    const manager = new GPUClusteringManager();
    expect(manager.aggregate()).toEqual([]);
    manager.registerDevice(gpu('a'));
    const [none] = manager.aggregate({ windowMs: 10, metrics: ['powerWatts'] });
    expect(none?.metrics.powerWatts).toMatchObject({ count: 0, coverage: 0, percentiles: {} });
    expect(none).not.toHaveProperty('energyJoules');
    manager.recordMetrics({ deviceId: 'a', timestampMs: 1000, powerWatts: 100, energyJoules: 5 });
    const [one] = manager.aggregate();
    expect(one).toMatchObject({ fromMs: 1000, toMs: 1000 });
    expect(one).not.toHaveProperty('energyJoules');
    expect(one?.metrics.powerWatts).toMatchObject({ count: 1, coverage: 1, mean: 100 });
    expect(one?.metrics.powerWatts.percentiles).toEqual({ 50: 100, 95: 100, 99: 100 });
    expect(one?.metrics.powerWatts).toMatchObject({ standardDeviation: 0 });
    expect(one?.metrics.temperatureCelsius).toMatchObject({ count: 0, unknownCount: 1 });
  });

  it('has energy from the counter where it is known, and else from power', () => {
    const collector = new TelemetryCollector({ maxGapMs: 2000 });
    for (let second = 0; second <= 10; second++) {
      const timestampMs = 1000 * second;
      const energyJoules = 5 + 250 * second;
      collector.recordMetrics({ deviceId: 'a', timestampMs, powerWatts: 100, energyJoules });
      collector.recordMetrics({ deviceId: 'b', timestampMs, powerWatts: 300 });
    }
    const window = { from: 2000, to: 6000 } as const;
    const [a, b] = collector.aggregate(window);
    expect(a).toMatchObject({ energyJoules: 1000, energySource: 'counter' });
    expect(b).toMatchObject({ energyJoules: 1200, energySource: 'power' });
    const whole = collector.aggregate({ ...window, per: 'cluster' });
    expect(whole).toMatchObject({
      energyJoules: 2200,
      energySource: 'mixed',
      energyDeviceCount: 2,
    });
    expect(whole.metrics.powerWatts).toMatchObject({ mean: 200, total: 400, coverage: 1 });
    expect(whole.metrics.powerWatts.percentiles).toEqual({ 50: 100, 95: 300, 99: 300 });
    const longer = collector.aggregate({ from: -10_000, to: 30_000, metrics: ['powerWatts'] });
    expect(longer[0]?.metrics.powerWatts).toMatchObject({ coverage: 12 / 40, count: 11 });
    expect(longer).toMatchObject([
      { energySource: 'counter', energyJoules: 2500, energyCoverage: 10 / 40 },
      { energySource: 'power', energyJoules: 3600, energyCoverage: 12 / 40 },
    ]);
  });

  it('are as of the newest sample in a window that is watched', () => {
    vi.useFakeTimers({ now: 5_000_000 });
    try {
      const manager = new GPUClusteringManager();
      manager.registerDevice(gpu('a'));
      using window = manager.watchWindow({
        windowMs: 100,
        metrics: ['powerWatts'],
        percentiles: [50],
      });
      const read = window.reader('a', 'powerWatts');
      for (const [timestampMs, powerWatts] of [
        [0, 10],
        [50, 20],
        [120, 30],
      ] as const) {
        manager.recordMetrics({ deviceId: 'a', timestampMs, powerWatts });
      }
      expect(read()).toMatchObject({
        fromMs: 20,
        toMs: 120,
        count: 2,
        coverage: 1,
        mean: 25,
        timeWeightedMean: (10 * 30 + 20 * 70) / 100,
        percentiles: { 50: 20 },
      });
    } finally {
      vi.useRealTimers();
    }
  });
});

function lengthIn(samples: readonly NaiveSample[], window: NaiveWindow): number {
  if (!('last' in window)) return window.toMs - window.fromMs;
  const counted = samples.slice(-window.last);
  return (counted.at(-1)?.timeMs ?? 0) - (counted[0]?.timeMs ?? 0);
}

describe('summarize', () => {
  const arrays = [
    fc.float64Array({ noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    fc.float32Array({ noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    fc.int32Array(),
    fc.uint32Array(),
    fc.int16Array(),
    fc.uint16Array(),
    fc.int8Array(),
    fc.uint8Array(),
  ] as const;

  it('is the plain meaning of any array', () => {
    const property = fc.property(fc.oneof(...arrays), fc.boolean(), (values, linear) => {
      const percentileMethod = linear ? 'linear' : 'nearest-rank';
      const found = summarize(values, { percentiles, percentileMethod });
      const sorted = Float64Array.from(values)
        .filter((value) => !Number.isNaN(value))
        .sort()
        // -0 is 0.
        .map((value) => value + 0);
      expect(found.count).toBe(sorted.length);
      if (sorted.length === 0) {
        expect(found).toEqual({ count: 0, percentiles: {} });
        return;
      }
      const scale = sorted.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      const mean = sumOf(sorted) / sorted.length;
      const variance = sumOf(sorted.map((value) => (value - mean) ** 2)) / sorted.length;
      expect(Math.abs((found.mean ?? NaN) - mean)).toBeLessThanOrEqual(1e-12 * scale);
      const deviation = Math.abs((found.standardDeviation ?? NaN) - Math.sqrt(variance));
      expect(deviation).toBeLessThanOrEqual(1e-12 * scale);
      expect([(found.min ?? NaN) + 0, (found.max ?? NaN) + 0]).toEqual([sorted[0], sorted.at(-1)]);
      for (const percentile of percentiles) {
        const expected = naivePercentile(sorted, percentile, linear);
        expect((found.percentiles[percentile] ?? NaN) + 0).toBe(expected);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});
