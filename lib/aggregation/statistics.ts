import type { AnyMetricRow } from '../telemetry/describe.js';
import type { AnyMetricKey } from '../telemetry/metrics.generated.js';
import type { WindowEnds } from './window.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** By percentile: `percentiles[95]`. */
export type PercentileValues = Readonly<Partial<Record<number, number>>>;

/**
 * A metric in a window. Samples that do not know it are counted and left out; where none knows it,
 * `count` is 0 and every other value is absent.
 *
 * Values are held: each counts from its sample to the next one (live: for three periods at most;
 * recorded: for `maxGapMs` at most), the sample before the window for its first part.
 */
export interface MetricStatistics extends WindowEnds {
  readonly metric: AnyMetricKey;
  readonly unit: string;
  /** Samples that know it. */
  readonly count: number;
  /** Samples that do not. */
  readonly unknownCount: number;
  /** 0..1: the part of the window for which a value is held. */
  readonly coverage: number;
  readonly first?: number;
  /** Unix ms: of its sample. */
  readonly firstMs?: number;
  readonly last?: number;
  readonly lastMs?: number;
  readonly min?: number;
  readonly max?: number;
  /** Sum over count. */
  readonly mean?: number;
  /** Each value weighs the time for which it is held. */
  readonly timeWeightedMean?: number;
  /**
   * Of the samples as a population: the square root of the mean of squares less the square of the
   * mean. Live clusters add integers up exactly and divide once; recorded samples are added up with
   * compensation, about their mean.
   */
  readonly standardDeviation?: number;
  /**
   * The exponentially weighted mean at the last known sample, with `ewmaMs` as time constant τ,
   * over irregular times (Eckner, Algorithms for unevenly spaced time series, 2019): y_1 = x_1,
   * y_i = y_{i-1} + (1 - exp(-(t_i - t_{i-1})/τ))·(x_i - y_{i-1}).
   */
  readonly ewma?: number;
  /** Gauges: value times seconds, over the time that is covered. */
  readonly integral?: number;
  /**
   * Counters: how much they grew, from the first sample that knows it to the last; from the known
   * one before, where that is no longer ago when the window begins than a value is held at most,
   * and the first comes later. Where one fell, it began anew at 0. Windows that meet share no
   * growth.
   */
  readonly increase?: number;
  /**
   * Counters: `increase` by the time in which it came about, from the sample at which it begins to
   * the last one that knows the counter. Absent where there is no such time.
   */
  readonly ratePerSecond?: number;
  readonly percentiles: PercentileValues;
  /** Samples that were overwritten while they were read; absent: none. */
  readonly lost?: number;
  /**
   * Of a window that is watched: present, and then true, when a simulated driver made up any of the
   * values. Aggregates say so themselves.
   */
  readonly simulated?: true;
}

/** Words of a native record; native/aggregate/statistics.h. Percentiles follow. */
export const recordWords = {
  count: 0,
  unknownCount: 1,
  coveredMs: 2,
  first: 3,
  last: 4,
  min: 5,
  max: 6,
  mean: 7,
  timeWeightedMean: 8,
  standardDeviation: 9,
  ewma: 10,
  integral: 11,
  increase: 12,
  firstMs: 13,
  lastMs: 14,
  fromMs: 15,
  toMs: 16,
  lost: 17,
  grownMs: 18,
} as const;

const handedOn = [
  'first',
  'firstMs',
  'last',
  'lastMs',
  'min',
  'max',
  'mean',
  'timeWeightedMean',
  'standardDeviation',
  'ewma',
] as const;

/** A record, in doubles. */
export interface NativeRecord {
  readonly words: Float64Array;
  /** Where it begins. */
  readonly at: number;
  /** Where in it percentiles begin. */
  readonly percentilesAt: number;
}

export interface RecordContext {
  readonly metric: AnyMetricRow;
  readonly percentiles: Float64Array;
  /** The window, where it does not follow from samples. */
  readonly ends?: WindowEnds | undefined;
  /** Of the window, of all devices of a pool together; absent: from its ends. */
  readonly lengthMs?: number;
}

export function wordOf({ words, at }: NativeRecord, name: keyof typeof recordWords): number {
  return words[at + recordWords[name]] ?? Number.NaN;
}

/** From first to last sample of the window, where it is given by samples. */
export function endsOf(record: NativeRecord): Required<WindowEnds> | undefined {
  const fromMs = wordOf(record, 'fromMs');
  const toMs = wordOf(record, 'toMs');
  return Number.isNaN(fromMs) || Number.isNaN(toMs) ? undefined : { fromMs, toMs };
}

/** Of a counter, by second; undefined: it is not known at two times. */
export function rateOf(record: NativeRecord): number | undefined {
  const grownMs = wordOf(record, 'grownMs');
  return grownMs > 0 ? (1000 * wordOf(record, 'increase')) / grownMs : undefined;
}

export function lengthOf({ fromMs = 0, toMs = 0 }: WindowEnds = {}): number {
  return toMs - fromMs;
}

/** The record as its reader sees it, not frozen yet. */
export function statisticsOf(
  record: NativeRecord,
  context: RecordContext,
): Mutable<MetricStatistics> {
  const { metric, percentiles } = context;
  const word = (name: keyof typeof recordWords) => wordOf(record, name);
  const count = word('count');
  const ends = context.ends ?? endsOf(record);
  const lengthMs = context.lengthMs ?? lengthOf(ends);
  const statistics: Mutable<MetricStatistics> = {
    metric: metric.key,
    unit: metric.unit,
    count,
    unknownCount: word('unknownCount'),
    coverage: coverageOf(word('coveredMs'), { lengthMs, count }),
    ...ends,
    percentiles: percentilesOf(record, percentiles),
  };
  for (const name of handedOn) {
    const value = word(name);
    if (!Number.isNaN(value)) statistics[name] = value;
  }
  const integral = word('integral');
  if (metric.kind === 'gauge' && !Number.isNaN(integral)) statistics.integral = integral;
  const increase = word('increase');
  if (metric.kind === 'counter' && !Number.isNaN(increase)) {
    statistics.increase = increase;
    const rate = rateOf(record);
    if (rate !== undefined) statistics.ratePerSecond = rate;
  }
  const lost = word('lost');
  if (lost > 0) statistics.lost = lost;
  return statistics;
}

/** A window without length is covered when something was measured in it. */
export function coverageOf(
  coveredMs: number,
  { lengthMs, count }: { readonly lengthMs: number; readonly count: number },
): number {
  if (lengthMs <= 0) return count > 0 ? 1 : 0;
  return Math.min(1, Math.max(0, coveredMs) / lengthMs);
}

function percentilesOf({ words, at, percentilesAt }: NativeRecord, asked: Float64Array) {
  const values: Record<number, number> = {};
  for (const [place, percentile] of asked.entries()) {
    const value = words[at + percentilesAt + place];
    if (value !== undefined && !Number.isNaN(value)) values[percentile] = value;
  }
  return Object.freeze(values);
}
