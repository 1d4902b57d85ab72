import type { NativeColumn } from '../native-aggregation.js';
import type { ChangeList } from './change-list.js';
import { type MetricKey, metricTable } from './metrics.generated.js';
import { ColumnStarts, type Reading } from './recording.generated.js';
import type { GPUMetrics } from './sample.js';
import { partOf } from './typed-array.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const leastCapacity = 16;

const keys: readonly MetricKey[] = metricTable.map(({ key }) => key);

/** Samples of one device that are stored together. Checked; nobody changes them meanwhile. */
export interface SampleBatch {
  readonly length: number;
  readonly times: Float64Array;
  /** NaN for unknown. A metric that has none is unknown in all of them. */
  readonly values: ReadonlyMap<MetricKey, Float64Array>;
  readonly simulated: boolean;
}

/**
 * The samples of one device: a ring of columns, one of times and one for each metric that was ever
 * known. It grows up to its capacity and then overwrites the oldest; nothing is ever shifted.
 */
export class SampleColumns {
  readonly deviceId: string;
  /** The store's guess whose sample comes after one of this device. */
  next: SampleColumns = this;
  readonly #maxHistory: number;
  #capacity: number;
  /**
   * All columns, one after another, of `#capacity` cells each: times; one that stands for every
   * metric that was never known; those of `#metrics`. NaN is unknown.
   */
  #cells: Float64Array;
  #starts: ColumnStarts;
  #metrics: readonly MetricKey[] = [];
  /** Bit m: metric m has a column of its own. */
  #known = 0;
  /** 1: a simulated driver made the sample up. Absent while none did. */
  #marks: Uint8Array | undefined;
  #count = 0;
  /** Where the next sample goes; in a full ring the oldest lies there, else that lies at 0. */
  #end = 0;
  #latest: GPUMetrics | undefined;
  #latestMs = -Infinity;
  #version = 0;
  #total = 0;
  readonly #changes: ChangeList<SampleColumns> | undefined;
  /** Of `#changes`, when this was added last. */
  #turn = 0;
  /** For whoever takes the changes: where the device has its place with them. */
  place = -1;

