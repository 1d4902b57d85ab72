import { RecordedStatistics } from '../aggregation/recorded-statistics.js';
import { type GPUDevice, readDeviceId } from '../device.js';
import { Ledger } from '../leases/ledger.js';
import type { Seat } from '../selection/board-view.js';
import { ChangeList } from './change-list.js';
import type { HistoryOptions } from './collector.js';
import { ManualFeed, type Registry } from './manual-feed.js';
import type { CheckedReader } from './metrics-reader.js';
import { RecordedReadings } from './recorded-readings.js';
import { RecordedValues } from './recorded-values.js';
import type { SampleColumns } from './sample-columns.js';
import { SampleStore } from './sample-store.js';
import type { ClusterParts, ValueStore } from './store.js';

export interface ManualClusterOptions extends HistoryOptions {
  /** Unix. @default Date.now */
  readonly nowMs?: () => number;
}

/** What its user registers and records. */
export class ManualCluster implements ClusterParts, Registry {
  readonly store: SampleStore;
  readonly values: ValueStore;
  readonly statistics: RecordedStatistics;
  readonly ledger: Ledger = Ledger.private();
  readonly feed: ManualFeed;
  readonly #nowMs: () => number;
  readonly #devices = new Map<string, GPUDevice>();
  readonly #seats = new Map<string, Seat>();
  readonly #freeRows: number[] = [];
  #registered = 0;
  readonly #changes = new ChangeList<SampleColumns>();
  #revision = 0;

  constructor({ nowMs = () => Date.now(), ...options }: ManualClusterOptions) {
    this.#nowMs = nowMs;
    const admit = (id: unknown, what: string) => readDeviceId(id, this.#devices, what);
    const changes = this.#changes;
    this.store = new SampleStore({ ...options, admit, changes });
    this.values = new RecordedValues(this.store);
    this.statistics = new RecordedStatistics(this.store);
    this.feed = new ManualFeed({ registry: this, store: this.store, changes, nowMs });
  }

  get revision(): number {
    return this.#revision;
  }

  devices(): ReadonlyMap<string, GPUDevice> {
    return this.#devices;
  }

  /** REQUIRES: the device is registered. */
  seatOf(deviceId: string): Seat {
    const seat = this.#seats.get(deviceId);
    if (seat === undefined) throw new Error(`no seat for ${deviceId}`);
    return seat;
  }

  /** REQUIRES: the device was checked. */
  register(device: GPUDevice): void {
    const { deviceId } = device;
    if (!this.#devices.has(deviceId)) {
      const row = this.#freeRows.pop() ?? this.#seats.size;
      this.#seats.set(deviceId, { row, number: this.#registered });
      this.#registered += 1;
    }
    this.#devices.set(deviceId, device);
    this.#revise();
  }

  /** False: there is none of that id. */
  unregister(deviceId: string): boolean {
    this.store.remove(deviceId);
    const seat = this.#seats.get(deviceId);
    if (seat === undefined) return false;
    this.#seats.delete(deviceId);
    this.#freeRows.push(seat.row);
    this.#revise();
    // The board reads everything anew; nobody keeps what was recorded of devices that went.
    this.#changes.forget();
    return this.#devices.delete(deviceId);
  }

  readings(asked: CheckedReader): RecordedReadings {
    const { store } = this;
    return new RecordedReadings({ store, devices: () => this.#devices, nowMs: this.#nowMs }, asked);
  }

  defaultMaxAgeMs(): number {
    return Infinity;
  }

  async close(): Promise<void> {
    this.statistics.close();
    this.#devices.clear();
    this.#seats.clear();
    this.store.clear();
    this.#changes.forget();
    this.#revise();
  }

  #revise(): void {
    this.#revision += 1;
    this.#changes.news.isDue = true;
  }
}
