import {
  type MetricStatistics,
  type NativeRecord,
  recordWords,
  wordOf,
} from '../../lib/aggregation/statistics.js';
import type { NaiveStatistics } from './naive-statistics.js';

/** How far a record may be from the reference. */
export interface Bounds {
  /** The greatest magnitude among the values: sums are right in proportion to it. */
  readonly scale: number;
  readonly relative: number;
  /** Of what weighs by time, where times are not known as exactly as values. Default: as all. */
  readonly held?: number;
  /** Of times, in ms. */
  readonly ms: number;
}

type Name = keyof typeof recordWords & keyof NaiveStatistics;

const exact: readonly Name[] = ['count', 'unknownCount', 'first', 'last', 'min', 'max'];
const times: readonly Name[] = ['coveredMs', 'firstMs', 'lastMs'];

/** Where a native record is not what the reference says; empty: they agree. */
export function disagreements(
  record: NativeRecord,
  expected: NaiveStatistics,
  bounds: Bounds,
): readonly string[] {
  const { scale, relative, ms, held = relative } = bounds;
  const within = (name: Name, tolerance: number) => {
    const [is, should] = [wordOf(record, name), expected[name] ?? Number.NaN];
    const isSame = Object.is(is, should) || is === should || Math.abs(is - should) <= tolerance;
    return isSame ? [] : [`${name}: ${is} instead of ${should} (± ${tolerance})`];
  };
  const heldSeconds = expected.coveredMs / 1000;
  return [
    ...exact.flatMap((name) => within(name, 0)),
    ...times.flatMap((name) => within(name, ms)),
    ...within('mean', relative * scale),
    ...within('timeWeightedMean', held * scale),
    ...within('ewma', held * scale),
    ...within('standardDeviation', relative * scale),
    ...within('integral', held * scale * Math.max(1, heldSeconds)),
    // Of a metric that does not count it is no time; a public answer without a rate does not say.
    ...(expected.increase === undefined || Number.isNaN(wordOf(record, 'grownMs'))
      ? []
      : within('grownMs', ms * Math.max(1, expected.count))),
    ...within('increase', relative * scale * Math.max(1, expected.count)),
    ...percentiles(record, expected),
  ];
}

/** Exactly equal, whatever the bounds. */
function percentiles(record: NativeRecord, expected: NaiveStatistics): readonly string[] {
  return expected.percentiles.flatMap((should = Number.NaN, place) => {
    const is = record.words[record.at + record.percentilesAt + place];
    return Object.is(is, should) || is === should
      ? []
      : [`percentile ${place}: ${is} instead of ${should}`];
  });
}

/** A public answer as the record that it was made of. */
export function recordOf(statistics: MetricStatistics, asked: readonly number[]): NativeRecord {
  const { coverage, fromMs = 0, toMs = 0, percentiles } = statistics;
  const { increase = 0, ratePerSecond = 0 } = statistics;
  const named: { readonly [name: string]: unknown } = {
    ...statistics,
    coveredMs: coverage * (toMs - fromMs),
    ...(ratePerSecond > 0 && { grownMs: (1000 * increase) / ratePerSecond }),
  };
  const head = Object.keys(recordWords).map((name) => Number(named[name] ?? Number.NaN));
  const tail = asked.map((percentile) => percentiles[percentile] ?? Number.NaN);
  return { words: Float64Array.of(...head, ...tail), at: 0, percentilesAt: head.length };
}
