import { readOptions } from './arguments.js';
import { readDeviceId } from './device.js';
import { GPUError } from './errors.js';
import { LeaseDesk } from './leases/lease-desk.js';
import { type CheckedLeaseOptions, readLeaseOptions } from './leases/lease-options.js';
import { revokeFor } from './leases/revocation.js';
import { Board } from './selection/board.js';
import { barOf } from './selection/fitness.js';
import type { LinkBetween } from './selection/pipeline.js';
import { PolicyState } from './selection/policy-state.js';
import { absenceOf } from './telemetry/absence.js';
import { historyKeys, historyOptionsOf } from './telemetry/collector.js';
import { ManualCluster } from './telemetry/manual-cluster.js';
import type { GPUMetrics } from './telemetry/sample.js';
import { type ClusterParts, LiveCluster, type LiveClusterParts } from './telemetry/store.js';
import type { Topology } from './telemetry/topology.js';

/** Who is to know what becomes of devices. */
export interface DeviceFollower {
  /** Something happened to them; the leases of lost ones are over. */
  changed(): void;
  /** The cluster was shut down; its leases are over. */
  closed(error: GPUError): void;
  /** Whether the process is to live on for news of them. */
  readonly isWaiting: boolean;
}

/** What a manager is over: a manual cluster or a live one, and whether a call may go on. */
export class Cluster {
  readonly #parts: ClusterParts;
  /** Undefined on a live cluster. */
  readonly #manual: ManualCluster | undefined;
  /** Undefined on a manual cluster. */
  readonly live: LiveClusterParts | undefined;
  readonly leaseOptions: CheckedLeaseOptions;
  readonly board: Board;
  readonly policyState: PolicyState;
  readonly leases: LeaseDesk;
  readonly #followers = new Set<DeviceFollower>();
  #isTelling = false;
  #closed: Promise<void> | undefined;

  /** A LiveCluster, or the options of a manual one. */
  constructor(given: unknown) {
    this.live = LiveCluster.partsOf(given);
    if (this.live === undefined) {
      const options = readOptions(given, [...historyKeys, 'leases']);
      this.leaseOptions = readLeaseOptions(options.get('leases'));
      this.#manual = new ManualCluster(historyOptionsOf(options));
      this.#parts = this.#manual;
    } else {
      this.leaseOptions = this.live.leaseOptions;
      this.#parts = this.live;
    }
    this.board = new Board({ feed: this.#parts.feed, ...this.leaseOptions });
    this.policyState = new PolicyState(this.leaseOptions);
    this.leases = this.#openDesk();
  }

  /** @throws GPUError ERR_GPU_CLOSED */
  open(): ClusterParts {
    if (this.#closed === undefined) return this.#parts;
    throw closedError();
  }

  /** @throws GPUError ERR_GPU_CLOSED, ERR_GPU_READ_ONLY */
  openManual(method: string): ManualCluster {
    this.open();
    if (this.#manual !== undefined) return this.#manual;
    throw new GPUError(
      'ERR_GPU_READ_ONLY',
      `${method}: expected a manual cluster, but this one is fed by the driver`,
      { hint: 'use new GPUClusteringManager() to register and record by hand' },
    );
  }

  /** @throws GPUError ERR_GPU_CLOSED, ERR_GPU_NOT_SUPPORTED */
  openLive(method: string): LiveClusterParts {
    this.open();
    return this.requireLive(method);
  }

  /** @throws GPUError ERR_GPU_NOT_SUPPORTED */
  requireLive(method: string): LiveClusterParts {
    if (this.live !== undefined) return this.live;
    throw new GPUError(
      'ERR_GPU_NOT_SUPPORTED',
      `${method}: expected a live cluster, but this one is fed by hand`,
      { hint: 'use GPUClusteringManager.open(): only there is a driver' },
    );
  }

  /** @throws TypeError ERR_GPU_INVALID_TYPE; RangeError ERR_GPU_UNKNOWN_DEVICE */
  deviceId(value: unknown, what = 'deviceId'): string {
    return readDeviceId(value, this.#parts.devices(), what);
  }

  /** The latest sample of each device that has one. @throws GPUError ERR_GPU_CLOSED */
  latestSamples(): GPUMetrics[] {
    const { store } = this.open();
    const one = (deviceId: string) => store.getMetrics(deviceId) ?? [];
    return store.listMetrics?.() ?? [...this.#parts.devices().keys()].flatMap(one);
  }

  /** The latest sample of each device that is there: what an absent one showed is over. */
  presentSamples(): GPUMetrics[] {
    const { store } = this.#parts;
    return [...this.#parts.devices().keys()]
      .filter((id) => absenceOf(store.getFailure?.(id), 'serving') === undefined)
      .flatMap((id) => store.getMetrics(id) ?? []);
  }

  /** Devices that take no work: split into MIG instances, not well, asleep or let go of. */
  barred(): ReadonlySet<string> {
    if (this.live === undefined) return new Set();
    this.board.refresh();
    const barred = this.board.views.filter((view) => barOf(view) !== undefined);
    return new Set(barred.map(({ device }) => device.deviceId));
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      const error = closedError();
      this.leases.close(error);
      this.board.close();
      this.#closed = this.#parts.close();
      for (const follower of this.#followers) follower.closed(error);
      this.#followers.clear();
    }
    return this.#closed;
  }

  /** Until the returned function is called. */
  follow(follower: DeviceFollower): () => void {
    this.#followers.add(follower);
    this.live?.hub.attend();
    return () => {
      this.#followers.delete(follower);
      this.live?.hub.attend();
    };
  }

  /** Devices came or went, or are not what they were. */
  devicesChanged(): void {
    for (const follower of this.#followers) follower.changed();
  }

  /** Not while the board is being brought up to date: it may not know yet what is wrong. */
  #tellSoon(): void {
    if (this.#isTelling || this.#followers.size === 0) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.devicesChanged();
    });
  }

  #isAwaited(): boolean {
    for (const { isWaiting } of this.#followers) if (isWaiting) return true;
    return false;
  }

  #openDesk(): LeaseDesk {
    const { live, board } = this;
    const hub = live?.hub;
    const desk = new LeaseDesk({
      ...this.leaseOptions,
      board,
      ledger: this.#parts.ledger,
      state: this.policyState,
      isLive: live !== undefined,
      maxAgeMs: () => this.#parts.defaultMaxAgeMs(),
      links: () => linksOf(this.#parts.values.topology()),
      tell: (event) => hub?.tell(event),
      attend: () => hub?.attend(),
    });
    hub?.watch({
      onEvent: (event) => {
        revokeFor(event, desk.book);
        this.#tellSoon();
      },
      isAttentive: () => this.#followers.size > 0 || desk.book.live.isWatched,
      isAwaited: () => this.#isAwaited(),
    });
    return desk;
  }
}

function closedError(): GPUError {
  return new GPUError('ERR_GPU_CLOSED', 'expected an open cluster, but it was shut down');
}

function linksOf(topology: Topology | undefined): LinkBetween | undefined {
  if (topology === undefined) return undefined;
  const places = new Map(topology.deviceIds.map((deviceId, place) => [deviceId, place]));
  return (one, other) => topology.links[places.get(one) ?? -1]?.[places.get(other) ?? -1];
}
