import { readOptions } from './arguments.js';
import type { Cluster } from './cluster.js';
import { ClusterDevices, deviceOptions } from './cluster-devices.js';
import { ClusterReservation, readReserve } from './cluster-reservation.js';
import type { Items } from './distribution/items.js';
import type { ShareParts } from './distribution/share.js';
import { readSharing, type Sharing, sharingKeys } from './distribution/sharing.js';

const optionKeys = [...sharingKeys, ...deviceOptions, 'reserve'] as const;

/** What a distribution over a cluster is asked, read once. */
export class ClusterSharing {
  readonly sharing: Sharing;
  readonly #devices: ClusterDevices;
  readonly #reservation: ClusterReservation | undefined;

  /** @throws TypeError, RangeError naming the option; GPUError ERR_GPU_CLOSED */
  constructor(cluster: Cluster, options: unknown) {
    const given = readOptions(options, optionKeys);
    const ttlMs = readReserve(given.get('reserve'));
    this.sharing = readSharing(given);
    this.#devices = new ClusterDevices(cluster, given);
    this.#reservation = ttlMs === undefined ? undefined : new ClusterReservation(cluster, ttlMs);
  }

  /** @throws RangeError ERR_GPU_UNKNOWN_DEVICE: something is said of a device that is not there */
  requireKnown(): void {
    this.#devices.requireKnown(this.sharing);
  }

  /** Devices that are not there may be spoken of: they may have been, or come yet. */
  over(items: Items): ShareParts {
    const { sharing } = this;
    const [devices, reservation] = [this.#devices, this.#reservation];
    if (reservation === undefined) {
      return { sharing, items, devicesOf: (needsMemory) => devices.columns(sharing, needsMemory) };
    }
    return {
      sharing,
      items,
      devicesOf: (needsMemory) => reservation.leasable(devices.columns(sharing, needsMemory)),
      reserve: (shares) => reservation.reserve(shares, devices.criteria()),
    };
  }
}
