import {
  type AggregateOptions,
  readAggregateOptions,
  type Weighting,
} from '../aggregation/aggregate-options.js';
import { aggregateCluster, type ClusterWindowAggregate } from '../aggregation/cluster-aggregate.js';
import { aggregateDevices, type WindowAggregate } from '../aggregation/device-aggregate.js';
import { RecordedStatistics } from '../aggregation/recorded-statistics.js';
import { readNumber, readObject, readOptions, readString } from '../arguments.js';
import { readDeviceId } from '../device.js';
import { type AggregatedMetrics, aggregate } from './aggregate.js';
import type { AnyMetricKey, MetricKey } from './metrics.generated.js';
import { recordMany } from './record-many.js';
import type { MetricColumns } from './recorded-columns.js';
import { readSample } from './recording.generated.js';
import type { GPUMetrics } from './sample.js';
import { SampleStore } from './sample-store.js';
import type { TelemetryStore } from './store.js';

export interface TelemetryCollectorOptions {
  /**
   * Samples kept per device, an integer of at least 1; the oldest goes first. Memory grows with
   * what is recorded, not with this number.
   * @default 100
   */
  readonly maxHistory?: number;
  /**
   * How long a recorded value holds when no sample follows, at most, above 0; what comes later in
   * a window counts as not covered. A value never holds beyond the next sample.
   * @default Infinity
   */
  readonly maxGapMs?: number;
}

/** A collector knows no device's memory to weigh by. */
type CollectedAggregateOptions<K extends AnyMetricKey> = AggregateOptions<K> & {
  readonly weighting?: Exclude<Weighting, 'memory'>;
};

const defaultMaxHistory = 100;

export type HistoryOptions = Required<TelemetryCollectorOptions>;

export const historyKeys = ['maxHistory', 'maxGapMs'] as const;
Object.freeze(historyKeys);

/** How much is kept and how long a value holds, with the defaults. */
export function historyOptionsOf(given: ReadonlyMap<string, unknown>): HistoryOptions {
  const { maxHistory = defaultMaxHistory, maxGapMs = Infinity } = Object.fromEntries(given);
  return {
    maxHistory: readNumber(maxHistory, 'options.maxHistory', { minimum: 1, integer: true }),
    maxGapMs: readNumber(maxGapMs, 'options.maxGapMs', { above: 0, orInfinity: true }),
  };
}

/**
 * Keeps recorded samples of any devices, without registration.
 *
 * @example
 * const collector = new TelemetryCollector({ maxHistory: 10 });
 * collector.recordMetrics({ deviceId: 'cuda:0', timestampMs: Date.now(), powerWatts: 210 });
 * collector.getMetrics('cuda:0')?.powerWatts; // 210
 */
export class TelemetryCollector implements TelemetryStore {
  readonly #store: SampleStore;
  readonly #statistics: RecordedStatistics;

  constructor(options?: TelemetryCollectorOptions) {
    this.#store = new SampleStore(historyOptionsOf(readOptions(options, historyKeys)));
    this.#statistics = new RecordedStatistics(this.#store);
  }

  /**
   * Keeps a copy of a sample. Keys it does not know are left out. A refused sample changes nothing.
   * @throws TypeError ERR_GPU_INVALID_TYPE: not an object, no device id, a value that is no number.
   * @throws RangeError ERR_GPU_OUT_OF_RANGE: a value that no device can have measured.
   * @throws RangeError ERR_GPU_TIMESTAMP_ORDER: older than the device's latest sample.
   */
  recordMetrics(metrics: GPUMetrics): void {
    this.#store.add(readSample(readObject(metrics, 'metrics')));
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
   * collector.recordMany({
   *   deviceId: 'a',
   *   timestampsMs: [1000, 2000, 3000],
   *   powerWatts: [212.5, undefined, 214],
   * });
   */
  recordMany(columns: MetricColumns): void {
    recordMany(this.#store, columns);
  }

  /** The device's latest sample; undefined for a device that recorded none. */
  getMetrics(deviceId: string): GPUMetrics | undefined {
    return this.#store.getMetrics(readString(deviceId, 'deviceId'));
  }

  /** The device's samples, oldest first, at most `maxHistory`; empty when it recorded none. */
  getMetricsHistory(deviceId: string): readonly GPUMetrics[] {
    return this.#store.getMetricsHistory(readString(deviceId, 'deviceId'));
  }

  /** Sums and means over every device's latest sample; undefined when nothing was recorded. */
  getAggregatedMetrics(): AggregatedMetrics | undefined {
    return aggregate(this.#store.latest());
  }

  /**
   * Statistics of metrics in a window of time, as `GPUClusteringManager.aggregate` has them, of the
   * devices that recorded samples. Nothing is known of their memory, so it cannot be a weighting.
   * @throws as `GPUClusteringManager.aggregate` on a manual cluster
   */
  aggregate<const K extends AnyMetricKey = MetricKey>(
    options: CollectedAggregateOptions<K> & { readonly per: 'cluster' },
  ): ClusterWindowAggregate<K>;
  aggregate<const K extends AnyMetricKey = MetricKey>(
    options?: AggregateOptions<K> & { readonly per?: 'device' },
  ): readonly WindowAggregate<K>[];
  aggregate<const K extends AnyMetricKey = MetricKey>(
    options: CollectedAggregateOptions<K>,
  ): ClusterWindowAggregate<K> | readonly WindowAggregate<K>[];
  aggregate(
    options?: AggregateOptions,
  ): ClusterWindowAggregate<AnyMetricKey> | readonly WindowAggregate<AnyMetricKey>[] {
    const statistics = this.#statistics;
    const known = new Map(this.#store.deviceIds().map((id) => [id, { memoryBytes: 0 }]));
    const checked = readAggregateOptions(options, {
      deviceId: (id, what) => readDeviceId(id, known, what),
      weightings: ['samples', 'devices'],
      mostPercentiles: statistics.mostPercentiles,
    });
    const ids = checked.devices ?? [...known.keys()];
    if (checked.per === 'device') return aggregateDevices(statistics, ids, checked);
    const weighed = new Map(ids.map((id) => [id, { memoryBytes: 0 }]));
    return aggregateCluster(statistics, weighed, checked);
  }

  /** Forgets a device's samples, the aggregate included. True when there were any. */
  removeDevice(deviceId: string): boolean {
    return this.#store.remove(readString(deviceId, 'deviceId'));
  }
}
