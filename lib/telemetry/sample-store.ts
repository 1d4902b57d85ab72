import { rangeError } from '../errors.js';
import type { GPUMetrics } from './sample.js';
import type { TelemetryStore } from './store.js';

/** A ring that grows up to its capacity and then overwrites the oldest. Adding never shifts. */
class SampleHistory {
  readonly #capacity: number;
  readonly #samples: GPUMetrics[] = [];
  /** Where the oldest sample lies once the ring is full. */
  #oldest = 0;
  latest: GPUMetrics;

  constructor(capacity: number, first: GPUMetrics) {
    this.#capacity = capacity;
    this.#samples.push(first);
    this.latest = first;
  }

  add(sample: GPUMetrics): void {
    if (this.#samples.length < this.#capacity) {
      this.#samples.push(sample);
    } else {
      this.#samples[this.#oldest] = sample;
      this.#oldest = (this.#oldest + 1) % this.#capacity;
    }
    this.latest = sample;
  }

  toArray(): GPUMetrics[] {
    return [...this.#samples.slice(this.#oldest), ...this.#samples.slice(0, this.#oldest)];
  }
}

/** Recorded samples by device id. Takes only samples that were checked and frozen. */
export class SampleStore implements TelemetryStore {
  readonly #maxHistory: number;
  readonly #histories = new Map<string, SampleHistory>();

  constructor(maxHistory: number) {
    this.#maxHistory = maxHistory;
  }

  /** Refuses a sample older than the latest (ERR_GPU_TIMESTAMP_ORDER); an equal time is kept. */
  add(sample: GPUMetrics): void {
    const history = this.#histories.get(sample.deviceId);
    if (history === undefined) {
      this.#histories.set(sample.deviceId, new SampleHistory(this.#maxHistory, sample));
      return;
    }
    const latestMs = history.latest.timestampMs;
    if (sample.timestampMs < latestMs) {
      throw rangeError(
        'ERR_GPU_TIMESTAMP_ORDER',
        `metrics.timestampMs: expected at least ${latestMs}, the device's latest, ` +
          `got ${sample.timestampMs}`,
      );
    }
    history.add(sample);
  }

  getMetrics(deviceId: string): GPUMetrics | undefined {
    return this.#histories.get(deviceId)?.latest;
  }

  getMetricsHistory(deviceId: string): readonly GPUMetrics[] {
    return this.#histories.get(deviceId)?.toArray() ?? [];
  }

  /** The latest sample of every device, in the order in which their first ones came. */
  *latest(): Generator<GPUMetrics> {
    for (const history of this.#histories.values()) yield history.latest;
  }

  remove(deviceId: string): boolean {
    return this.#histories.delete(deviceId);
  }

  clear(): void {
    this.#histories.clear();
  }
}
