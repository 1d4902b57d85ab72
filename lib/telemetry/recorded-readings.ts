import type { GPUDevice } from '../device.js';
import type { CheckedReader } from './metrics-reader.js';
import { knownAs, type ReadingColumns, type ReadingSource } from './reading-columns.js';
import type { GPUMetrics } from './sample.js';
import type { TelemetryStore } from './store.js';

/** What samples are read from. */
export interface Recorded {
  readonly store: Pick<TelemetryStore, 'getMetrics'>;
  devices(): ReadonlyMap<string, GPUDevice>;
  nowMs(): number;
}

/** Numbers of recorded samples. */
export class RecordedReadings implements ReadingSource {
  readonly #from: Recorded;
  readonly #asked: CheckedReader;
  /** By device of the columns: what was read last. */
  #samples: (GPUMetrics | undefined)[] = [];

  constructor(from: Recorded, asked: CheckedReader) {
    this.#from = from;
    this.#asked = asked;
  }

  update(columns: ReadingColumns): number {
    const deviceIds = this.#asked.devices ?? [...this.#from.devices().keys()];
    if (!isSame(deviceIds, columns.deviceIds)) {
      columns.list(deviceIds);
      this.#samples = [];
    }
    columns.simulated = false;
    for (const [device, deviceId] of deviceIds.entries()) {
      const sample = this.#from.store.getMetrics(deviceId);
      if (sample?.simulated === true) columns.simulated = true;
      if (sample === this.#samples[device]) continue;
      this.#samples[device] = sample;
      if (sample === undefined) columns.forget(device);
      else this.#take(columns, device, sample);
    }
    return this.#from.nowMs();
  }

  #take(columns: ReadingColumns, device: number, sample: GPUMetrics): void {
    const { metrics } = this.#asked;
    for (const [metric, key] of metrics.entries()) {
      const at = device * metrics.length + metric;
      columns.values[at] = sample[key] ?? Number.NaN;
      columns.known[at] = sample[key] === undefined ? knownAs.not : knownAs.said;
    }
    columns.sampled[device] = 1;
    columns.timestampsMs[device] = sample.timestampMs;
    columns.startsMs[device] = sample.timestampMs;
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((id, at) => id === others[at]);
}
