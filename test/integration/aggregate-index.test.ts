// The index over a ring against the plain meaning of statistics, over random histories.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadNative } from '../../lib/native.js';
import { type BareColumns, loadBareCore } from '../support/bare-core.js';
import {
  type NaiveQuestion,
  type NaiveSample,
  type NaiveStatistics,
  type NaiveWindow,
  naivePool,
  naiveSlices,
} from '../support/naive-statistics.js';
import { randomFrom } from '../support/random.js';
import {
  anywhere,
  type BareMetric,
  bareSamples,
  counter,
  few,
  type HistoryShape,
  historyShapes,
  naiveSamples,
  periodUs,
  walk,
} from '../support/random-history.js';
import { disagreements } from '../support/record-agreement.js';

const { metricKeys, windowKinds, statisticsDoubles } = loadNative();
const core = loadBareCore();
const table = core.metricTable();
const metricOf = (key: string) => metricKeys.indexOf(key);

/** Narrow ones, wide ones, counters, and the ends of what 53 bits hold. */
const metrics: readonly BareMetric[] = [
  { metric: metricOf('computeUtilizationPercent'), values: walk(0, 100) },
  { metric: metricOf('temperatureCelsius'), values: anywhere(-100, 200) },
  { metric: metricOf('performanceState'), values: few(0, 8, 15) },
  { metric: metricOf('powerWatts'), values: walk(0, 700_000) },
  { metric: metricOf('powerInstantWatts'), values: anywhere(0, 100_000_000) },
  { metric: metricOf('memoryUsedBytes'), values: walk(0, 80 * 2 ** 30) },
  { metric: metricOf('memoryTotalBytes'), values: few(85_899_345_920) },
  { metric: metricOf('clockEventReasons'), values: few(0, 1, 4, 2 ** 53 - 1) },
  { metric: metricOf('energyJoules'), values: counter(5000) },
];

const wallStartMs = 1_700_000_000_000;
const percentiles = [0, 0.1, 1, 25, 50, 90, 95, 99, 99.9, 100];

type Clock = 'wall' | 'monotonic' | 'last';

interface Asked {
  readonly clock: Clock;
  readonly window: NaiveWindow;
  readonly linear: boolean;
  readonly ewmaMs: number;
}

/** Windows of all kinds, with ends on samples, beside them, before and after all. */
function questions(shape: HistoryShape, endMs: number, count: number): readonly Asked[] {
  const random = randomFrom(shape.seed + 1);
  const momentUs = () => {
    const us = Math.floor(random() * (endMs * 1000 + 4 * periodUs)) - 2 * periodUs;
    return Math.round(random() < 0.5 ? us : periodUs * Math.round(us / periodUs));
  };
  return Array.from({ length: count }, () => {
    const clock = (['wall', 'monotonic', 'last'] as const)[Math.floor(random() * 3)] ?? 'wall';
    const [one, other] = [momentUs(), momentUs()];
    // A whole microsecond each: what lies beside it by a rounding is another one to native code.
    const ends = { fromMs: Math.min(one, other) / 1000, toMs: (Math.max(one, other) + 1) / 1000 };
    const last = 1 + Math.floor(random() ** 2 * shape.count * 1.2);
    return {
      clock,
      window: clock === 'last' ? { last } : ends,
      linear: random() < 0.5,
      // Whole microseconds, as native code has it.
      ewmaMs: random() < 0.5 ? 0 : Math.ceil(random() * 100 * periodUs) / 1000,
    };
  });
}

function nativeWindow({ clock, window }: Asked) {
  const by = windowKinds.indexOf(clock);
  if ('last' in window) return { by, from: window.last, to: 0 };
  const start = clock === 'wall' ? wallStartMs : 0;
  return { by, from: start + window.fromMs, to: start + window.toMs };
}

function ask(pool: readonly BareColumns[], metric: number, asked: Asked) {
  const words = new Float64Array(statisticsDoubles + percentiles.length);
  const { linear, ewmaMs } = asked;
  const what = { metric, percentiles: Float64Array.from(percentiles), linear, ewmaMs };
  core.queryColumns(pool, { ...what, ...nativeWindow(asked) }, words);
  return { words, at: 0, percentilesAt: statisticsDoubles };
}

function onWall(naive: NaiveStatistics): NaiveStatistics {
  const { firstMs, lastMs } = naive;
  return {
    ...naive,
    ...(firstMs !== undefined && { firstMs: wallStartMs + firstMs }),
    ...(lastMs !== undefined && { lastMs: wallStartMs + lastMs }),
  };
}

function scaleOf(histories: readonly (readonly NaiveSample[])[]): number {
  const values = histories.flat().flatMap(({ value }) => value ?? []);
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
}

