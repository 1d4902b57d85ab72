import { readObject, readString } from './arguments.js';
import { Cluster } from './cluster.js';
import { ClusterDistribution } from './cluster-distribution.js';
import { type GPUDevice, readDevice } from './device.js';
import type { LeaseOptions } from './leases/lease-options.js';
import { ageOf } from './selection/snapshot-view.js';
import { type AggregatedMetrics, aggregate, withoutParts } from './telemetry/aggregate.js';
import type { ClusterEmitter } from './telemetry/cluster-emitter.js';
import type { ClusterEvent } from './telemetry/cluster-events.js';
import type { TelemetryCollectorOptions } from './telemetry/collector.js';
import type { MetricDescription } from './telemetry/describe.js';
import type { DeviceDetails } from './telemetry/details.js';
import { type EventsOptions, readEventsOptions } from './telemetry/event-options.js';
import { readHealthReason } from './telemetry/health-reason.js';
import type { DeviceHealth, HealthReason } from './telemetry/health-state.js';
import type { LiveStatus } from './telemetry/live-status.js';
import type { AnyMetricKey, MetricKey } from './telemetry/metrics.generated.js';
import {
  ColumnsReader,
  type MetricsReader,
  type MetricsReaderOptions,
  readMetricsReaderOptions,
} from './telemetry/metrics-reader.js';
import { openLive } from './telemetry/open.js';
import type { OpenOptions } from './telemetry/open-options.js';
import { recordMany } from './telemetry/record-many.js';
import type { MetricColumns } from './telemetry/recorded-columns.js';
import { readSample } from './telemetry/recording.generated.js';
import type { GPUMetrics } from './telemetry/sample.js';
import type { MetricSeries, SeriesOptions } from './telemetry/series.js';
import { LiveCluster } from './telemetry/store.js';
import type { Topology } from './telemetry/topology.js';

