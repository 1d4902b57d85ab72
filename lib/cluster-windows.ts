import {
  type AggregateOptions,
  type Asker,
  readAggregateOptions,
} from './aggregation/aggregate-options.js';
import {
  aggregateCluster,
  type ClusterWindowAggregate,
  withoutInstances,
} from './aggregation/cluster-aggregate.js';
import { aggregateDevices, type WindowAggregate } from './aggregation/device-aggregate.js';
import {
  type PlotOptions,
  type PlotSeries,
  plotSeries,
  readPlotOptions,
} from './aggregation/plot-series.js';
import {
  readWatchedWindowOptions,
  type WatchedWindow,
  type WatchedWindowOptions,
} from './aggregation/watched-window.js';
import type { Cluster } from './cluster.js';
import type { AnyMetricKey, MetricKey } from './telemetry/metrics.generated.js';

/** What a manager says of windows of time. */
export abstract class ClusterWindows {
  readonly #cluster: Cluster;

  /** @internal */
  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * Statistics of metrics in a window of time, exact over all samples that are kept: per device, in
   * the order of `listDevices()` or of `devices`, or of the devices as one. A few native calls, and
   * no sample becomes an object. A window that reaches beyond what is kept is answered for what is
   * there, and `coverage` says so.
   *
   * @throws RangeError ERR_GPU_UNKNOWN_METRIC; ERR_GPU_UNKNOWN_DEVICE; ERR_GPU_DUPLICATE_DEVICE;
   *   ERR_GPU_OUT_OF_RANGE: a window without length or given in two ways, a percentile outside
   *   0..100, more than 32 of them.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION.
   * @throws GPUError on a manual cluster where the addon does not load, as `open()` does.
   *
   * @example
   * const [gpu] = manager.aggregate({ windowMs: 10_000, metrics: ['powerWatts'] });
   * gpu?.metrics.powerWatts.percentiles[95]; // W
   * gpu?.energyJoules; // J, in these ten seconds
   * manager.aggregate({ windowMs: 60_000, per: 'cluster' }).metrics.powerWatts.total; // W
   */
  aggregate<const K extends AnyMetricKey = MetricKey>(
    options: AggregateOptions<K> & { readonly per: 'cluster' },
  ): ClusterWindowAggregate<K>;
  aggregate<const K extends AnyMetricKey = MetricKey>(
    options?: AggregateOptions<K> & { readonly per?: 'device' },
  ): readonly WindowAggregate<K>[];
  aggregate<const K extends AnyMetricKey = MetricKey>(
    options: AggregateOptions<K>,
  ): ClusterWindowAggregate<K> | readonly WindowAggregate<K>[];
  aggregate(
    options?: AggregateOptions,
  ): ClusterWindowAggregate<AnyMetricKey> | readonly WindowAggregate<AnyMetricKey>[] {
    const { statistics } = this.#cluster.open();
    const checked = readAggregateOptions(options, this.#asker(statistics.mostPercentiles));
    const devices = this.#cluster.open().devices();
    const ids = checked.devices ?? [...devices.keys()];
    if (checked.per === 'device') return aggregateDevices(statistics, ids, checked);
    const chosen = ids.flatMap((id) => {
      const device = devices.get(id);
      return device === undefined ? [] : [[id, device] as const];
    });
    const all = new Map(chosen);
    const parts = checked.devices === undefined ? withoutInstances(statistics, all, checked) : all;
    return aggregateCluster(statistics, parts, checked);
  }

  /**
   * A metric for a plot: the window in slices of equal time, and of each slice minimum, maximum and
   * mean of its samples, so that no peak is lost. Slices without a known sample are left out.
   *
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE; ERR_GPU_UNKNOWN_METRIC; ERR_GPU_OUT_OF_RANGE: a
   *   window as in `aggregate`, `points` outside 1..65536, an array of `into` that is too short.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION. GPUError as `aggregate`.
   *
   * @example
   * const { timestampsMs, min, max } = manager.series({
   *   deviceId, metric: 'powerWatts', windowMs: 3_600_000, points: 500,
   * });
   */
  series(options: PlotOptions): PlotSeries {
    const { statistics } = this.#cluster.open();
    const checked = readPlotOptions(options, (id, what) => this.#deviceId(id, what));
    this.#cluster.open();
    return plotSeries(statistics, checked);
  }

  /**
   * A window that is kept up to date with every sample, and read without a look at the samples: the
   * statistics of `aggregate` at the price of a look at memory.
   *
   * @throws RangeError ERR_GPU_UNKNOWN_METRIC; ERR_GPU_OUT_OF_RANGE: a length or percentiles as in
   *   `aggregate`, no metric, more than 65536 periods with percentiles or a long `ewmaMs`,
   *   no memory for it.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION. GPUError as `aggregate`.
   *
   * @example
   * const lastTen = manager.watchWindow({ windowMs: 10_000, metrics: ['powerWatts'] });
   * lastTen.read(deviceId, 'powerWatts')?.mean; // W
   */
  watchWindow<const K extends AnyMetricKey>(options: WatchedWindowOptions<K>): WatchedWindow<K> {
    const { statistics } = this.#cluster.open();
    const checked = readWatchedWindowOptions(options, statistics.mostPercentiles);
    this.#cluster.open();
    return statistics.watch({ ...checked, deviceId: (id) => this.#cluster.deviceId(id) });
  }

  #asker(mostPercentiles: number): Asker {
    return {
      deviceId: (value, what) => this.#deviceId(value, what),
      weightings: ['samples', 'devices', 'memory'],
      mostPercentiles,
    };
  }

  /** Options may have shut the cluster down while they were read: that is said first. */
  #deviceId(value: unknown, what: string): string {
    this.#cluster.open();
    return this.#cluster.deviceId(value, what);
  }
}
