import { readDeviceId } from './device.js';
import { GPUError } from './errors.js';
import type { DeviceView } from './selection/device-view.js';
import { barOf } from './selection/fitness.js';
import { snapshotViews } from './selection/snapshot-view.js';
import { speedsOf } from './selection/speed.js';
import { absenceOf } from './telemetry/absence.js';
import { readHistoryOptions } from './telemetry/collector.js';
import type { DeviceHealth } from './telemetry/health-state.js';
import { ManualCluster } from './telemetry/manual-cluster.js';
import type { GPUMetrics } from './telemetry/sample.js';
import { type ClusterParts, LiveCluster, type LiveClusterParts } from './telemetry/store.js';

/** What a manager is over: a manual cluster or a live one, and whether a call may go on. */
export class Cluster {
  readonly #parts: ClusterParts;
  /** Undefined on a live cluster. */
  readonly #manual: ManualCluster | undefined;
  /** Undefined on a manual cluster. */
  readonly live: LiveClusterParts | undefined;
  #closed: Promise<void> | undefined;

  /** A LiveCluster, or the options of a manual one. */
  constructor(given: unknown) {
    this.live = LiveCluster.partsOf(given);
    if (this.live === undefined) {
      this.#manual = new ManualCluster(readHistoryOptions(given));
      this.#parts = this.#manual;
    } else {
      this.#parts = this.live;
    }
  }

  /** @throws GPUError ERR_GPU_CLOSED */
  open(): ClusterParts {
    if (this.#closed === undefined) return this.#parts;
    throw new GPUError('ERR_GPU_CLOSED', 'expected an open cluster, but it was shut down');
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

  /** The devices as selection sees them, as of now. */
  views(): readonly DeviceView[] {
    const { store } = this.#parts;
    const devices = [...this.#parts.devices().values()];
    const candidates = devices.map((device) => ({
      device,
      metrics: store.getMetrics(device.deviceId),
      failure: () => store.getFailure?.(device.deviceId),
      health: this.#healthOf(device.deviceId),
      parentHealth: this.#healthOf(device.parentDeviceId),
    }));
    return snapshotViews(candidates, speedsOf(devices));
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
    const barred = [...this.#parts.devices().values()].filter((device) => {
      const health = this.#healthOf(device.deviceId);
      const parentHealth = this.#healthOf(device.parentDeviceId);
      const failure = () => this.#parts.store.getFailure?.(device.deviceId);
      return barOf({ device, health, parentHealth, failure }) !== undefined;
    });
    return new Set(barred.map(({ deviceId }) => deviceId));
  }

  close(): Promise<void> {
    this.#closed ??= this.#parts.close();
    return this.#closed;
  }

  #healthOf(deviceId: string | undefined): DeviceHealth | undefined {
    return deviceId === undefined ? undefined : this.live?.hub.healthOf(deviceId);
  }
}
