import { type SelectionCriteria, weightSteps } from '../selection/criteria.js';
import { Pipeline, type Scene } from '../selection/pipeline.js';
import type { Lease } from './lease.js';
import type { LeaseBook } from './lease-book.js';
import { type DemandParts, LeaseDemand } from './lease-demand.js';
import type { LeaseTerms } from './lease-request.js';

/** What of a named device is to be reserved. */
export interface DeviceShare {
  readonly deviceId: string;
  /** Rounded up to 64ths; at least one of them. */
  readonly weight: number;
  /** Rounded up to KiB. */
  readonly memoryBytes: number;
}

export interface ReservationTerms {
  /** What every device has to satisfy besides; filters of the user's are not asked again. */
  readonly criteria: SelectionCriteria;
  /** 0: leases live until they are released. */
  readonly ttlMs: number;
}

/** All of it, or why a device stands in the way of it. */
export type Reservation =
  | { readonly granted: true; readonly leases: ReadonlyMap<string, Lease> }
  | { readonly granted: false; readonly deviceId: string; readonly reason: string };

const bytesPerKiB = 1024;

/** A lease of one device that is named: only that one is looked at. */
export class DeviceDemand extends LeaseDemand {
  readonly #pipeline: DevicePipeline;
  #withheld: ReadonlySet<number> = new Set();

  constructor(deviceId: string, terms: LeaseTerms, parts: DemandParts) {
    super(terms, parts);
    const { board } = parts;
    this.#pipeline = new DevicePipeline(terms.criteria, parts.state, {
      isWithheld: () => this.#withheld.has(board.numberOf(board.indexOf(deviceId))),
    });
    this.#pipeline.positionIn = ({ views }) => {
      const index = board.indexOf(deviceId);
      return views === board.views ? index : -1;
    };
  }

  override pipeline(withheld: ReadonlySet<number>): DevicePipeline {
    this.#withheld = withheld;
    return this.#pipeline;
  }
}

class DevicePipeline extends Pipeline {
  positionIn: (scene: Scene) => number = () => -1;

  override choose(scene: Scene): number {
    const position = this.positionIn(scene);
    return super.choose(this.#alone(scene, position)) === 0 ? position : -1;
  }

  /** Why the device is not had. */
  refusal(scene: Scene): string {
    const [explanation] = this.explain(this.#alone(scene, this.positionIn(scene)));
    if (explanation === undefined) return 'it is gone';
    if (explanation.status === 'rejected') return explanation.reason;
    return 'another took it at the same time, or its sums hold no more';
  }

  #alone({ views, nowMs }: Scene, position: number): Scene {
    const view = views[position];
    return { views: view === undefined ? [] : [view], nowMs };
  }
}

/**
 * A lease on each device, or none. They are entered one after another, each as any lease is, so
 * two that want each other's devices do not both get some; what was entered is taken back as soon
 * as a device refuses. Nobody sees a lease before all are there. `withheld`: devices that have to
 * be left to those who wait.
 * @throws GPUError ERR_GPU_LEDGER_FULL, ERR_GPU_CLOSED, with nothing held
 */
export function reserveAll(
  book: LeaseBook,
  demands: ReadonlyMap<string, DeviceDemand>,
  withheld: ReadonlySet<number>,
): Reservation {
  const leases = new Map<string, Lease>();
  let isWhole = false;
  try {
    for (const [deviceId, demand] of demands) {
      const lease = book.grant(demand, withheld);
      if (lease === undefined) {
        const reason = demand.pipeline(withheld).refusal(book.board.scene());
        return { granted: false, deviceId, reason };
      }
      leases.set(deviceId, lease);
    }
    isWhole = true;
    return { granted: true, leases };
  } finally {
    if (!isWhole) for (const lease of leases.values()) book.takeBack(lease);
  }
}

/** What a share asks of its device. */
export function termsOfShare(
  share: DeviceShare,
  { criteria, ttlMs }: ReservationTerms,
): LeaseTerms {
  const kib = Math.ceil(share.memoryBytes / bytesPerKiB);
  return {
    criteria: {
      ...criteria,
      deviceIds: undefined,
      minMemoryBytes: Math.max(criteria.minMemoryBytes, kib * bytesPerKiB),
      weight: Math.max(1, Math.ceil(share.weight * weightSteps)) / weightSteps,
      filters: [],
      policy: 'least-loaded',
      count: 1,
      forLease: true,
    },
    kib,
    ttlMs,
    isPlain: false,
  };
}
