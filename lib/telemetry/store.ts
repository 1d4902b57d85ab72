import type { GPUDevice } from '../device.js';
import type { ErrorCode } from '../errors.js';
import type { EventHub } from './event-hub.js';
import type { LiveStatus } from './live-status.js';
import type { GPUMetrics } from './sample.js';

/** Where a manager reads samples: recorded ones (SampleStore) or the sampler's (live). */
export interface TelemetryStore {
  /** The latest sample; undefined when there is none. */
  getMetrics(deviceId: string): GPUMetrics | undefined;
  /** Oldest first; a fresh array. */
  getMetricsHistory(deviceId: string): readonly GPUMetrics[];
  /** Why the latest reading of the device failed; undefined when it did not. Live stores only. */
  getFailure?(deviceId: string): ErrorCode | undefined;
}

/** What a manager is made over: a manual cluster or a live one. */
export interface ClusterParts {
  /** By device id, in the order in which ties are broken; as of now. */
  devices(): ReadonlyMap<string, GPUDevice>;
  readonly store: TelemetryStore;
  /** The greatest age of a sample that counts, now, when a request does not say. */
  defaultMaxAgeMs(): number;
  /** Called once. */
  close(): Promise<void>;
}

/** Device ids that these are given are those of `devices()`. */
export interface LiveClusterParts extends ClusterParts {
  status(): LiveStatus;
  readonly hub: Pick<EventHub, 'healthOf' | 'clear' | 'events' | 'emitter'>;
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