  constructor(deviceId: string, maxHistory: number, changes?: ChangeList<SampleColumns>) {
    this.deviceId = deviceId;
    this.#maxHistory = maxHistory;
    this.#changes = changes;
    this.#capacity = Math.min(leastCapacity, maxHistory);
    this.#cells = new Float64Array(2 * this.#capacity);
    this.#starts = new ColumnStarts(this.#capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** Changes with every record. */
  get version(): number {
    return this.#version;
  }

  /** Ever recorded, those that are kept no more included. */
  get total(): number {
    return this.#total;
  }

  /** Time of the latest sample; -Infinity: there is none. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** A simulated driver made up one of the samples at least. */
  get simulated(): boolean {
    return this.#marks?.includes(1) === true;
  }

  /** The metric's ring itself, to be read only, and only until the next record. */
  column(metric: MetricKey): NativeColumn {
    const times = this.#view(0);
    const values = this.#view(this.#starts[metric]);
    return { times, values, oldest: this.#oldest, count: this.#count };
  }

  /** The latest sample, made once; undefined: there is none. */
  latest(): GPUMetrics | undefined {
    if (this.#count > 0) this.#latest ??= this.#sample(this.#count - 1);
    return this.#latest;
  }

  /**
   * The latest sample into the cells of SensedValues. True where those that move on a device that
   * works (`movingKeys`) are as they were. REQUIRES: there is a sample.
   */
  sense(cells: Float64Array): boolean {
    const from = this.#cells;
    const at = this.#placeBefore(0);
    const { computeUtilizationPercent, memoryUsedBytes, powerWatts } = this.#starts;
    const { temperatureCelsius, clockRateMhz, memoryTotalBytes, memoryFreeBytes } = this.#starts;
    const busy = from[computeUtilizationPercent + at] as number;
    const used = from[memoryUsedBytes + at] as number;
    const power = from[powerWatts + at] as number;
    const heat = from[temperatureCelsius + at] as number;
    const clock = from[clockRateMhz + at] as number;
    const isSame =
      Object.is(cells[0], busy) &&
      Object.is(cells[1], used) &&
      Object.is(cells[2], power) &&
      Object.is(cells[3], heat) &&
      Object.is(cells[4], clock);
    cells[0] = busy;
    cells[1] = used;
    cells[2] = power;
    cells[3] = heat;
    cells[4] = clock;
    cells[5] = from[memoryTotalBytes + at] as number;
    cells[6] = from[memoryFreeBytes + at] as number;
    return isSame;
  }

  /** How many of the latest, at most `limit`, have the latest's values in these metrics. */
  unchanged(metrics: readonly MetricKey[], limit: number): number {
    const most = Math.min(limit, this.#count);
    const starts = metrics.map((metric) => this.#starts[metric]);
    const latest = this.#placeBefore(0);
    for (let count = 1; count < most; count++) {
      const at = this.#placeBefore(count);
      const isSame = (start: number) =>
        Object.is(this.#cells[start + at], this.#cells[start + latest]);
      if (!starts.every(isSame)) return count;
    }
    return most;
  }

  /** Time of the sample so many before the latest. REQUIRES: it is kept. */
  timeBefore(count: number): number {
    return this.#cells[this.#placeBefore(count)] as number;
  }

  /** Oldest first. */
  history(): GPUMetrics[] {
    const latest = this.latest();
    if (latest === undefined) return [];
    const older = Array.from({ length: this.#count - 1 }, (_, index) => this.#sample(index));
    return [...older, latest];
  }

  /** REQUIRES: the sample is not before `latestMs`. */
  add({ timestampMs, values, known, simulated }: Reading): void {
    if (this.#count === this.#capacity && this.#capacity < this.#maxHistory) this.#grow(1);
    if ((known & ~this.#known) !== 0) this.#layOut(this.#capacity, known);
    const at = this.#end;
    this.#cells[at] = timestampMs;
    this.#starts.put(this.#cells, at, values);
    if (this.#marks !== undefined || simulated) this.#mark(simulated, { at, length: 1 });
    if (this.#count < this.#capacity) this.#count = at + 1;
    this.#end = at + 1 === this.#capacity ? 0 : at + 1;
    this.#moveOn(timestampMs, 1);
  }

  /** REQUIRES: not empty; times do not decrease, and none is before `latestMs`. */
  addMany({ length: given, times, values, simulated }: SampleBatch): void {
    const length = Math.min(given, this.#maxHistory);
    let known = 0;
    for (const [bit, key] of keys.entries()) if (values.has(key)) known |= 1 << bit;
    if (this.#count + length > this.#capacity) this.#grow(length, known);
    if ((known & ~this.#known) !== 0) this.#layOut(this.#capacity, known);
    const range = { at: this.#end, from: given - length, length };
    this.#write(0, times, range);
    this.#write(this.#capacity, undefined, range);
    for (const metric of this.#metrics) {
      this.#write(this.#starts[metric], values.get(metric), range);
    }
    if (this.#marks !== undefined || simulated) this.#mark(simulated, range);
    this.#count = Math.min(this.#count + length, this.#capacity);
    this.#end = (range.at + length) % this.#capacity;
    this.#moveOn(times[given - 1] as number, given);
  }

  /** Writes into the column that starts there; undefined: unknown values. */
  #write(start: number, values: Float64Array | undefined, { at, from, length }: Transfer): void {
    const cells = this.#cells;
    const untilEnd = Math.min(length, this.#capacity - at);
    if (values === undefined) {
      cells.fill(NaN, start + at, start + at + untilEnd);
      cells.fill(NaN, start, start + length - untilEnd);
    } else if (untilEnd === length && from === 0) {
      cells.set(values, start + at);
    } else {
      cells.set(partOf(values, from, from + untilEnd), start + at);
      cells.set(partOf(values, from + untilEnd, from + length), start);
    }
  }

  get #oldest(): number {
    return this.#count < this.#capacity ? 0 : this.#end;
  }

  /** Where the sample so many before the latest lies. */
  #placeBefore(count: number): number {
    const at = this.#end - 1 - count;
    return at < 0 ? at + this.#capacity : at;
  }

  #moveOn(latestMs: number, added: number): void {
    this.#latestMs = latestMs;
    this.#latest = undefined;
    this.#version += 1;
    this.#total += added;
    const changes = this.#changes;
    if (changes === undefined || this.#turn === changes.turn) return;
    this.#turn = changes.turn;
    changes.add(this);
  }

  #mark(simulated: boolean, { at, length }: Range): void {
    const marks = this.#marks ?? new Uint8Array(this.#capacity);
    const mark = simulated ? 1 : 0;
    marks.fill(mark, at, at + length);
    marks.fill(mark, 0, Math.max(0, at + length - this.#capacity));
    this.#marks = marks;
  }

  /** Makes room for so many, as far as the ring may grow, and for metrics by their bits. */
  #grow(added: number, known = 0): void {
    const wanted = Math.min(this.#count + added, this.#maxHistory);
    if (wanted <= this.#capacity) return;
    const capacity = Math.min(Math.max(2 * this.#capacity, wanted), this.#maxHistory);
    const marks = this.#marks && new Uint8Array(capacity);
    marks?.set(this.#marks ?? []);
    this.#layOut(capacity, known);
    this.#marks = marks;
    this.#end = this.#count;
  }

  /**
   * Moves to new cells, with columns for the metrics of these bits too. What cannot be allocated
   * changes nothing. REQUIRES: where the capacity is another, the ring never wrapped.
   */
  #layOut(capacity: number, known: number): void {
    const added = keys.filter((_, bit) => (known & ~this.#known & (1 << bit)) !== 0);
    const metrics = [...this.#metrics, ...added];
    // Beyond `#count` cells are 0, and nobody looks.
    const cells = new Float64Array((2 + metrics.length) * capacity);
    const starts = new ColumnStarts(capacity);
    cells.set(this.#column(0));
    cells.fill(NaN, capacity, capacity + this.#count);
    for (const [index, metric] of metrics.entries()) {
      starts[metric] = (2 + index) * capacity;
      cells.set(this.#column(this.#starts[metric]), starts[metric]);
    }
    this.#cells = cells;
    this.#starts = starts;
    this.#metrics = metrics;
    this.#known |= known;
    this.#capacity = capacity;
  }

  /** As far as it is filled. */
  #column(start: number): Float64Array {
    return this.#cells.subarray(start, start + this.#count);
  }

  #view(start: number): Float64Array {
    return this.#cells.subarray(start, start + this.#capacity);
  }

  /** The index counts from the oldest on. */
  #sample(index: number): GPUMetrics {
    const at = (this.#oldest + index) % this.#capacity;
    const timestampMs = this.#cells[at] as number;
    const sample: Mutable<GPUMetrics> = { deviceId: this.deviceId, timestampMs };
    this.#starts.take(this.#cells, at, sample);
    if (this.#marks?.[at] === 1) sample.simulated = true;
    return Object.freeze(sample);
  }
}

interface Range {
  readonly at: number;
  readonly length: number;
}

interface Transfer extends Range {
  /** Of the samples that are given. */
  readonly from: number;
}
