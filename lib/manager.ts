import { describeValue, readString } from './arguments.js';
import { type GPUDevice, readDevice } from './device.js';
import type { Distribution, DistributionOptions } from './distribution/strategy.js';
import { distributeOver } from './distribution/workload.js';
import { GPUError, rangeError } from './errors.js';
import {
  best,
  type Candidate,
  evaluate,
  isRecent,
  type Moment,
  type RankedDevice,
  rank,
} from './selection/evaluation.js';
import { explain, type SelectionExplanation } from './selection/reasons.js';
import { readRequest, type SelectionRequest } from './selection/request.js';
import { type AggregatedMetrics, aggregate } from './telemetry/aggregate.js';
import type { ClusterEmitter } from './telemetry/cluster-emitter.js';
import type { ClusterEvent } from './telemetry/cluster-events.js';
import { readMaxHistory, type TelemetryCollectorOptions } from './telemetry/collector.js';
import { type EventsOptions, readEventsOptions } from './telemetry/event-options.js';
import { readHealthReason } from './telemetry/health-reason.js';
import type { DeviceHealth, HealthReason } from './telemetry/health-state.js';
import type { LiveStatus } from './telemetry/live-status.js';
import { ManualCluster } from './telemetry/manual-cluster.js';
import { openLive } from './telemetry/open.js';
import type { OpenOptions } from './telemetry/open-options.js';
import type { GPUMetrics } from './telemetry/sample.js';
import { type ClusterParts, LiveCluster, type LiveClusterParts } from './telemetry/store.js';
import { checkMetrics, readUncheckedMetrics } from './telemetry/validation.js';

/** Options of a manual cluster. */
export interface GPUClusteringManagerOptions extends TelemetryCollectorOptions {}

/**
 * A cluster of GPUs: its devices, their telemetry, selection among them and distribution over them.
 * `new` makes a manual one: any vendor, you register and record.
 *
 * Every method refuses a call after `shutdown()` with GPUError ERR_GPU_CLOSED, before it looks at
 * its arguments. A refused call changes nothing.
 *
 * @example
 * const manager = new GPUClusteringManager();
 * manager.registerDevice({ deviceId: 'a', name: 'MI300X', vendor: 'amd', memoryBytes: 192e9 });
 * manager.recordMetrics({ deviceId: 'a', timestampMs: Date.now(), computeUtilizationPercent: 12 });
 * manager.selectBestDevice(); // 'a'
 * await manager.shutdown();
 */
export class GPUClusteringManager {
  readonly #cluster: ClusterParts;
  /** Undefined on a live cluster. */
  readonly #manual: ManualCluster | undefined;
  /** Undefined on a manual cluster. */
  readonly #live: LiveClusterParts | undefined;
  #closed: Promise<void> | undefined;

  /**
   * The live cluster: polls the NVIDIA driver on a thread of its own until `shutdown()`. Several
   * opens in a process, workers included, share one sampler. Resolves once every device was read
   * for the first time (or a second passed). An idle manager does not keep the process alive.
   *
   * @throws GPUError with a `hint`, by what is in the way: ERR_GPU_LIBRARY_NOT_FOUND,
   *   ERR_GPU_LIBRARY_INVALID, ERR_GPU_DRIVER_NOT_LOADED, ERR_GPU_DRIVER_MISMATCH,
   *   ERR_GPU_NO_PERMISSION, ERR_GPU_NO_DEVICE, ERR_GPU_TIMEOUT, ERR_GPU_DRIVER_ERROR,
   *   ERR_GPU_ALREADY_OPEN (another library or scenario), ERR_GPU_PLATFORM_UNSUPPORTED,
   *   ERR_GPU_ADDON_NOT_FOUND, ERR_GPU_ADDON_DISABLED; for a simulation ERR_GPU_SCENARIO_INVALID,
   *   ERR_GPU_SIMULATOR_NOT_FOUND. TypeError and RangeError for options, naming the option.
   *
   * @example
   * const manager = await GPUClusteringManager.open();
   * const gpu = manager.selectBestDevice({ minMemoryBytes: 20 * 2 ** 30 });
   */
  static async open(options?: OpenOptions): Promise<GPUClusteringManager> {
    return new GPUClusteringManager(new LiveCluster(await openLive(options)));
  }

  /**
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION.
   * @throws RangeError ERR_GPU_OUT_OF_RANGE.
   */
  constructor(options?: GPUClusteringManagerOptions);
  /** @internal */
  constructor(cluster: LiveCluster);
  constructor(given?: GPUClusteringManagerOptions | LiveCluster) {
    const live = LiveCluster.partsOf(given);
    if (live !== undefined) {
      this.#live = live;
      this.#cluster = live;
      return;
    }
    this.#manual = new ManualCluster(readMaxHistory(given));
    this.#cluster = this.#manual;
  }

