import type { NativeWatchedWindow } from '../native-aggregation.js';
import type { LiveDevices } from '../telemetry/live-devices.js';
import { copyLocked, type Words, words } from '../telemetry/locked-words.js';
import type { WindowHandle } from './open-windows.js';
import { endsOf, type MetricStatistics, statisticsOf } from './statistics.js';
import { type Reading, requireOpen, type WindowToWatch } from './watched-window.js';

/** The memory in which the sampler keeps a window up to date. */
export class WindowBoard {
  readonly window: WindowToWatch;
  readonly handle: WindowHandle;
  readonly native: NativeWatchedWindow;
  readonly devices: LiveDevices;
  readonly slotWords: number;
  /** Undefined where external memory is refused. */
  readonly halves: Int32Array | undefined;
  readonly #rowWords: number;

  constructor(parts: Pick<WindowBoard, 'window' | 'handle' | 'native' | 'devices'>) {
    const { native } = parts;
    this.window = parts.window;
    this.handle = parts.handle;
    this.native = native;
    this.devices = parts.devices;
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

/**
 * Reads one statistic of one device from memory: the same object until the sampler has written the
 * next one. While nothing has changed that is one `Atomics` load, of the slot's lock: it changes
 * before the row is another device's. That a device has gone is seen once its cluster has taken the
 * list of devices again, which it does each second.
 */
export function liveReading(board: WindowBoard, deviceId: string, slot: number): Reading {
  const { halves } = board;
  const { turns } = board.devices;
  const place = new SlotReading(board, deviceId, slot);
  if (halves === undefined) return () => place.read();
  let { lockHalf, lock } = place;
  let turn = turns.count;
  let statistics: MetricStatistics | undefined;
  return () => {
    if (turns.count === turn && Atomics.load(halves, lockHalf) === lock) return statistics;
    statistics = place.read();
    turn = turns.count;
    ({ lockHalf, lock } = place);
    return statistics;
  };
}

/** Undefined is: nothing was written for the device, or it is not there. */
class SlotReading {
  readonly #board: WindowBoard;
  readonly #deviceId: string;
  readonly #slot: number;
  /** Lock and record. */
  readonly #words: Words;
  #statistics: MetricStatistics | undefined;
  /** Where the lock's low half is, and what it was then. NaN: nothing tells of a change. */
  lockHalf = 0;
  lock: number = Number.NaN;

  constructor(board: WindowBoard, deviceId: string, slot: number) {
    this.#board = board;
    this.#deviceId = deviceId;
    this.#slot = slot;
    this.#words = words(board.slotWords);
  }

  read(): MetricStatistics | undefined {
    requireOpen(this.#board.handle);
    const { devices, halves } = this.#board;
    // Taken first: a device may be here again.
    void devices.current;
    this.#statistics = devices.inRowOf(this.#deviceId, (row) => {
      return halves === undefined ? this.#copied(row) : this.#inPlace(halves, row);
    });
    if (devices.rowOf(this.#deviceId) === undefined) this.lock = Number.NaN;
    return this.#statistics;
  }

  #inPlace(halves: Int32Array, row: number): MetricStatistics | undefined {
    const start = this.#board.lockWord(row, this.#slot);
    const place = { start, count: this.#board.slotWords, lock: start };
    const lock = copyLocked(halves, place, this.#words);
    if (lock === undefined) return this.#copied(row);
    if (lock === this.lock && this.lockHalf === 2 * start) return this.#statistics;
    this.lockHalf = 2 * start;
    this.lock = lock;
    return lock === 0 ? undefined : this.#decoded();
  }

  /** By a native call, where memory cannot be looked at or the writer stays in the way. */
  #copied(row: number): MetricStatistics | undefined {
    this.lock = Number.NaN;
    const before = this.#words.integers.slice();
    const record = this.#words.doubles.subarray(1);
    if (!this.#board.native.read(row, this.#slot, record)) return undefined;
    const isSame = before.every((word, at) => at === 0 || word === this.#words.integers[at]);
    return isSame && this.#statistics !== undefined ? this.#statistics : this.#decoded();
  }

  #decoded(): MetricStatistics | undefined {
    const { window, devices } = this.#board;
    const metric = window.metrics[this.#slot];
    if (metric === undefined) throw new RangeError(`no slot ${this.#slot}`);
    const { percentiles, windowMs: lengthMs } = window;
    const percentilesAt = this.#words.doubles.length - 1 - percentiles.length;
    const record = { words: this.#words.doubles, at: 1, percentilesAt };
    // As of no sample: the row was another device's, and its own has nothing yet.
    if (endsOf(record) === undefined) return undefined;
    const statistics = statisticsOf(record, { metric, percentiles, lengthMs });
    if (devices.simulated) statistics.simulated = true;
    return Object.freeze(statistics);
  }
}
