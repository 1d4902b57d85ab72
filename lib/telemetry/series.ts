import { readNumber, readOptions } from '../arguments.js';
import { rangeError } from '../errors.js';
import type { NativeSession } from '../native.js';
import { type AnyMetricRow, readMetricName } from './describe.js';
import { type MetricKey, metricTable } from './metrics.generated.js';

export interface SeriesOptions {
  /** The first sequence that is wanted: `next` of the series before. Default: all that is there. */
  readonly from?: number;
  /** Only the newest ones, at most so many. */
  readonly last?: number;
}

/** What the driver measured, each value at its own time, oldest first. */
export interface MetricSeries {
  readonly deviceId: string;
  readonly metric: MetricKey;
  readonly unit: string;
  /** Unix. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** 1: a snapshot of ours stood in, because the driver's buffer had nothing. */
  readonly polled: Uint8Array;
  /** Where to go on: `from` of the next call. */
  readonly next: number;
  /** Measurements from `from` on that were overwritten before they were read. */
  readonly lost: number;
  readonly simulated?: true;
}

export interface CheckedSeriesOptions {
  readonly from: number | undefined;
  readonly last: number;
}

/** @throws TypeError, RangeError naming the option */
export function readSeriesOptions(value: unknown): CheckedSeriesOptions {
  const options = readOptions(value, ['from', 'last']);
  const number = (key: 'from' | 'last') => {
    const given = options.get(key);
    if (given === undefined) return undefined;
    return readNumber(given, `options.${key}`, { minimum: 1, integer: true });
  };
  return { from: number('from'), last: number('last') ?? Number.POSITIVE_INFINITY };
}

type BufferedRow = AnyMetricRow & { readonly key: MetricKey };

const buffered: readonly string[] = metricTable.filter((row) => row.buffered).map(({ key }) => key);

/** @throws RangeError ERR_GPU_UNKNOWN_METRIC: no metric, or one without a buffer of the driver's */
export function readSeriesMetric(name: unknown, what: string): BufferedRow {
  const row = readMetricName(name, what);
  const isBuffered = (one: AnyMetricRow): one is BufferedRow => buffered.includes(one.key);
  if (isBuffered(row)) return row;
  const message = `${what}: expected one of ${buffered.join(', ')}, got ${row.key}`;
  throw rangeError('ERR_GPU_UNKNOWN_METRIC', message);
}

type SeriesPart = Pick<MetricSeries, 'timestampsMs' | 'values' | 'polled' | 'next' | 'lost'>;

/** Of a device whose driver measured nothing, or that has none. */
export function emptySeries({ from = 1 }: CheckedSeriesOptions): SeriesPart {
  return {
    timestampsMs: new Float64Array(),
    values: new Float64Array(),
    polled: new Uint8Array(),
    next: from,
    lost: 0,
  };
}

/** Doubles of a record: sequence, Unix ms, value, polled. */
const recordDoubles = 4;
const pageRecords = 4096;

/** `place`: the device's row, and the series by its index in `NativeModule.seriesMetrics`. */
export function readSeries(
  session: NativeSession,
  place: { readonly row: number; readonly which: number },
  { from, last }: CheckedSeriesOptions,
): SeriesPart {
  const timestampsMs: number[] = [];
  const values: number[] = [];
  const polled: number[] = [];
  let next = from ?? 1;
  let lost = 0;
  const page = new Float64Array(recordDoubles * pageRecords);
  let count = pageRecords;
  while (count === pageRecords) {
    count = session.readSeries({ ...place, from: next }, page);
    for (let at = 0; at < recordDoubles * count; at += recordDoubles) {
      const [sequence = next, timestampMs = 0, value = 0, stoodIn = 0] = page.subarray(at, at + 4);
      // What went before the first question was nobody's loss.
      if (from !== undefined || values.length > 0) lost += sequence - next;
      next = sequence + 1;
      timestampsMs.push(timestampMs);
      values.push(value);
      polled.push(stoodIn);
    }
  }
  return {
    timestampsMs: Float64Array.from(timestampsMs.slice(-last)),
    values: Float64Array.from(values.slice(-last)),
    polled: Uint8Array.from(polled.slice(-last)),
    next,
    lost,
  };
}