  /**
   * Adds a device, as a copy. The same id again replaces the description and keeps place and
   * history.
   * @throws TypeError ERR_GPU_INVALID_TYPE; RangeError ERR_GPU_OUT_OF_RANGE.
   * @throws GPUError ERR_GPU_READ_ONLY on a live cluster.
   */
  registerDevice(device: GPUDevice): void {
    this.#requireOpen();
    const cluster = this.#requireManual('registerDevice');
    const copy = readDevice(device);
    this.#requireOpen();
    cluster.register(copy);
  }

  /**
   * Removes a device with its samples. False when there is none of that id.
   * @throws GPUError ERR_GPU_READ_ONLY on a live cluster.
   */
  unregisterDevice(deviceId: string): boolean {
    this.#requireOpen();
    const cluster = this.#requireManual('unregisterDevice');
    return cluster.unregister(readString(deviceId, 'deviceId'));
  }

  /** The device; undefined when there is none of that id. */
  getDevice(deviceId: string): GPUDevice | undefined {
    this.#requireOpen();
    return this.#cluster.devices().get(readString(deviceId, 'deviceId'));
  }

  /**
   * All devices in registration order. On a live cluster those that came since the open are among
   * them, as far as its option `devices` takes them in; a GPU that is lost stays, and a MIG
   * instance that was destroyed goes.
   */
  listDevices(): readonly GPUDevice[] {
    this.#requireOpen();
    return [...this.#cluster.devices().values()];
  }

  /**
   * Keeps a copy of a sample of a registered device. Keys it does not know are left out.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE, ERR_GPU_TIMESTAMP_ORDER (older than the latest),
   * ERR_GPU_OUT_OF_RANGE (what no device can have measured).
   * @throws TypeError ERR_GPU_INVALID_TYPE. GPUError ERR_GPU_READ_ONLY on a live cluster.
   */
  recordMetrics(metrics: GPUMetrics): void {
    this.#requireOpen();
    const { store } = this.#requireManual('recordMetrics');
    const unchecked = readUncheckedMetrics(metrics);
    this.#requireOpen();
    this.#requireDevice(unchecked.deviceId, 'metrics.deviceId');
    store.add(checkMetrics(unchecked));
  }

  /**
   * The device's latest sample; undefined when it has none yet.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE.
   */
  getMetrics(deviceId: string): GPUMetrics | undefined {
    this.#requireOpen();
    return this.#cluster.store.getMetrics(this.#requireDevice(deviceId, 'deviceId'));
  }

  /**
   * The device's samples, oldest first, at most `maxHistory`.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE.
   */
  getMetricsHistory(deviceId: string): readonly GPUMetrics[] {
    this.#requireOpen();
    return this.#cluster.store.getMetricsHistory(this.#requireDevice(deviceId, 'deviceId'));
  }

  /**
   * Sums and means over every device's latest sample; undefined when there is none. On a live
   * cluster a sample older than selection accepts counts as none: a dead device draws no power.
   */
  getAggregatedMetrics(): AggregatedMetrics | undefined {
    this.#requireOpen();
    const moment = this.#moment();
    const samples = this.#candidates().flatMap(({ metrics }) => metrics ?? []);
    return aggregate(samples.filter((sample) => isRecent(sample, moment)));
  }

  /**
   * The devices that pass the request, best first, scores 0..1; ties in registration order.
   * @throws RangeError ERR_GPU_OUT_OF_RANGE, ERR_GPU_UNKNOWN_POLICY.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION.
   */
  rankDevices(request?: SelectionRequest): readonly RankedDevice[] {
    this.#requireOpen();
    return rank(evaluate(this.#candidates(), this.#moment(request)));
  }

  /** The id of the first of `rankDevices(request)`, if its score is above 0; else undefined. */
  selectBestDevice(request?: SelectionRequest): string | undefined {
    return best(this.rankDevices(request))?.deviceId;
  }

  /** Why each device is selected, ranked or rejected, with numbers; in registration order. */
  explainSelection(request?: SelectionRequest): readonly SelectionExplanation[] {
    this.#requireOpen();
    const moment = this.#moment(request);
    return explain(evaluate(this.#candidates(), moment), moment);
  }

  /**
   * Shares tasks out over the devices in registration order; keeps their order and loses none.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE or ERR_GPU_MISSING_CAPACITY when capacities are not
   * those of the registered devices; ERR_GPU_ZERO_CAPACITY, ERR_GPU_OUT_OF_RANGE,
   * ERR_GPU_UNKNOWN_STRATEGY.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION.
   *
   * @example
   * const { assignments, unassigned } = manager.distributeWorkload(prompts, {
   *   strategy: DistributionStrategy.Capacity,
   *   maxPerDevice: 64,
   * });
   */
  distributeWorkload<T>(tasks: readonly T[], options?: DistributionOptions): Distribution<T> {
    this.#requireOpen();
    return distributeOver(this.#cluster.devices(), { tasks, options });
  }

  /**
   * How the device is, and why; brought up to date first. Undefined on a manual cluster.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE.
   */
  getHealth(deviceId: string): DeviceHealth | undefined {
    this.#requireOpen();
    return this.#live?.hub.healthOf(this.#requireDevice(deviceId, 'deviceId'));
  }

  /**
   * You have seen to the device, or to one reason of its state: that counts no more, until it comes
   * again. A device that does not answer stays lost or hung all the same. Returns what it is now.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE, ERR_GPU_OUT_OF_RANGE (no such reason).
   * @throws GPUError ERR_GPU_NOT_SUPPORTED on a manual cluster.
   */
  clearHealth(deviceId: string, reason?: HealthReason): DeviceHealth | undefined {
    this.#requireOpen();
    const { hub } = this.#requireLive('clearHealth');
    const id = this.#requireDevice(deviceId, 'deviceId');
    return hub.clear(id, readHealthReason(reason, 'reason'));
  }

  /**
   * What happens to devices and driver from now on, in order. A reader that is slow loses the
   * oldest and is told how many, by an event `dropped` in their place. Ends with the cluster, with
   * `return()` (leaving a loop) or by throwing the signal's reason. While it is open it keeps the
   * process alive.
   * @throws TypeError, RangeError naming the option.
   * @throws GPUError ERR_GPU_NOT_SUPPORTED on a manual cluster.
   *
   * @example
   * for await (const event of manager.events()) {
   *   if (event.type === 'health') console.log(event.deviceId, event.health.state);
   * }
   */
  events(options?: EventsOptions): AsyncIterableIterator<ClusterEvent> {
    this.#requireOpen();
    const { hub } = this.#requireLive('events');
    return hub.events(readEventsOptions(options));
  }

  /**
   * An EventEmitter (node:events): each event under its type, and under `event`. Listeners do not
   * keep the process alive; what one throws becomes an uncaught exception, and the others are
   * called all the same.
   * @throws GPUError ERR_GPU_NOT_SUPPORTED on a manual cluster.
   */
  get emitter(): ClusterEmitter {
    return this.#requireLive('emitter').hub.emitter;
  }

  /** How sampling goes, and which driver answers; undefined on a manual cluster. */
  status(): LiveStatus | undefined {
    this.#requireOpen();
    return this.#live?.status();
  }

  /** True when a simulated driver makes the values up. */
  get simulated(): boolean {
    return this.status()?.simulated ?? false;
  }

  /** Ends the cluster. Later calls return the same promise. */
  shutdown(): Promise<void> {
    this.#closed ??= this.#cluster.close();
    return this.#closed;
  }

  /** `await using` ends the cluster. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  #moment(request?: SelectionRequest): Moment {
    return { criteria: readRequest(request, this.#cluster.defaultMaxAgeMs()), nowMs: Date.now() };
  }

  #candidates(): Candidate[] {
    return Array.from(this.#cluster.devices().values(), (device) => ({
      device,
      metrics: this.#cluster.store.getMetrics(device.deviceId),
      failure: () => this.#cluster.store.getFailure?.(device.deviceId),
      health: this.#healthOf(device.deviceId),
      parentHealth: this.#healthOf(device.parentDeviceId),
    }));
  }

  #healthOf(deviceId: string | undefined): DeviceHealth | undefined {
    return deviceId === undefined ? undefined : this.#live?.hub.healthOf(deviceId);
  }

  #requireOpen(): void {
    if (this.#closed !== undefined) {
      throw new GPUError('ERR_GPU_CLOSED', 'expected an open cluster, but it was shut down');
    }
  }

  #requireManual(method: string): ManualCluster {
    if (this.#manual === undefined) {
      throw new GPUError(
        'ERR_GPU_READ_ONLY',
        `${method}: expected a manual cluster, but this one is fed by the driver`,
        { hint: 'use new GPUClusteringManager() to register and record by hand' },
      );
    }
    return this.#manual;
  }

  #requireLive(method: string): LiveClusterParts {
    if (this.#live === undefined) {
      throw new GPUError(
        'ERR_GPU_NOT_SUPPORTED',
        `${method}: expected a live cluster, but this one is fed by hand`,
        { hint: 'use GPUClusteringManager.open(): only a driver tells of health and events' },
      );
    }
    return this.#live;
  }

  #requireDevice(deviceId: unknown, what: string): string {
    const id = readString(deviceId, what);
    if (!this.#cluster.devices().has(id)) {
      throw rangeError(
        'ERR_GPU_UNKNOWN_DEVICE',
        `${what}: expected a registered device, got ${describeValue(id)}`,
      );
    }
    return id;
  }
}
