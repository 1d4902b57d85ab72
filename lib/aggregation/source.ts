import type { AnyMetricRow } from '../telemetry/describe.js';
import { type NativeRecord, recordWords } from './statistics.js';
import type { WatchedWindow, WindowToWatch } from './watched-window.js';
import type { CheckedWindow, NativeWindowBounds } from './window.js';

/** What is asked of several devices at once. */
export interface RecordQuery {
  readonly devices: readonly string[];
  readonly metrics: readonly AnyMetricRow[];
  readonly bounds: NativeWindowBounds;
  readonly percentiles: Float64Array;
  readonly linear: boolean;
  /** 0: none. */
  readonly ewmaMs: number;
  /** All samples of all devices as one. */
  readonly pooled: boolean;
}

/** The answer: by place of the device (0 where pooled) and of the metric in the question. */
export type Records = (device: number, metric: number) => NativeRecord;

/** Where statistics come from: the sampler's index over its rings, or recorded columns. */
export interface StatisticsSource {
  /** How many percentiles one question may have. */
  readonly mostPercentiles: number;
  bounds(window: CheckedWindow): NativeWindowBounds;
  records(query: RecordQuery): Records;
  /** Slices of a window, five doubles each: Unix ms, minimum, maximum, mean, count. How many. */
  slices(question: SliceQuestion, into: Float64Array): number;
  watch(window: WindowToWatch): WatchedWindow;
  /** Samples of these devices come of a simulated driver, some of them at least. */
  isSimulated(devices: readonly string[]): boolean;
}

export interface SliceQuestion {
  readonly deviceId: string;
  readonly metric: AnyMetricRow;
  readonly bounds: NativeWindowBounds;
}

/** Room for records, and where each is. */
export class RecordRoom {
  readonly words: Float64Array;
  readonly #doubles: number;
  readonly #percentilesAt: number;

  constructor(count: number, query: Pick<RecordQuery, 'percentiles'>, statisticsDoubles: number) {
    this.#percentilesAt = statisticsDoubles;
    this.#doubles = statisticsDoubles + query.percentiles.length;
    this.words = new Float64Array(count * this.#doubles);
  }

  at(place: number): NativeRecord {
    const at = place * this.#doubles;
    return { words: this.words, at, percentilesAt: this.#percentilesAt };
  }

  /** The part that is written from a record on. */
  from(place: number): Float64Array {
    return this.words.subarray(place * this.#doubles);
  }
}

const zeroWhereNothing: readonly number[] = [
  recordWords.count,
  recordWords.unknownCount,
  recordWords.coveredMs,
  recordWords.lost,
  recordWords.grownMs,
];

/** Of a device that has no samples. */
export function emptyRecord({ percentiles }: Pick<RecordQuery, 'percentiles'>): NativeRecord {
  const percentilesAt = Object.keys(recordWords).length;
  const words = new Float64Array(percentilesAt + percentiles.length).fill(Number.NaN);
  for (const word of zeroWhereNothing) words[word] = 0;
  return { words, at: 0, percentilesAt };
}
