import type { NativeColumn } from '../native-aggregation.js';
import { type MetricKey, metricTable } from './metrics.generated.js';
import { ColumnStarts, type Reading } from './recording.generated.js';
import type { GPUMetrics } from './sample.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const leastCapacity = 16;

const keys: readonly MetricKey[] = metricTable.map(({ key }) => key);

/** Samples of one device that are stored together. Checked; nobody changes them meanwhile. */
export interface SampleBatch {
  readonly times: Float64Array;
  /** Each as long as `times`, NaN for unknown. A metric that has none is unknown. */
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
   * All columns, one after another, of `#capacity` cells each: times; one that is NaN throughout
   * and stands for every metric that was never known; those of `#metrics`. NaN is unknown.
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

  constructor(deviceId: string, maxHistory: number) {
    this.deviceId = deviceId;
    this.#maxHistory = maxHistory;
    this.#capacity = Math.min(leastCapacity, maxHistory);
    this.#cells = new Float64Array(2 * this.#capacity).fill(NaN);
    this.#starts = new ColumnStarts(this.#capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** Changes with every record. */
  get version(): number {
    return this.#version;
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

  /** Oldest first. */
  history(): GPUMetrics[] {
    const latest = this.latest();
    if (latest === undefined) return [];
    const older = Array.from({ length: this.#count - 1 }, (_, index) => this.#sample(index));
    return [...older, latest];
  }

  /** REQUIRES: the sample is not before `latestMs`. */
  add({ timestampMs, values, known, simulated }: Reading): void {
    if (this.#count === this.#capacity && this.#capacity < this.#maxHistory) this.#makeRoomFor(1);
    if ((known & ~this.#known) !== 0) this.#addColumns(known);
    const at = this.#end;
    this.#cells[at] = timestampMs;
    this.#starts.put(this.#cells, at, values);
    if (this.#marks !== undefined || simulated) this.#mark(simulated, { at, length: 1 });
    if (this.#count < this.#capacity) this.#count = at + 1;
    this.#end = at + 1 === this.#capacity ? 0 : at + 1;
    this.#moveOn(timestampMs);
  }

  /** REQUIRES: times do not decrease, and none is before `latestMs`. */
  addMany({ times, values, simulated }: SampleBatch): void {
    const length = Math.min(times.length, this.#maxHistory);
    if (length === 0) return;
    this.#makeRoomFor(length);
    this.#addColumns(keys.reduce((bits, key, bit) => bits | (values.has(key) ? 1 << bit : 0), 0));
    const at = this.#end;
    const newest = times.subarray(-length);
    setAround(this.#view(0), newest, at);
    for (const metric of this.#metrics) {
      const column = this.#view(this.#starts[metric]);
      const given = values.get(metric);
      if (given !== undefined) setAround(column, given.subarray(-length), at);
      else fillAround(column, NaN, { at, length });
    }
    if (this.#marks !== undefined || simulated) this.#mark(simulated, { at, length });
    this.#count = Math.min(this.#count + length, this.#capacity);
    this.#end = (at + length) % this.#capacity;
    this.#moveOn(newest[length - 1] as number);
  }

  get #oldest(): number {
    return this.#count < this.#capacity ? 0 : this.#end;
  }

  #moveOn(latestMs: number): void {
    this.#latestMs = latestMs;
    this.#latest = undefined;
    this.#version += 1;
  }

  #mark(simulated: boolean, range: Range): void {
    this.#marks ??= new Uint8Array(this.#capacity);
    fillAround(this.#marks, simulated ? 1 : 0, range);
  }

  /** Grows while the ring may. What cannot be allocated changes nothing. */
  #makeRoomFor(added: number): void {
    const wanted = Math.min(this.#count + added, this.#maxHistory);
    if (wanted <= this.#capacity) return;
    const capacity = Math.min(Math.max(2 * this.#capacity, wanted), this.#maxHistory);
    const marks = this.#marks && new Uint8Array(capacity);
    marks?.set(this.#marks ?? []);
    this.#layOut(capacity, this.#metrics);
    this.#marks = marks;
    this.#end = this.#count;
  }

  /** Gives the metrics of these bits columns of their own, where they have none. */
  #addColumns(bits: number): void {
    const added = keys.filter((_, bit) => (bits & ~this.#known & (1 << bit)) !== 0);
    if (added.length > 0) this.#layOut(this.#capacity, [...this.#metrics, ...added]);
    this.#known |= bits;
  }

  /** Moves to new cells. REQUIRES: where the capacity is a new one, the ring never wrapped. */
  #layOut(capacity: number, metrics: readonly MetricKey[]): void {
    const cells = new Float64Array((2 + metrics.length) * capacity).fill(NaN);
    const starts = new ColumnStarts(capacity);
    cells.set(this.#view(0));
    for (const [index, metric] of metrics.entries()) {
      starts[metric] = (2 + index) * capacity;
      cells.set(this.#view(this.#starts[metric]), starts[metric]);
    }
    this.#cells = cells;
    this.#starts = starts;
    this.#metrics = metrics;
    this.#capacity = capacity;
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

/** Writes from `at` on, and from the start where the end is met. */
function setAround(column: Float64Array, values: Float64Array, at: number): void {
  const untilEnd = column.length - at;
  column.set(values.subarray(0, untilEnd), at);
  column.set(values.subarray(untilEnd));
}

function fillAround(column: Float64Array | Uint8Array, value: number, range: Range): void {
  const { at, length } = range;
  column.fill(value, at, at + length);
  column.fill(value, 0, Math.max(0, at + length - column.length));
}
