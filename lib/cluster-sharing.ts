import { readOptions } from './arguments.js';
import type { Cluster } from './cluster.js';
import { ClusterDevices, type DeviceOption, deviceOptions } from './cluster-devices.js';
import { ClusterReservation, readReserve } from './cluster-reservation.js';
import type { Items } from './distribution/items.js';
import type { ShareParts } from './distribution/share.js';
import { readSharing, type Sharing, type SharingKey, sharingKeys } from './distribution/sharing.js';

type OptionKey = SharingKey | DeviceOption | 'reserve';

const optionKeys: readonly OptionKey[] = [...sharingKeys, ...deviceOptions, 'reserve'];

type Given = ReadonlyMap<OptionKey, unknown>;

/** What distributions over a cluster are asked. */
export class ClusterSharings {
  readonly #cluster: Cluster;
  /** By strategy: those that ask for nothing else, which is what most do, are kept. */
  readonly #usual = new Map<unknown, ClusterSharing>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** @throws TypeError, RangeError naming the option; GPUError ERR_GPU_CLOSED */
  of(options: unknown): ClusterSharing {
    const given = readOptions(options, optionKeys);
    const strategy = given.get('strategy');
    const isUsual = given.size === (strategy === undefined ? 0 : 1) && typeof strategy !== 'object';
    const known = isUsual ? this.#usual.get(strategy) : undefined;
    if (known !== undefined) return known;
    const sharing = new ClusterSharing(this.#cluster, given);
    if (isUsual) this.#usual.set(strategy, sharing);
    return sharing;
  }
}

/** What a distribution over a cluster is asked, read once. */
export class ClusterSharing {
  readonly sharing: Sharing;
  readonly #devices: ClusterDevices;
  readonly #reservation: ClusterReservation | undefined;
  #isKnown = false;

  /** @throws TypeError, RangeError naming the option; GPUError ERR_GPU_CLOSED */
  constructor(cluster: Cluster, given: Given) {
    const ttlMs = readReserve(given.get('reserve'));
    this.sharing = readSharing(given);
    this.#devices = new ClusterDevices(cluster, given);
    this.#reservation = ttlMs === undefined ? undefined : new ClusterReservation(cluster, ttlMs);
  }

  /**
   * Asked once; later, devices that are spoken of may be gone.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE: something is said of a device that is not there
   */
  requireKnown(): void {
    if (this.#isKnown) return;
    this.#devices.requireKnown(this.sharing);
    this.#isKnown = true;
  }

  over(items: Items): ShareParts {
    const { sharing } = this;
    const [devices, reservation] = [this.#devices, this.#reservation];
    const devicesOf = (needsMemory: boolean) => {
      this.requireKnown();
      return devices.columns(sharing, needsMemory);
    };
    if (reservation === undefined) return { sharing, items, devicesOf };
    return {
      sharing,
      items,
      devicesOf: (needsMemory) => reservation.leasable(devicesOf(needsMemory)),
      reserve: (shares) => reservation.reserve(shares, devices.criteria()),
    };
  }
}
