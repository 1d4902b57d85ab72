import { readArray, readOptions } from '../arguments.js';
import { Batches } from './batches.js';
import type { DeviceColumns } from './device-columns.js';
import type { Distribution } from './distribution.js';
import { readItems, type TypedItems } from './items.js';
import { readSharing, type Sharing, sharingKeys } from './sharing.js';
import { type DistributionDevice, readDevices, requireLimitsKnown } from './standalone-devices.js';
import type { SharingOptions } from './strategy.js';

/**
 * Shares batches out one after another, and remembers: what a device is behind or ahead of its
 * share counts for the next batch, so that small devices do not starve where batches are small.
 * With equal items, speeds that stay and no limits, the total of every device is less than one item
 * from its share after every batch. One that limits kept from its share is at most one item behind:
 * more is not made up for. Under 'locality' it remembers which device had the items of a key: what
 * came before decides where new keys go, and moves none from its home.
 *
 * 'memory' and 'hash' carry nothing: free memory and keys decide.
 *
 * @example
 * const distributor = new Distributor([{ deviceId: 'a', speed: 9 }, { deviceId: 'b' }], {
 *   strategy: 'capacity',
 * });
 * distributor.distribute(prompts); // of every ten prompts one goes to b, however few come at once
 */
export class Distributor<T = unknown> {
  readonly #sharing: Sharing;
  readonly #batches: Batches;
  #devices: readonly DistributionDevice[] = [];
  #columns: DeviceColumns;

  /**
   * @throws TypeError, RangeError naming the option or the device; RangeError
   *   ERR_GPU_UNKNOWN_DEVICE: limits of a device that is not there
   */
  constructor(devices: readonly DistributionDevice[], options?: SharingOptions<T>) {
    this.#sharing = readSharing(readOptions(options, sharingKeys));
    this.#batches = new Batches(this.#sharing);
    this.#columns = this.#read(devices);
    requireLimitsKnown(new Set(this.#columns.deviceIds), this.#sharing);
  }

  /** As they were given. */
  get devices(): readonly DistributionDevice[] {
    return this.#devices;
  }

  /**
   * Devices may come, go, and change their speed, load, memory and limits. A newcomer starts level;
   * of one that is gone nothing is remembered.
   * @throws TypeError, RangeError naming the device; nothing has changed then
   */
  set devices(devices: readonly DistributionDevice[]) {
    this.#columns = this.#read(devices);
    this.#batches.keepOnly(new Set(this.#columns.deviceIds));
  }

  /**
   * The next batch: an array, a typed array, or so many equal items.
   * @throws as `WorkloadDistributor.distribute`; nothing is remembered then
   */
  distribute<A extends TypedItems>(workload: A): Distribution<A[number], A>;
  distribute(workload: readonly T[]): Distribution<T>;
  distribute(workload: number): Distribution<number>;
  distribute(workload: unknown): Distribution<unknown> {
    return this.#batches.share({
      items: readItems(workload, 'workload'),
      devicesOf: () => this.#columns,
    });
  }

  /** Cost that each device is behind its share (equal items cost 1); below 0: ahead of it. */
  carry(): ReadonlyMap<string, number> {
    return this.#batches.carry(this.#columns.deviceIds);
  }

  #read(devices: readonly DistributionDevice[]): DeviceColumns {
    const given = Object.freeze(readArray(devices, 'devices'));
    const columns = readDevices(given, this.#sharing);
    this.#devices = given;
    return columns;
  }
}
