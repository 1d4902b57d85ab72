import type {
  NativeColumn,
  NativeStatisticsRequest,
  NativeWatchedWindow,
  NativeWindow,
} from '../../lib/native-aggregation.js';

export const fakeStatisticsDoubles = 19;
const percentilesAt = fakeStatisticsDoubles;

/** In the order of a native record. */
export interface FakeRecord {
  readonly count?: number;
  readonly unknownCount?: number;
  readonly coveredMs?: number;
  readonly first?: number;
  readonly last?: number;
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
  readonly timeWeightedMean?: number;
  readonly standardDeviation?: number;
  readonly ewma?: number;
  readonly integral?: number;
  readonly increase?: number;
  readonly firstMs?: number;
  readonly lastMs?: number;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly lost?: number;
  readonly grownMs?: number;
  readonly percentiles?: readonly number[];
}

const order = [
  'count',
  'unknownCount',
  'coveredMs',
  'first',
  'last',
  'min',
  'max',
  'mean',
  'timeWeightedMean',
  'standardDeviation',
  'ewma',
  'integral',
  'increase',
  'firstMs',
  'lastMs',
  'fromMs',
  'toMs',
  'lost',
  'grownMs',
] as const satisfies readonly (keyof FakeRecord)[];

const zeroWhenAbsent: readonly string[] = ['count', 'unknownCount', 'coveredMs', 'lost', 'grownMs'];

export function wordsOf(record: FakeRecord, percentiles: number): number[] {
  const head = order.map((key) => record[key] ?? (zeroWhenAbsent.includes(key) ? 0 : Number.NaN));
  const tail = Array.from({ length: percentiles }, (_, at) => {
    return record.percentiles?.[at] ?? Number.NaN;
  });
  return [...head, ...tail];
}

type Asked = NativeStatisticsRequest & {
  readonly rows?: readonly number[];
  readonly metrics?: readonly number[];
  readonly columns?: readonly NativeColumn[];
};

/** What the fake's aggregating calls answer, and what they were asked. */
export class FakeAggregation {
  readonly asked: Asked[] = [];
  readonly windows: FakeWatchedWindow[] = [];
  /** Of a row (of none, when pooled) and a metric. */
  recordOf: (row: number | undefined, metric: number) => FakeRecord = () => ({});
  /** Slices of a downsampled series: start, minimum, maximum, mean, count. */
  slices: readonly (readonly number[])[] = [];
  refusesWindows = false;
  refusesExternal = false;

  aggregate(what: Asked, into: Float64Array): number {
    this.asked.push(what);
    const { rows = [], metrics = [], pooled, percentiles } = what;
    const wholes = pooled ? [undefined] : rows;
    const records = wholes.flatMap((row) => metrics.map((metric) => this.recordOf(row, metric)));
    return write(records, percentiles.length, into);
  }

  aggregateColumns(what: Asked, into: Float64Array): number {
    this.asked.push(what);
    const { columns = [], pooled, percentiles } = what;
    const wholes = pooled ? [undefined] : columns.map((_, place) => place);
    return write(
      wholes.map((place) => this.recordOf(place, 0)),
      percentiles.length,
      into,
    );
  }

  downsample(into: Float64Array): number {
    const written = this.slices.slice(0, into.length / 5);
    for (const [place, slice] of written.entries()) into.set(slice, 5 * place);
    return written.length;
  }

  watchWindow(what: NativeWindow): NativeWatchedWindow | undefined {
    if (this.refusesWindows) return undefined;
    const window = new FakeWatchedWindow(what, this.refusesExternal);
    this.windows.push(window);
    return window;
  }
}

function write(records: readonly FakeRecord[], percentiles: number, into: Float64Array): number {
  const doubles = percentilesAt + percentiles;
  for (const [place, record] of records.entries()) {
    into.set(wordsOf(record, percentiles), place * doubles);
  }
  return records.length;
}

const rowCount = 8;

/** A board of records in JavaScript, written by a test. */
export class FakeWatchedWindow implements NativeWatchedWindow {
  readonly asked: NativeWindow;
  readonly slotWords: number;
  readonly rowWords: number;
  readonly #memory: ArrayBuffer;
  readonly #refusesExternal: boolean;
  reads = 0;
  isClosed = false;

  constructor(asked: NativeWindow, refusesExternal: boolean) {
    this.asked = asked;
    this.slotWords = 1 + percentilesAt + asked.percentiles.length;
    this.rowWords = this.slotWords * asked.metrics.length;
    this.#memory = new ArrayBuffer(8 * rowCount * this.rowWords);
    this.#refusesExternal = refusesExternal;
  }

  publish(row: number, slot: number, record: FakeRecord): void {
    const at = row * this.rowWords + slot * this.slotWords;
    const locks = new BigUint64Array(this.#memory);
    locks[at] = (locks[at] ?? 0n) + 2n;
    const words = wordsOf(record, this.asked.percentiles.length);
    new Float64Array(this.#memory).set(words, at + 1);
  }

  /** Leaves the slot as a writer that is in the middle of it. */
  beginWrite(row: number, slot: number): void {
    const at = row * this.rowWords + slot * this.slotWords;
    const locks = new BigUint64Array(this.#memory);
    locks[at] = (locks[at] ?? 0n) + 1n;
  }

  block(): ArrayBuffer | undefined {
    return this.#refusesExternal ? undefined : this.#memory;
  }

  read(row: number, slot: number, into: Float64Array): boolean {
    this.reads += 1;
    const at = row * this.rowWords + slot * this.slotWords;
    const lock = new BigUint64Array(this.#memory)[at] ?? 0n;
    if (lock === 0n || (lock & 1n) !== 0n) return false;
    into.set(new Float64Array(this.#memory).subarray(at + 1, at + this.slotWords));
    return true;
  }

  close(): void {
    this.isClosed = true;
  }
}