/** Options of a manual cluster. */
export interface GPUClusteringManagerOptions extends TelemetryCollectorOptions {
  /** How it decides and lends. */
  readonly leases?: LeaseOptions;
}

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
export class GPUClusteringManager extends ClusterDistribution {
  readonly #cluster: Cluster;

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
    const cluster = new Cluster(given);
    super(cluster);
    this.#cluster = cluster;
  }

  /**
   * Adds a device, as a copy. The same id again replaces the description and keeps place and
   * history.
   * @throws TypeError ERR_GPU_INVALID_TYPE; RangeError ERR_GPU_OUT_OF_RANGE.
   * @throws GPUError ERR_GPU_READ_ONLY on a live cluster.
   */
  registerDevice(device: GPUDevice): void {
    const cluster = this.#cluster.openManual('registerDevice');
    const copy = readDevice(device);
    this.#cluster.open();
    cluster.register(copy);
    this.#cluster.devicesChanged();
  }

  /**
   * Removes a device with its samples. False when there is none of that id.
   * @throws GPUError ERR_GPU_READ_ONLY on a live cluster.
   */
  unregisterDevice(deviceId: string): boolean {
    const cluster = this.#cluster.openManual('unregisterDevice');
    const isGone = cluster.unregister(readString(deviceId, 'deviceId'));
    this.#cluster.leases.followDevices();
    this.#cluster.devicesChanged();
    return isGone;
  }

  /** The device; undefined when there is none of that id. */
  getDevice(deviceId: string): GPUDevice | undefined {
    return this.#cluster.open().devices().get(readString(deviceId, 'deviceId'));
  }

  /**
   * All devices in registration order. On a live cluster those that came since the open are among
   * them, as far as its option `devices` takes them in; a GPU that is lost stays, and a MIG
   * instance that was destroyed goes.
   */
  listDevices(): readonly GPUDevice[] {
    return [...this.#cluster.open().devices().values()];
  }

  /**
   * Keeps a copy of a sample of a registered device. Keys it does not know are left out.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE, ERR_GPU_TIMESTAMP_ORDER (older than the latest),
   * ERR_GPU_OUT_OF_RANGE (what no device can have measured).
   * @throws TypeError ERR_GPU_INVALID_TYPE. GPUError ERR_GPU_READ_ONLY on a live cluster.
   */
  recordMetrics(metrics: GPUMetrics): void {
    const { store } = this.#cluster.openManual('recordMetrics');
    const unchecked = readSample(readObject(metrics, 'metrics'));
    this.#cluster.open();
    store.add(unchecked);
  }

  /**
   * Keeps samples that come as columns, as many `recordMetrics` would, at a fraction of the price.
   * They are checked natively; where one is wrong, none is kept.
   * @throws as `recordMetrics`; what is wrong in a column is a `ColumnError`, whose `position` and
   *   `metric` say where the first bad value is. RangeError ERR_GPU_OUT_OF_RANGE: columns that are
   *   not as long as `timestampsMs`.
   * @throws GPUError where the addon does not load: ERR_GPU_PLATFORM_UNSUPPORTED,
   *   ERR_GPU_ADDON_NOT_FOUND, ERR_GPU_ADDON_DISABLED.
   *
   * @example
   * manager.recordMany({
   *   deviceId: 'a',
   *   timestampsMs: [1000, 2000, 3000],
   *   powerWatts: [212.5, undefined, 214],
   * });
   */
  recordMany(columns: MetricColumns): void {
    const { store } = this.#cluster.openManual('recordMany');
    recordMany(store, columns, { open: () => this.#cluster.open() });
  }

  /**
   * The device's latest sample; undefined when it has none yet.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE.
   */
  getMetrics(deviceId: string): GPUMetrics | undefined {
    const { store } = this.#cluster.open();
    // What has a sample is a device: only what has none is looked at.
    return store.getMetrics(deviceId) ?? store.getMetrics(this.#cluster.deviceId(deviceId));
  }

  /**
   * The latest sample of each device that has one, in the order of `listDevices()`: what
   * `getMetrics()` gives of each, in one call and as of one time.
   */
  listMetrics(): readonly GPUMetrics[] {
    return this.#cluster.latestSamples();
  }

  /**
   * The latest samples as numbers in arrays, read again and again without an object: for exporters,
   * gateways and whoever polls. It holds a first reading already, and needs no closing.
   * @throws RangeError ERR_GPU_UNKNOWN_METRIC (none of a sample); ERR_GPU_UNKNOWN_DEVICE;
   *   ERR_GPU_DUPLICATE_DEVICE; ERR_GPU_OUT_OF_RANGE: no metric.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION.
   *
   * @example
   * const reader = manager.createMetricsReader({ metrics: ['powerWatts', 'temperatureCelsius'] });
   * const values = reader.read();
   * reader.deviceIds.forEach((deviceId, device) => {
   *   const at = device * reader.metrics.length;
   *   if (reader.known[at]) console.log(deviceId, values[at], 'W', reader.agesMs[device], 'ms');
   * });
   */
  createMetricsReader<const K extends MetricKey = MetricKey>(
    options?: MetricsReaderOptions<K>,
  ): MetricsReader<K>;
  createMetricsReader(options?: MetricsReaderOptions): MetricsReader {
    const cluster = this.#cluster;
    cluster.open();
    // Options may shut the cluster down while they are read: that is said first.
    const asked = readMetricsReaderOptions(options, (id, what) => {
      cluster.open();
      return cluster.deviceId(id, what);
    });
    const source = cluster.open().readings(asked);
    return new ColumnsReader({ ...asked, source, open: () => cluster.open() });
  }

  /**
   * The device's samples, oldest first, at most `maxHistory`.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE.
   */
  getMetricsHistory(deviceId: string): readonly GPUMetrics[] {
    const { store } = this.#cluster.open();
    return store.getMetricsHistory(this.#cluster.deviceId(deviceId));
  }

  /**
   * A value of any tier with what is known about it, or why it is not known. What a sample or
   * `getDetails` leaves out, this explains.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE, ERR_GPU_UNKNOWN_METRIC.
   *
   * @example
   * const { state, value, ageMs } = manager.describe(deviceId, 'memoryTemperatureCelsius');
   */
  describe(deviceId: string, metric: AnyMetricKey): MetricDescription {
    const { values } = this.#cluster.open();
    return values.describe(this.#cluster.deviceId(deviceId), metric);
  }

  /**
   * What is read each second and every five: errors, links, fans, processes and more. Undefined
   * when nothing was read yet, and on a manual cluster.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE.
   */
  getDetails(deviceId: string): DeviceDetails | undefined {
    const { values } = this.#cluster.open();
    return values.details(this.#cluster.deviceId(deviceId));
  }

  /**
   * What the driver itself measured between the polls, each value at its own time. Empty on a
   * manual cluster.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE; ERR_GPU_UNKNOWN_METRIC for a metric that is not
   *   `buffered` in the metric table; ERR_GPU_OUT_OF_RANGE.
   *
   * @example
   * const { next } = manager.getSeries(deviceId, 'powerWatts');
   * const since = manager.getSeries(deviceId, 'powerWatts', { from: next });
   */
  getSeries(deviceId: string, metric: MetricKey, options?: SeriesOptions): MetricSeries {
    const { values } = this.#cluster.open();
    return values.series(this.#cluster.deviceId(deviceId), metric, options);
  }

  /** How the devices hang together; undefined on a manual cluster. */
  getTopology(): Topology | undefined {
    const { values } = this.#cluster.open();
    return values.topology();
  }

  /**
   * Sums and means over every device's latest sample; undefined when there is none. On a live
   * cluster a sample of a device that is lost, hung, asleep or let go of counts as none, and one
   * older than selection accepts: a dead device draws no power.
   */
  getAggregatedMetrics(): AggregatedMetrics | undefined {
    const cluster = this.#cluster.open();
    const [nowMs, maxAgeMs] = [Date.now(), cluster.defaultMaxAgeMs()];
    const present = this.#cluster.presentSamples();
    const recent = present.filter((sample) => ageOf(sample, nowMs) <= maxAgeMs);
    return aggregate(withoutParts(recent, cluster.devices()));
  }

  /**
   * How the device is, and why; brought up to date first. Undefined on a manual cluster.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE.
   */
  getHealth(deviceId: string): DeviceHealth | undefined {
    this.#cluster.open();
    const id = this.#cluster.deviceId(deviceId);
    return this.#cluster.live?.hub.healthOf(id);
  }

  /**
   * You have seen to the device, or to one reason of its state: that counts no more, until it comes
   * again. A device that does not answer stays lost or hung all the same. Returns what it is now.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE, ERR_GPU_OUT_OF_RANGE (no such reason).
   * @throws GPUError ERR_GPU_NOT_SUPPORTED on a manual cluster.
   */
  clearHealth(deviceId: string, reason?: HealthReason): DeviceHealth | undefined {
    const { hub } = this.#cluster.openLive('clearHealth');
    const id = this.#cluster.deviceId(deviceId);
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
    const { hub } = this.#cluster.openLive('events');
    return hub.events(readEventsOptions(options));
  }

  /**
   * An EventEmitter (node:events): each event under its type, and under `event`. Listeners do not
   * keep the process alive; what one throws becomes an uncaught exception, and the others are
   * called all the same.
   * @throws GPUError ERR_GPU_NOT_SUPPORTED on a manual cluster.
   */
  get emitter(): ClusterEmitter {
    return this.#cluster.requireLive('emitter').hub.emitter;
  }

  /**
   * Lets go of the driver, so that an administrator can reconfigure it (MIG, a reset, an upgrade),
   * and resolves once that is done. Samples age meanwhile. Managers in this process that share the
   * driver are without it as well.
   * @throws GPUError ERR_GPU_TIMEOUT when a driver call does not return within `openTimeoutMs`: it
   *   is let go of after that; ERR_GPU_NOT_SUPPORTED on a manual cluster.
   */
  async suspend(): Promise<void> {
    await this.#cluster.openLive('suspend').suspension.suspend();
  }

  /**
   * Takes the driver up again, and resolves once it serves.
   * @throws GPUError when it does not within `openTimeoutMs`, with the code of what is in the way;
   *   it is tried again and again after that. ERR_GPU_SUSPENDED: another manager in this process
   *   holds it suspended. ERR_GPU_NOT_SUPPORTED on a manual cluster.
   */
  async resume(): Promise<void> {
    await this.#cluster.openLive('resume').suspension.resume();
  }

  /** How sampling goes, and which driver answers; undefined on a manual cluster. */
  status(): LiveStatus | undefined {
    this.#cluster.open();
    return this.#cluster.live?.status();
  }

  /** True when a simulated driver makes the values up. */
  get simulated(): boolean {
    return this.status()?.simulated ?? false;
  }

  /** Ends the cluster. Later calls return the same promise. */
  shutdown(): Promise<void> {
    return this.#cluster.close();
  }

  /** `await using` ends the cluster. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}
