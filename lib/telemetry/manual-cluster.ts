import { RecordedStatistics } from '../aggregation/recorded-statistics.js';
import { type GPUDevice, readDeviceId } from '../device.js';
import type { HistoryOptions } from './collector.js';
import { RecordedValues } from './recorded-values.js';
import { SampleStore } from './sample-store.js';
import type { ClusterParts, ValueStore } from './store.js';

/** What its user registers and records. */
export class ManualCluster implements ClusterParts {
  readonly store: SampleStore;
  readonly values: ValueStore;
  readonly statistics: RecordedStatistics;
  readonly #devices = new Map<string, GPUDevice>();

  constructor(options: HistoryOptions) {
    const admit = (id: unknown, what: string) => readDeviceId(id, this.#devices, what);
    this.store = new SampleStore({ ...options, admit });
    this.values = new RecordedValues(this.store);
    this.statistics = new RecordedStatistics(this.store);
  }

  devices(): ReadonlyMap<string, GPUDevice> {
    return this.#devices;
  }

  /** REQUIRES: the device was checked. */
  register(device: GPUDevice): void {
    this.#devices.set(device.deviceId, device);
  }

  /** False: there is none of that id. */
  unregister(deviceId: string): boolean {
    this.store.remove(deviceId);
    return this.#devices.delete(deviceId);
  }

  defaultMaxAgeMs(): number {
    return Infinity;
  }

  async close(): Promise<void> {
    this.statistics.close();
    this.#devices.clear();
    this.store.clear();
  }
}
