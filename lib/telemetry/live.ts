import type { ErrorCode } from '../errors.js';
import type { NativeModule, NativeSession } from '../native.js';
import type { BlockReader } from './block.js';
import type { LiveDevices } from './live-devices.js';
import { isEstimated, LiveSample, SampleReader } from './live-sample.js';
import type { DriverState } from './live-status.js';
import type { MetricKey } from './metrics.generated.js';
import { monotonicMs } from './monotonic.js';
import type { GPUMetrics } from './sample.js';
import type { TelemetryStore } from './store.js';

/** How the sampler is doing. */
export interface Pace {
  /** Rounds completed. */
  readonly rounds: number;
  /** What the latest round took; longer than the period when the driver is slow. */
  readonly roundLengthMs: number;
  readonly missedDeadlines: number;
  readonly periodMs: number;
}

/** The sample that was asked for last in a row, and what it was taken from. One a row. */
interface Kept {
  /** Of the list of devices. */
  turn: number;
  readonly row: number;
  /** Of the row: its `turn`. */
  version: number;
  readonly sample: LiveSample;
  /** A guess which row is asked for after this. */
  next: Kept | undefined;
}

interface Listed {
  readonly turn: number;
  readonly deviceIds: readonly string[];
  readonly rows: readonly number[];
}

interface RowWords {
  readonly deviceId: string;
  readonly words: Float64Array;
  /** Bit m: metric m was worked out. */
  readonly estimatedBits: number;
}

/** Doubles of a history's record before its metrics: sequence, monotonic ms, Unix ms. */
const recordHeader = 3;

export interface LiveTelemetryOptions {
  readonly native: NativeModule;
  readonly session: NativeSession;
  readonly block: BlockReader;
  readonly devices: LiveDevices;
  readonly maxHistory: number;
}

/** The sampler's samples. The latest is read from memory; only history takes a native call. */
export class LiveTelemetry implements TelemetryStore {
  readonly #native: NativeModule;
  readonly #session: NativeSession;
  readonly #block: BlockReader;
  readonly #devices: LiveDevices;
  readonly #maxHistory: number;
  readonly #keys: readonly MetricKey[];
  readonly #reader: SampleReader;
  /** By row. */
  readonly #kept: (Kept | undefined)[] = [];
  #previous: Kept | undefined;
  /** All devices of that turn, and their rows. */
  #listed: Listed = { turn: -1, deviceIds: [], rows: [] };
  readonly #found: LiveSample[] = [];

  constructor({ native, session, block, devices, maxHistory }: LiveTelemetryOptions) {
    this.#native = native;
    this.#session = session;
    this.#block = block;
    this.#devices = devices;
    this.#maxHistory = maxHistory;
    this.#keys = native.metricKeys.slice(0, native.tierEnds[0]) as readonly MetricKey[];
    this.#reader = new SampleReader(native);
  }

