import type { ErrorCode } from '../errors.js';
import type { NativeModule, NativeSession } from '../native.js';
import { BlockReader } from './block.js';
import type { MetricKey } from './metrics.generated.js';
import type { GPUMetrics } from './sample.js';
import type { TelemetryStore } from './store.js';

/** Kept from the start: fake timers of a user's tests would make samples ageless. */
const { hrtime } = process;

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

/** A sample as words: word w of its row is `words[rowAt + w]`, from the sequence on. */
interface Reading {
  readonly words: Float64Array;
  readonly rowAt: number;
  readonly nowMs: number;
}

export interface LiveTelemetryOptions {
  readonly native: NativeModule;
  readonly session: NativeSession;
  /** Device id to row of the published block. */
  readonly rows: ReadonlyMap<string, number>;
  readonly simulated: boolean;
  readonly maxHistory: number;
}

/** The sampler's samples. The latest is read from memory; only history takes a native call. */
export class LiveTelemetry implements TelemetryStore {
  readonly #native: NativeModule;
  readonly #session: NativeSession;
  readonly #rows: ReadonlyMap<string, number>;
  readonly #simulated: boolean;
  readonly #maxHistory: number;
  readonly #keys: readonly MetricKey[];
  readonly #block: BlockReader;

  constructor({ native, session, rows, simulated, maxHistory }: LiveTelemetryOptions) {
    this.#native = native;
    this.#session = session;
    this.#rows = rows;
    this.#simulated = simulated;
    this.#maxHistory = maxHistory;
    this.#keys = native.metricKeys as readonly MetricKey[];
    this.#block = new BlockReader(session, native.layout);
  }

  getMetrics(deviceId: string): GPUMetrics | undefined {
    const row = this.#rows.get(deviceId);
    const words = row === undefined ? undefined : this.#block.row(row);
    if (words === undefined) return undefined;
    return this.#sample(deviceId, { words, rowAt: 0, nowMs: monotonicMs() });
  }

  getMetricsHistory(deviceId: string): readonly GPUMetrics[] {
    const row = this.#rows.get(deviceId);
    const newest = row === undefined ? undefined : this.#block.row(row);
    if (row === undefined || newest === undefined) return [];
    const { rowSequenceWord, rowWords } = this.#native.layout;
    const doubles = rowWords - rowSequenceWord;
    const sequence = newest[rowSequenceWord] ?? 0;
    const from = Math.max(1, sequence - this.#maxHistory + 1);
    const samples = new Float64Array(doubles * (sequence - from + 1));
    const count = this.#session.readHistory(row, from, samples);
    const nowMs = monotonicMs();
    return Array.from({ length: count }, (_, index) =>
      this.#sample(deviceId, {
        words: samples,
        rowAt: index * doubles - rowSequenceWord,
        nowMs,
      }),
    );
  }

  getFailure(deviceId: string): ErrorCode | undefined {
    const row = this.#rows.get(deviceId);
    const status = row === undefined ? undefined : this.#block.status(row);
    const name = status === undefined ? '' : this.#native.statusNames[status];
    return name === '' ? undefined : (name as ErrorCode);
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
    // While a round hangs, the sampler itself counts nothing. The next deadline after a round lies
    // within its length and one period; one more period is left for a late wake.
    const overdue = rounds === 0 ? 0 : Math.floor((sinceStartMs - roundLengthMs) / periodMs) - 1;
    return {
      rounds,
      roundLengthMs,
      missedDeadlines: this.#block.count(missedDeadlinesWord) + Math.max(0, overdue),
      periodMs,
    };
  }

  /**
   * Begins to poll the devices. What it returns is true once each was polled since, or others who
   * watch it keep its sample within `maxAgeMs`.
   */
  watch(maxAgeMs: number): () => boolean {
    const rows = [...this.#rows.values()];
    const before = new Map(rows.map((row) => [row, this.#block.version(row)]));
    const waiting = rows.filter((row) => !this.#isWithin(row, maxAgeMs));
    this.#session.watch(rows);
    return () => waiting.every((row) => this.#block.version(row) !== before.get(row));
  }

  #isWithin(row: number, maxAgeMs: number): boolean {
    const startMs = this.#block.row(row)?.[this.#native.layout.rowStartMsWord];
    return startMs !== undefined && monotonicMs() - startMs <= maxAgeMs;
  }

  #sample(deviceId: string, { words, rowAt, nowMs }: Reading): GPUMetrics {
    const { rowStartMsWord, rowWallMsWord, rowMetricsWord } = this.#native.layout;
    const word = (index: number): number => words[rowAt + index] ?? Number.NaN;
    const sample: Mutable<GPUMetrics> = {
      deviceId,
      timestampMs: word(rowWallMsWord),
      ageMs: Math.max(0, nowMs - word(rowStartMsWord)),
    };
    this.#keys.forEach((key, metric) => {
      const value = word(rowMetricsWord + metric);
      if (!Number.isNaN(value)) sample[key] = value;
    });
    if (this.#simulated) sample.simulated = true;
    return sample;
  }
}

/** The sampler's clock, CLOCK_MONOTONIC: process.hrtime() reads it without a call of ours. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
