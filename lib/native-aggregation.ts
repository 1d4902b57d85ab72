// What the addon offers to aggregate with; native/aggregate/statistics.h has the meaning.

/** A window of samples, and what is asked of it. */
export interface NativeStatisticsRequest {
  /** Index into `NativeStatistics.windowKinds`. */
  readonly by: number;
  /** Milliseconds of that clock, both ends count. Of kind `last`: how many samples, and 0. */
  readonly from: number;
  readonly to: number;
  /** At most `mostPercentiles`, each 0..100. */
  readonly percentiles: Float64Array;
  /** Between two samples percentiles are interpolated; else they are nearest ranks. */
  readonly linear: boolean;
  /** Time constant; 0: none is asked for. */
  readonly ewmaMs: number;
  /** All rows, or columns, as one. */
  readonly pooled: boolean;
}

/**
 * Records are `statisticsDoubles` doubles and one for each percentile; NaN is absent: count,
 * unknown count, covered ms, first, last, minimum, maximum, mean, time-weighted mean, standard
 * deviation, EWMA, integral (unit times seconds), increase, Unix ms of first and last, Unix ms of
 * the window's ends, samples lost while it was read, ms in which the increase came about.
 */
export interface NativeAggregating {
  /** Writes a record for each row (one when pooled) and in it for each metric; how many. */
  aggregate(
    what: NativeStatisticsRequest & {
      readonly rows: readonly number[];
      /** Indices into `metricKeys`. */
      readonly metrics: readonly number[];
    },
    into: Float64Array,
  ): number;
  /**
   * Cuts the window into `into.length / 5` equal slices and writes those with data, five doubles
   * each: Unix ms of its start, minimum, maximum, mean, count. Returns how many.
   */
  downsample(
    what: {
      readonly row: number;
      readonly metric: number;
      readonly by: number;
      readonly from: number;
      readonly to: number;
    },
    into: Float64Array,
  ): number;
  /** Keeps a window up to date for all rows; undefined: no memory, or the session does not run. */
  watchWindow(what: NativeWindow): NativeWatchedWindow | undefined;
}

/** A window that ends at each device's newest sample. */
export interface NativeWindow {
  /** Indices into `metricKeys`. */
  readonly metrics: readonly number[];
  readonly windowMs: number;
  readonly percentiles: Float64Array;
  readonly linear: boolean;
  readonly ewmaMs: number;
}

/**
 * Slot m of a row is of the m-th metric. It starts at word `row * rowWords + m * slotWords` with a
 * lock word as the published block's rows have, and a record follows.
 */
export interface NativeWatchedWindow {
  readonly slotWords: number;
  readonly rowWords: number;
  /** Undefined where external memory is refused (Electron). */
  block(): ArrayBuffer | undefined;
  /** For where it is: copies the record. False: never written, or the writer was in the way. */
  read(row: number, slot: number, into: Float64Array): boolean;
  close(): void;
}

/** A ring of samples: the i-th is at `(oldest + i) % values.length`. NaN is unknown. */
export interface NativeColumn {
  /** Unix ms, never decreasing. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly oldest: number;
  readonly count: number;
}

export interface NativeColumnsToCheck {
  readonly columns: readonly {
    readonly values: Float64Array;
    /** 1: known; absent: all are. */
    readonly known?: Uint8Array;
  }[];
  /** Four a column: minimum, maximum, 1 where it must be above the minimum, 1 where whole. */
  readonly rules: Float64Array;
  /** No time may be before this; -Infinity: none is. */
  readonly afterMs: number;
  /** Columns of memory used and total, where one may not be above the other; -1: none. */
  readonly used: number;
  readonly total: number;
}

/** The first sample that is wrong; in one: its time, the columns, then used above total. */
export interface NativeColumnFault {
  /** -1: the times. */
  readonly column: number;
  readonly position: number;
  readonly reason: 'not-finite' | 'range' | 'integer' | 'order' | 'used-above-total';
}

export type NumberArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

export interface NativeStatistics {
  /** 'wall', 'monotonic', 'last'. */
  readonly windowKinds: readonly string[];
  readonly statisticsDoubles: number;
  readonly mostPercentiles: number;
  /** Of kind `wall` or `last`. Writes a record for each column, or one when pooled; how many. */
  aggregateColumns(
    columns: readonly NativeColumn[],
    what: NativeStatisticsRequest & {
      /** How long a value holds, at most; Infinity: until the next sample. */
      readonly maxGapMs: number;
      readonly counter: boolean;
    },
    into: Float64Array,
  ): number;
  /** As `NativeAggregating.downsample`. */
  downsampleColumn(
    column: NativeColumn,
    what: { readonly from: number; readonly to: number },
    into: Float64Array,
  ): number;
  /** Undefined: nothing is wrong. */
  checkColumns(times: Float64Array, what: NativeColumnsToCheck): NativeColumnFault | undefined;
  /** Writes count, minimum, maximum, mean, standard deviation and the percentiles; how many. */
  summarize(
    values: NumberArray,
    what: { readonly percentiles: Float64Array; readonly linear: boolean },
    into: Float64Array,
  ): number;
}
