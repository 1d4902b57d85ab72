import fc from 'fast-check';
import type { BareSamples } from './bare-core.js';
import type { NaiveSample } from './naive-statistics.js';
import { randomFrom } from './random.js';

/** What a history is made of; everything else follows from the seed. */
export interface HistoryShape {
  readonly seed: number;
  readonly count: number;
  readonly pace: 'steady' | 'jittery' | 'gaps' | 'duplicates';
  /** Share of samples that do not know a metric. */
  readonly unknown: number;
  /** They come one after another. */
  readonly inRuns: boolean;
  /** How long values hold, in periods; 0: not the same for every sample. */
  readonly holdPeriods: number;
}

export function historyShapes(maxCount: number): fc.Arbitrary<HistoryShape> {
  return fc.record({
    seed: fc.integer(),
    count: fc.integer({ min: 0, max: maxCount }),
    pace: fc.constantFrom('steady', 'jittery', 'gaps', 'duplicates'),
    unknown: fc.constantFrom(0, 0.02, 0.5, 0.97, 1),
    inRuns: fc.boolean(),
    holdPeriods: fc.constantFrom(0, 1, 3, Infinity),
  });
}

type Random = () => number;

export const periodUs = 10_000;

/** Microseconds from the start, never decreasing. */
export function timesUs({ count, pace }: HistoryShape, random: Random): Float64Array {
  let now = 0;
  const step = () => {
    switch (pace) {
      case 'steady':
        return periodUs;
      case 'jittery':
        return Math.floor(random() * 2 * periodUs);
      case 'gaps':
        return random() < 0.05 ? Math.floor(random() * 500 * periodUs) : periodUs;
      case 'duplicates':
        return random() < 0.6 ? 0 : Math.floor(random() * 3 * periodUs);
    }
  };
  return Float64Array.from({ length: count }, () => {
    now += step();
    return now;
  });
}

/** Makes the values of one metric: integers, as a driver gives them. */
export type Values = (random: Random) => () => number;

/** Around a level that changes now and then. */
export function walk(minimum: number, maximum: number): Values {
  return (random) => {
    const span = maximum - minimum;
    let level = minimum + Math.floor(random() * span);
    return () => {
      if (random() < 0.01) level = minimum + Math.floor(random() * span);
      const near = level + Math.floor((random() - 0.5) * span * 1e-3);
      return Math.min(maximum, Math.max(minimum, near));
    };
  };
}

/** From end to end, in no order. */
export function anywhere(minimum: number, maximum: number): Values {
  return (random) => () => minimum + Math.floor(random() * (maximum - minimum + 1));
}

/** A few values only, the ends among them. */
export function few(...values: readonly number[]): Values {
  return (random) => () => values[Math.floor(random() * values.length)] ?? 0;
}

/** Grows, and begins anew now and then. */
export function counter(step: number): Values {
  return (random) => {
    let value = 0;
    return () => {
      value = random() < 0.01 ? Math.floor(random() * step) : value + Math.floor(random() * step);
      return value;
    };
  };
}

/** NaN where the sample does not know it. */
export function column(shape: HistoryShape, values: Values, random: Random): Float64Array {
  const { count, unknown, inRuns } = shape;
  const next = values(random);
  let isUnknown = random() < unknown;
  return Float64Array.from({ length: count }, () => {
    if (!inRuns || random() < 0.05) isUnknown = random() < unknown;
    const value = next();
    return isUnknown ? Number.NaN : value;
  });
}

export interface BareMetric {
  /** Index into the metric table. */
  readonly metric: number;
  readonly values: Values;
}

/** As the columns of native code take it. */
export function bareSamples(
  shape: HistoryShape,
  metrics: readonly BareMetric[],
  wallStartUs: number,
): BareSamples {
  const random = randomFrom(shape.seed);
  const monotonicUs = timesUs(shape, random);
  const holdOf = () => {
    if (shape.holdPeriods > 0) return shape.holdPeriods * periodUs;
    return random() < 0.2 ? Infinity : Math.floor(random() * 4 * periodUs);
  };
  const columns = metrics.map(({ values }) => column(shape, values, random));
  const values = new Float64Array(shape.count * metrics.length);
  for (const [place, one] of columns.entries()) values.set(one, place * shape.count);
  return {
    monotonicUs,
    wallUs: monotonicUs.map((us) => us + wallStartUs),
    holdUs: Float64Array.from({ length: shape.count }, holdOf),
    metrics: Float64Array.from(metrics, ({ metric }) => metric),
    values,
  };
}

/**
 * The newest `kept` samples of the place-th metric, and the one before them, which is gone; in
 * public units, times in ms of the start.
 */
export function naiveSamples(
  samples: BareSamples,
  place: number,
  { divisor, kept }: { readonly divisor: number; readonly kept: number },
): readonly NaiveSample[] {
  const { monotonicUs, holdUs, values } = samples;
  const count = monotonicUs.length;
  const all = Array.from(monotonicUs, (us, index) => {
    const raw = values[place * count + index] ?? Number.NaN;
    const value = Number.isNaN(raw) ? undefined : raw / divisor;
    const isGone = index < count - kept;
    return { timeMs: us / 1000, holdMs: (holdUs[index] ?? 0) / 1000, value, isGone };
  });
  return all.slice(Math.max(0, count - kept - 1));
}