  /**
   * Of no device: undefined. Most callers go round their devices in the same order, and more often
   * than there are samples: then nothing is looked up, and nothing copied.
   */
  getMetrics(deviceId: string): GPUMetrics | undefined {
    const guess = this.#previous?.next;
    if (guess?.sample.deviceId === deviceId && this.#block.turn(guess.row) === guess.version) {
      // Whose row it is, is looked at last.
      if (this.#devices.isTurn(guess.turn)) {
        this.#previous = guess;
        return guess.sample.at(monotonicMs());
      }
    }
    const { turns } = this.#devices;
    const sample = this.#devices.inRowOf(deviceId, (row) => {
      return this.#latest(deviceId, row, turns.count);
    });
    return sample?.at(monotonicMs());
  }

  listMetrics(): GPUMetrics[] {
    for (;;) {
      const count = this.#findAll(this.#listed);
      // Whose rows they are, is looked at last.
      if (this.#devices.isTurn(this.#listed.turn)) return this.#foundAt(count, monotonicMs());
      const deviceIds = [...this.#devices.current.keys()];
      const rows = deviceIds.map((deviceId) => this.#devices.seatOf(deviceId).row);
      this.#listed = { turn: this.#devices.turns.count, deviceIds, rows };
    }
  }

  /** The sample that a row of the block holds, some metrics of it worked out. */
  sampleIn(deviceId: string, words: Float64Array, estimatedBits: number): LiveSample {
    const sample = new LiveSample();
    this.#read(sample, { deviceId, words, estimatedBits });
    return sample;
  }

  getMetricsHistory(deviceId: string): readonly GPUMetrics[] {
    return this.#devices.inRowOf(deviceId, (row) => this.#history(deviceId, row)) ?? [];
  }

  getFailure(deviceId: string): ErrorCode | undefined {
    const status = this.#devices.inRowOf(deviceId, (row) => this.#block.status(row));
    const name = status === undefined ? '' : this.#native.statusNames[status];
    return name === '' ? undefined : (name as ErrorCode);
  }

  driverState(): DriverState {
    const state = this.#block.count(this.#native.layout.driverWord);
    return this.#native.driverStates[state] as DriverState;
  }

  /** What the latest round took: all that selection asks of the pace. */
  roundLengthMs(): number {
    return this.#block.double(this.#native.layout.roundLengthMsWord);
  }

  pace(): Pace {
    const { roundsWord, roundStartMsWord, missedDeadlinesWord, periodMsWord } = this.#native.layout;
    const rounds = this.#block.count(roundsWord);
    const roundLengthMs = this.roundLengthMs();
    const periodMs = this.#block.double(periodMsWord);
    const sinceStartMs = monotonicMs() - this.#block.double(roundStartMsWord);
    // While a round hangs, the sampler itself counts nothing (without a driver there are none to
    // be missed). The next deadline after a round lies
    // within its length and one period; one more period is left for a late wake.
    const isServing = rounds > 0 && this.driverState() === 'serving';
    const overdue = !isServing ? 0 : Math.floor((sinceStartMs - roundLengthMs) / periodMs) - 1;
    return {
      rounds,
      roundLengthMs,
      missedDeadlines: this.#block.count(missedDeadlinesWord) + Math.max(0, overdue),
      periodMs,
    };
  }

  /** How many were found. */
  #findAll({ turn, deviceIds, rows }: Listed): number {
    let count = 0;
    for (let place = 0; place < rows.length; place++) {
      const row = rows[place] as number;
      const kept = this.#kept[row];
      const isLatest = kept?.turn === turn && this.#block.turn(row) === kept.version;
      const sample = isLatest ? kept.sample : this.#latest(deviceIds[place] as string, row, turn);
      if (sample !== undefined) this.#found[count++] = sample;
    }
    return count;
  }

  #foundAt(count: number, nowMs: number): GPUMetrics[] {
    const samples: GPUMetrics[] = [];
    for (let place = 0; place < count; place++) {
      samples.push((this.#found[place] as LiveSample).at(nowMs));
    }
    return samples;
  }

  /** `turn`: of the list that says that the device has the row. */
  #latest(deviceId: string, row: number, turn: number): LiveSample | undefined {
    const words = this.#block.row(row);
    if (words === undefined) return undefined;
    const version = this.#block.copied();
    this.#kept[row] ??= { turn, row, version: -1, sample: new LiveSample(), next: undefined };
    const kept = this.#kept[row];
    if (kept.version !== version || kept.turn !== turn) {
      this.#read(kept.sample, { deviceId, words, estimatedBits: this.#block.estimated() });
      kept.turn = turn;
      kept.version = version;
    }
    if (this.#previous !== undefined) this.#previous.next = kept;
    this.#previous = kept;
    return kept.sample;
  }

  #read(into: LiveSample, { deviceId, words, estimatedBits }: RowWords): void {
    const { rowSequenceWord, rowMetricsWord } = this.#native.layout;
    const wasWorkedOut = (_: MetricKey, metric: number) => isEstimated(estimatedBits, metric);
    into.deviceId = deviceId;
    into.simulated = this.#devices.simulated;
    into.estimated = estimatedBits === 0 ? undefined : this.#keys.filter(wasWorkedOut);
    this.#reader.read({ words, at: rowSequenceWord, metricsAt: rowMetricsWord }, into);
  }

  #history(deviceId: string, row: number): readonly GPUMetrics[] {
    const newest = this.#block.row(row);
    if (newest === undefined) return [];
    const { layout, valueStates } = this.#native;
    const sequence = newest[layout.rowSequenceWord] ?? 0;
    const from = Math.max(1, sequence - this.#maxHistory + 1);
    const { length } = this.#keys;
    const doubles = recordHeader + 2 * length;
    const words = new Float64Array(doubles * (sequence - from + 1));
    const count = this.#session.readHistory({ row, which: 0, from }, words);
    const nowMs = monotonicMs();
    const estimated = valueStates.indexOf('estimated');
    const sample = new LiveSample();
    sample.deviceId = deviceId;
    sample.simulated = this.#devices.simulated;
    return Array.from({ length: count }, (_, index) => {
      const at = index * doubles;
      const metricsAt = at + recordHeader;
      const statesAt = metricsAt + length;
      const keys = this.#keys.filter((_key, metric) => words[statesAt + metric] === estimated);
      sample.estimated = keys.length > 0 ? keys : undefined;
      this.#reader.read({ words, at, metricsAt }, sample);
      return sample.at(nowMs);
    });
  }
}