interface Device {
  readonly columns: BareColumns;
  /** By metric. */
  readonly histories: readonly (readonly NaiveSample[])[];
}

function device(shape: HistoryShape, capacity: number): Device {
  const columns = new core.Columns({ tier: 0, capacity });
  const samples = bareSamples(shape, metrics, wallStartMs * 1000);
  columns.append(samples);
  const histories = metrics.map(({ metric }, place) => {
    const divisor = table[4 * metric] ?? 1;
    return naiveSamples(samples, place, { divisor, kept: capacity });
  });
  return { columns, histories };
}

/** Every metric in every window, of the devices as one pool. */
function compare(devices: readonly Device[], asked: readonly Asked[]): readonly string[] {
  return asked.flatMap((one) =>
    metrics.flatMap(({ metric }, place) => {
      const histories = devices.map((each) => each.histories[place] ?? []);
      const isCounter = table[4 * metric + 3] === 1;
      const question: NaiveQuestion = { ...one, percentiles, counter: isCounter };
      const record = ask(
        devices.map(({ columns }) => columns),
        metric,
        one,
      );
      const expected = onWall(naivePool(histories, question));
      const bounds = { scale: scaleOf(histories), relative: 1e-12, ms: 1e-3 };
      return disagreements(record, expected, bounds).map(
        (text) => `${metricKeys[metric]} ${JSON.stringify(one)}: ${text}`,
      );
    }),
  );
}

function endOf(devices: readonly Device[]): number {
  return Math.max(0, ...devices.map(({ histories }) => histories[0]?.at(-1)?.timeMs ?? 0));
}

const capacities = (most: number) => fc.integer({ min: 1, max: most });

describe('the index over a ring', () => {
  it('answers any window of a short history as the reference does', () => {
    const property = fc.property(historyShapes(40), capacities(12), (shape, capacity) => {
      const one = [device(shape, capacity)];
      expect(compare(one, questions(shape, endOf(one), 12))).toEqual([]);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('answers any window of a history of many blocks, whether it has wrapped or not', () => {
    const property = fc.property(historyShapes(12_000), capacities(9000), (shape, capacity) => {
      const one = [device(shape, capacity)];
      expect(compare(one, questions(shape, endOf(one), 6))).toEqual([]);
    });
    fc.assert(property, { numRuns: 25 });
  });

  it('answers for several devices as one pool', () => {
    const several = fc.array(historyShapes(300), { minLength: 2, maxLength: 5 });
    const property = fc.property(several, capacities(250), (shapes, capacity) => {
      const devices = shapes.map((shape) => device(shape, capacity));
      const [first] = shapes as [HistoryShape];
      const asked = questions(first, endOf(devices), 6);
      const unordered = asked.map((one) => ({ ...one, ewmaMs: 0 }));
      expect(compare(devices, unordered)).toEqual([]);
    });
    fc.assert(property, { numRuns: 40 });
  });

  it('cuts a window into slices, and loses no extreme', () => {
    const points = fc.integer({ min: 1, max: 50 });
    const property = fc.property(historyShapes(600), points, (shape, count) => {
      const one = device(shape, 400);
      for (const asked of questions(shape, endOf([one]), 4)) {
        for (const [place, { metric }] of metrics.entries()) {
          const into = new Float64Array(5 * count);
          const written = one.columns.downsample({ metric, ...nativeWindow(asked) }, into);
          const slices = naiveSlices(one.histories[place] ?? [], asked.window, count);
          const expected = slices.map(({ min, max, count: known }) => [min, max, known]);
          const found = Array.from({ length: written }, (_, slice) => {
            return into.subarray(5 * slice, 5 * slice + 5);
          });
          expect(found.map(([, min, max, , known]) => [min, max, known])).toEqual(expected);
          const scale = scaleOf(one.histories);
          for (const [slice, { fromMs, mean }] of slices.entries()) {
            const [startMs = 0, , , average = 0] = found[slice] ?? [];
            expect(Math.abs(startMs - wallStartMs - fromMs)).toBeLessThanOrEqual(2e-3);
            expect(Math.abs(average - mean)).toBeLessThanOrEqual(1e-12 * scale);
          }
        }
      }
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('is the same after its samples were taken over into other memory', () => {
    const property = fc.property(historyShapes(700), capacities(500), (shape, capacity) => {
      const first = device(shape, capacity);
      const columns = new core.Columns({ tier: 0, capacity: 2 * capacity });
      columns.catchUp(first.columns);
      // What was gone was not taken over.
      const histories = first.histories.map((one) => one.filter(({ isGone }) => !isGone));
      const taken = [{ columns, histories }];
      expect(compare(taken, questions(shape, endOf(taken), 4))).toEqual([]);
    });
    fc.assert(property, { numRuns: 40 });
  });
});
