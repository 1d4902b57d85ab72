import type { StatisticsSource } from '../aggregation/source.js';
import type { GPUDevice } from '../device.js';
import type { ErrorCode } from '../errors.js';
import type { CheckedLeaseOptions } from '../leases/lease-options.js';
import type { Ledger } from '../leases/ledger.js';
import type { DeviceFeed } from '../selection/device-feed.js';
import type { MetricDescription } from './describe.js';
import type { DeviceDetails } from './details.js';
import type { EventHub } from './event-hub.js';
import type { LiveStatus } from './live-status.js';
import type { CheckedReader } from './metrics-reader.js';
import type { ReadingSource } from './reading-columns.js';
import type { GPUMetrics } from './sample.js';
import type { MetricSeries } from './series.js';
import type { Suspension } from './suspension.js';
import type { Topology } from './topology.js';

/** Where a manager reads samples: recorded ones (SampleStore) or the sampler's (live). */
export interface TelemetryStore {
  /** The latest sample; undefined when there is none, and for what is no device now. */
  getMetrics(deviceId: string): GPUMetrics | undefined;
  /** That of each device that has one, in the order of the cluster's devices. Live stores only. */
  listMetrics?(): GPUMetrics[];
  /** Oldest first; a fresh array. */
  getMetricsHistory(deviceId: string): readonly GPUMetrics[];
  /** Why the latest reading of the device failed; undefined when it did not. Live stores only. */
  getFailure?(deviceId: string): ErrorCode | undefined;
}

/**
 * Values of every tier. Device ids are those of the cluster's devices; metrics and options are as
 * the user gave them, and are checked here.
 */
export interface ValueStore {
  describe(deviceId: string, metric: unknown): MetricDescription;
  /** Undefined: nothing was read yet. */
  details(deviceId: string): DeviceDetails | undefined;
  series(deviceId: string, metric: unknown, options: unknown): MetricSeries;
  /** Undefined: there is no driver to ask. */
  topology(): Topology | undefined;
}

/** What a manager is made over: a manual cluster or a live one. */
export interface ClusterParts {
  /** By device id, in the order in which ties are broken; as of now. */
  devices(): ReadonlyMap<string, GPUDevice>;
  readonly store: TelemetryStore;
  readonly values: ValueStore;
  /** Who holds what of the devices. */
  readonly ledger: Ledger;
  readonly statistics: StatisticsSource;
  /** For one reader of numbers. */
  readings(asked: CheckedReader): ReadingSource;
  /** Devices and samples for a board. */
  readonly feed: DeviceFeed;
  /** The greatest age of a sample that counts, now, when a request does not say. */
  defaultMaxAgeMs(): number;
  /** Called once. */
  close(): Promise<void>;
}

export interface LiveClusterParts extends ClusterParts {
  readonly suspension: Suspension;
  readonly leaseOptions: CheckedLeaseOptions;
  status(): LiveStatus;
  readonly hub: Pick<
    EventHub,
    'healthOf' | 'clear' | 'events' | 'emitter' | 'tell' | 'watch' | 'attend'
  >;
}

/** What an opened driver gives a manager. A class, so that no user object passes for one. */
export class LiveCluster {
  readonly #parts: LiveClusterParts;

  constructor(parts: LiveClusterParts) {
    this.#parts = parts;
  }

  /** Undefined for anything but a LiveCluster. Runs no code of `value`, as instanceof may. */
  static partsOf(value: unknown): LiveClusterParts | undefined {
    const isLive = typeof value === 'object' && value !== null && #parts in value;
    return isLive ? value.#parts : undefined;
  }
}
