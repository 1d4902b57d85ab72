import { readOptions, wrongType } from './arguments.js';
import type { Cluster } from './cluster.js';
import type { DeviceColumns } from './distribution/device-columns.js';
import type { WantedShare } from './distribution/reserving.js';
import { readTtl } from './leases/lease-request.js';
import type { Reservation } from './leases/reservation.js';
import { type SelectionCriteria, weightSteps } from './selection/criteria.js';

/** How long leases of a plan live: 0, until they are released; undefined: there are to be none. */
export function readReserve(value: unknown): number | undefined {
  if (value === undefined || value === false) return undefined;
  if (value === true) return 0;
  const what = 'options.reserve';
  if (typeof value !== 'object') throw wrongType(what, 'true, false or an object', value);
  const ttlMs = readOptions(value, ['ttlMs'], what).get('ttlMs');
  return ttlMs === undefined ? 0 : readTtl(ttlMs, `${what}.ttlMs`);
}

/** Leases for plans over the devices of a cluster. */
export class ClusterReservation {
  readonly #cluster: Cluster;
  readonly #ttlMs: number;

  constructor(cluster: Cluster, ttlMs: number) {
    this.#cluster = cluster;
    this.#ttlMs = ttlMs;
  }

  /** What of them can be leased: those who wait for a device have it, and `maxInFlight` holds. */
  leasable(columns: DeviceColumns): DeviceColumns {
    const { board, leases, leaseOptions } = this.#cluster;
    const { maxInFlight } = leaseOptions;
    const withheld = leases.withheldIds();
    if (maxInFlight === Infinity && withheld.size === 0) return columns;
    const inFlight = new Map(board.views.map((view) => [view.device.deviceId, view.inFlight]));
    const limits = columns.deviceIds.map((deviceId) => {
      const room = Math.max(0, maxInFlight - (inFlight.get(deviceId) ?? 0));
      // A lease weighs something, even of items that cost nothing.
      const isOpen = room * weightSteps >= 1 && !withheld.has(deviceId);
      return { items: isOpen ? Infinity : 0, bytes: Infinity, cost: room };
    });
    return { ...columns, limits };
  }

  /** @throws GPUError ERR_GPU_LEDGER_FULL, ERR_GPU_CLOSED */
  reserve(shares: readonly WantedShare[], criteria: SelectionCriteria): Reservation {
    const { leases, leaseOptions } = this.#cluster;
    const { maxInFlight } = leaseOptions;
    const terms = { criteria: { ...criteria, maxInFlight }, ttlMs: this.#ttlMs };
    return leases.reserve(shares, terms);
  }
}
