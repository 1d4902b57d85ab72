import type { ErrorCode } from '../errors.js';
import type { NativeModule, NativeSession } from '../native.js';
import type { BlockReader } from './block.js';
import type { LiveDevices } from './live-devices.js';
import type { DriverState } from './live-status.js';
import { type MetricKey, metricTable, putKnown } from './metrics.generated.js';
import { monotonicMs } from './monotonic.js';
import type { GPUMetrics } from './sample.js';
import type { TelemetryStore } from './store.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** How the sampler is doing. */
export interface Pace {
  /** Rounds completed. */
  readonly rounds: number;
  /** What the latest round took; longer than the period when the driver is slow. */
  readonly roundLengthMs: number;
  readonly missedDeadlines: number;
  readonly periodMs: number;
}

/** Where a sample's words lie: in a row of the block, or in a record of a history. */
interface Reading {
  readonly words: Float64Array;
  /** Of the sequence; monotonic and Unix time follow it. */
  readonly at: number;
  readonly metricsAt: number;
  readonly nowMs: number;
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
  /** The addon's order is the table's: so it is unless the addon is a fake. */
  readonly #isTabled: boolean;

  constructor({ native, session, block, devices, maxHistory }: LiveTelemetryOptions) {
    this.#native = native;
    this.#session = session;
    this.#block = block;
    this.#devices = devices;
    this.#maxHistory = maxHistory;
    this.#keys = native.metricKeys.slice(0, native.tierEnds[0]) as readonly MetricKey[];
    this.#isTabled =
      this.#keys.length === metricTable.length &&
      metricTable.every(({ key }, place) => this.#keys[place] === key);
  }

  getMetrics(deviceId: string): GPUMetrics | undefined {
    const words = this.#devices.inRowOf(deviceId, (row) => this.#block.row(row));
    return words && this.sampleIn(deviceId, words, this.#block.estimated());
  }

  /** The sample that a row of the block holds, some metrics of it worked out. */
  sampleIn(deviceId: string, words: Float64Array, estimatedBits: number): GPUMetrics {
    const { rowSequenceWord, rowMetricsWord } = this.#native.layout;
    const sample = this.#sample(deviceId, {
      words,
      at: rowSequenceWord,
      metricsAt: rowMetricsWord,
      nowMs: monotonicMs(),
    });
    if (estimatedBits !== 0) {
      sample.estimated = this.#keys.filter((_, metric) => bitOf(estimatedBits, metric));
    }
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

  #history(deviceId: string, row: number): readonly GPUMetrics[] {
    const newest = this.#block.row(row);
    if (newest === undefined) return [];
    const sequence = newest[this.#native.layout.rowSequenceWord] ?? 0;
    const from = Math.max(1, sequence - this.#maxHistory + 1);
    const { length } = this.#keys;
    const doubles = recordHeader + 2 * length;
    const words = new Float64Array(doubles * (sequence - from + 1));
    const count = this.#session.readHistory({ row, which: 0, from }, words);
    const nowMs = monotonicMs();
    const estimated = this.#native.valueStates.indexOf('estimated');
    return Array.from({ length: count }, (_, index) => {
      const at = index * doubles;
      const metricsAt = at + recordHeader;
      const sample = this.#sample(deviceId, { words, at, metricsAt, nowMs });
      const statesAt = metricsAt + length;
      const keys = this.#keys.filter((_key, metric) => words[statesAt + metric] === estimated);
      if (keys.length > 0) sample.estimated = keys;
      return sample;
    });
  }

  #sample(deviceId: string, { words, at, metricsAt, nowMs }: Reading): Mutable<GPUMetrics> {
    const sample: Mutable<GPUMetrics> = {
      deviceId,
      timestampMs: words[at + 2] ?? Number.NaN,
      ageMs: Math.max(0, nowMs - (words[at + 1] ?? Number.NaN)),
    };
    if (this.#isTabled) putKnown(sample, words, metricsAt);
    else this.#putByName(sample, words, metricsAt);
    if (this.#devices.simulated) sample.simulated = true;
    return sample;
  }

  #putByName(sample: Mutable<GPUMetrics>, words: Float64Array, at: number): void {
    for (const [metric, key] of this.#keys.entries()) {
      const value = words[at + metric] ?? Number.NaN;
      if (!Number.isNaN(value)) sample[key] = value;
    }
  }
}

/** Division, not shifts: those have 32 bits. */
function bitOf(bits: number, bit: number): boolean {
  return Math.floor(bits / 2 ** bit) % 2 === 1;
}
