import type { NativeColumn } from '../native-aggregation.js';
import { type MetricKey, metricTable } from './metrics.generated.js';
import { MetricColumns, type Reading } from './recording.generated.js';
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
  readonly #maxHistory: number;
  #capacity: number;
  #times: Float64Array;
  /** NaN everywhere: stands for the column of each metric that was never known. */
  #unknown: Float64Array;
  readonly #metrics: MetricColumns;
  /** Bit m: metric m has a column of its own. */
  #known = 0;
  /** 1: a simulated driver made the sample up. Absent while none did. */
  #marks: Uint8Array | undefined;
  #oldest = 0;
  #count = 0;
  #latest: GPUMetrics | undefined;
  #latestMs = -Infinity;
  #version = 0;

  constructor(deviceId: string, maxHistory: number) {
    this.deviceId = deviceId;
    this.#maxHistory = maxHistory;
    this.#capacity = Math.min(leastCapacity, maxHistory);
    this.#times = new Float64Array(this.#capacity);
    this.#unknown = new Float64Array(this.#capacity).fill(NaN);
    this.#metrics = new MetricColumns(this.#unknown);
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
    const values = this.#metrics[metric];
    return { times: this.#times, values, oldest: this.#oldest, count: this.#count };
  }

  /** The latest sample, made once; undefined: there is none. */
  latest(): GPUMetrics | undefined {
    if (this.#count > 0) this.#latest ??= this.#sample(this.#place(this.#count - 1));
    return this.#latest;
  }

  /** Oldest first. */
  history(): GPUMetrics[] {
    const latest = this.latest();
    if (latest === undefined) return [];
    const older = Array.from({ length: this.#count - 1 }, (_, index) => {
      return this.#sample(this.#place(index));
    });
    return [...older, latest];
  }

  /** REQUIRES: the sample is not before `latestMs`. */
  add({ timestampMs, values, known, simulated }: Reading): void {
    if (this.#count === this.#capacity) this.#makeRoomFor(1);
    if ((known & ~this.#known) !== 0) this.#allocate(known);
    const at = this.#place(this.#count);
    this.#times[at] = timestampMs;
    this.#metrics.put(at, values);
    if (this.#marks !== undefined || simulated) this.#mark(at, simulated ? 1 : 0);
    this.#moveOn(1, timestampMs);
  }

  /** REQUIRES: times do not decrease, and none is before `latestMs`. */
  addMany({ times, values, simulated }: SampleBatch): void {
    const kept = Math.min(times.length, this.#maxHistory);
    if (kept === 0) return;
    this.#makeRoomFor(kept);
    this.#allocate(keys.reduce((bits, key, bit) => bits | (values.has(key) ? 1 << bit : 0), 0));
    const at = this.#place(this.#count);
    const newest = times.subarray(-kept);
    setAround(this.#times, newest, at);
    for (const [bit, key] of keys.entries()) {
      if (!this.#isKnown(bit)) continue;
      const column = values.get(key)?.subarray(-kept);
      if (column === undefined) fillAround(this.#metrics[key], NaN, { at, length: kept });
      else setAround(this.#metrics[key], column, at);
    }
    if (this.#marks !== undefined || simulated) {
      this.#marks ??= new Uint8Array(this.#capacity);
      fillAround(this.#marks, simulated ? 1 : 0, { at, length: kept });
    }
    this.#moveOn(kept, newest[kept - 1] as number);
  }

  /** Where the sample of that index lies; the next one lies at the index `count`. */
  #place(index: number): number {
    const at = this.#oldest + index;
    return at < this.#capacity ? at : at - this.#capacity;
  }

  #moveOn(added: number, latestMs: number): void {
    const overwritten = Math.max(0, this.#count + added - this.#capacity);
    this.#oldest = this.#place(overwritten);
    this.#count += added - overwritten;
    this.#latestMs = latestMs;
    this.#latest = undefined;
    this.#version += 1;
  }

  #mark(at: number, mark: 0 | 1): void {
    this.#marks ??= new Uint8Array(this.#capacity);
    this.#marks[at] = mark;
  }

  /** Grows while the ring may. What cannot be allocated changes nothing. */
  #makeRoomFor(added: number): void {
    const wanted = Math.min(this.#count + added, this.#maxHistory);
    if (wanted <= this.#capacity) return;
    const capacity = Math.min(Math.max(2 * this.#capacity, wanted), this.#maxHistory);
    const times = grown(this.#times, capacity);
    const unknown = new Float64Array(capacity).fill(NaN);
    const columns = keys.map((key, bit) => {
      return this.#isKnown(bit) ? grown(this.#metrics[key], capacity) : unknown;
    });
    const marks = this.#marks && new Uint8Array(capacity);
    marks?.set(this.#marks ?? []);
    this.#capacity = capacity;
    this.#times = times;
    this.#unknown = unknown;
    this.#marks = marks;
    for (const [bit, key] of keys.entries()) this.#metrics[key] = columns[bit] ?? unknown;
  }

  /** Gives the metrics of these bits columns of their own. */
  #allocate(known: number): void {
    for (const [bit, key] of keys.entries()) {
      if ((known & (1 << bit)) === 0 || this.#isKnown(bit)) continue;
      this.#metrics[key] = this.#unknown.slice();
      this.#known |= 1 << bit;
    }
  }

  #isKnown(bit: number): boolean {
    return (this.#known & (1 << bit)) !== 0;
  }

  #sample(at: number): GPUMetrics {
    const timestampMs = this.#times[at] as number;
    const sample: Mutable<GPUMetrics> = { deviceId: this.deviceId, timestampMs };
    this.#metrics.take(at, sample);
    if (this.#marks?.[at] === 1) sample.simulated = true;
    return Object.freeze(sample);
  }
}

/** A longer copy. REQUIRES: the ring never wrapped. */
function grown(column: Float64Array, capacity: number): Float64Array {
  const longer = new Float64Array(capacity);
  longer.set(column);
  return longer;
}

/** Writes from `at` on, and from the start where the end is met. */
function setAround(column: Float64Array, values: Float64Array, at: number): void {
  const untilEnd = column.length - at;
  column.set(values.subarray(0, untilEnd), at);
  column.set(values.subarray(untilEnd));
}

function fillAround(
  column: Float64Array | Uint8Array,
  value: number,
  { at, length }: { readonly at: number; readonly length: number },
): void {
  column.fill(value, at, at + length);
  column.fill(value, 0, Math.max(0, at + length - column.length));
}
