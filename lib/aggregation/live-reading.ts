import type { NativeWatchedWindow } from '../native-aggregation.js';
import type { LiveDevices } from '../telemetry/live-devices.js';
import { copyLocked, type Words, words } from '../telemetry/locked-words.js';
import { endsOf, type MetricStatistics, statisticsOf } from './statistics.js';
import type { WindowToWatch } from './watched-window.js';

/** The memory in which the sampler keeps a window up to date. */
export class WindowBoard {
  readonly native: NativeWatchedWindow;
  readonly devices: LiveDevices;
  readonly slotWords: number;
  readonly #rowWords: number;
  /** Undefined where external memory is refused. */
  readonly halves: Int32Array | undefined;

  constructor(native: NativeWatchedWindow, devices: LiveDevices) {
    this.native = native;
    this.devices = devices;
    this.slotWords = native.slotWords;
    this.#rowWords = native.rowWords;
    const block = native.block();
    this.halves = block === undefined ? undefined : new Int32Array(block);
  }

  /** The word of a slot's lock; its record follows. */
  lockWord(row: number, slot: number): number {
    return row * this.#rowWords + slot * this.slotWords;
  }
}

/** Which slot is read, and for whom. */
interface Reading {
  readonly window: WindowToWatch;
  readonly deviceId: string;
  readonly slot: number;
}

/**
 * One statistic of one device, read from memory: the same object until the sampler has written the
 * next one. While nothing has changed that is two loads, of the slot's lock and of what says that
 * the row is still the device's.
 */
export class LiveReading {
  readonly #board: WindowBoard;
  readonly #devices: LiveDevices;
  readonly #halves: Int32Array | undefined;
  readonly #reading: Reading;
  /** Lock and record. */
  readonly #slot: Words;
  /** Where the lock's low half is, and what it was when `#statistics` was read. NaN: not known. */
  #lockHalf = 0;
  #lock = Number.NaN;
  #generation = 0;
  #statistics: MetricStatistics | undefined;

  constructor(board: WindowBoard, reading: Reading) {
    this.#board = board;
    this.#devices = board.devices;
    this.#halves = board.halves;
    this.#reading = reading;
    this.#slot = words(board.slotWords);
  }

  /** Undefined: nothing was written for the device, or it is not there. */
  read(): MetricStatistics | undefined {
    const halves = this.#halves;
    if (
      halves !== undefined &&
      Atomics.load(halves, this.#lockHalf) === this.#lock &&
      this.#devices.isLatest(this.#generation)
    ) {
      return this.#statistics;
    }
    return this.#readAnew();
  }

  #readAnew(): MetricStatistics | undefined {
    const devices = this.#devices;
    const found = devices.inRowOf(this.#reading.deviceId, (row) => {
      return this.#halves === undefined ? this.#copied(row) : this.#inPlace(this.#halves, row);
    });
    this.#generation = devices.generation;
    this.#statistics = found;
    // A device without a row has no lock that could tell of a change.
    if (devices.rowOf(this.#reading.deviceId) === undefined) this.#lock = Number.NaN;
    return found;
  }

  #inPlace(halves: Int32Array, row: number): MetricStatistics | undefined {
    const start = this.#board.lockWord(row, this.#reading.slot);
    const place = { start, count: this.#board.slotWords, lock: start };
    const lock = copyLocked(halves, place, this.#slot);
    if (lock === undefined) return this.#copied(row);
    if (lock === this.#lock && this.#lockHalf === 2 * start) return this.#statistics;
    this.#lockHalf = 2 * start;
    this.#lock = lock;
    return lock === 0 ? undefined : this.#decoded();
  }

  /** By a native call, where memory cannot be looked at or the writer stays in the way. */
  #copied(row: number): MetricStatistics | undefined {
    this.#lock = Number.NaN;
    const before = this.#slot.integers.slice();
    const record = this.#slot.doubles.subarray(1);
    if (!this.#board.native.read(row, this.#reading.slot, record)) return undefined;
    const isSame = before.every((word, at) => at === 0 || word === this.#slot.integers[at]);
    return isSame && this.#statistics !== undefined ? this.#statistics : this.#decoded();
  }

  #decoded(): MetricStatistics | undefined {
    const { window, slot } = this.#reading;
    const metric = window.metrics[slot];
    if (metric === undefined) throw new RangeError(`no slot ${slot}`);
    const { percentiles, windowMs: lengthMs } = window;
    const percentilesAt = this.#slot.doubles.length - 1 - percentiles.length;
    const record = { words: this.#slot.doubles, at: 1, percentilesAt };
    // As of no sample: the row was another device's, and its own has nothing yet.
    if (endsOf(record) === undefined) return undefined;
    return Object.freeze(statisticsOf(record, { metric, percentiles, lengthMs }));
  }
}
