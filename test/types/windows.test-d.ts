import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type AggregateOptions,
  type AnyMetricKey,
  type ClusterMetricStatistics,
  type ClusterWindowAggregate,
  GPUClusteringManager,
  type MetricKey,
  type MetricStatistics,
  type PercentileMethod,
  type PlotColumns,
  type PlotSeries,
  type Summary,
  summarize,
  TelemetryCollector,
  type WatchedWindow,
  type Weighting,
  type WindowAggregate,
} from '../../lib/index.js';

const manager = new GPUClusteringManager();

describe('aggregates', () => {
  it('have the metrics that were asked for', () => {
    const [one] = manager.aggregate({ windowMs: 1, metrics: ['powerWatts', 'smActivityPercent'] });
    expectTypeOf(one).toEqualTypeOf<
      WindowAggregate<'powerWatts' | 'smActivityPercent'> | undefined
    >();
    expectTypeOf(one?.metrics.powerWatts).toEqualTypeOf<MetricStatistics | undefined>();
    expectTypeOf<NonNullable<typeof one>['metrics']>().not.toHaveProperty('energyJoules');
  });

  it('have all of a sample where none were named', () => {
    expectTypeOf(manager.aggregate()).toEqualTypeOf<readonly WindowAggregate<MetricKey>[]>();
    expectTypeOf(manager.aggregate({ last: 5 })).toEqualTypeOf<readonly WindowAggregate[]>();
  });

  it('are one for a cluster', () => {
    const whole = manager.aggregate({ per: 'cluster', metrics: ['powerWatts'] });
    expectTypeOf(whole).toEqualTypeOf<ClusterWindowAggregate<'powerWatts'>>();
    expectTypeOf(whole.metrics.powerWatts).toEqualTypeOf<ClusterMetricStatistics>();
    expectTypeOf(new TelemetryCollector().aggregate({ per: 'cluster' })).toEqualTypeOf<
      ClusterWindowAggregate<MetricKey>
    >();
  });

  it('are one or the other where the options leave that open', () => {
    const options: AggregateOptions = { last: 5 };
    expectTypeOf(manager.aggregate(options)).toEqualTypeOf<
      ClusterWindowAggregate<AnyMetricKey> | readonly WindowAggregate<AnyMetricKey>[]
    >();
  });

  it('of a collector cannot be weighed by memory', () => {
    const collector = new TelemetryCollector();
    collector.aggregate({ per: 'cluster', weighting: 'devices' });
    // @ts-expect-error A collector knows no devices, so none's memory.
    expect(() => collector.aggregate({ per: 'cluster', weighting: 'memory' })).toThrow();
  });

  it('say what may be absent', () => {
    expectTypeOf<MetricStatistics['count']>().toEqualTypeOf<number>();
    expectTypeOf<MetricStatistics['mean']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<MetricStatistics['percentiles'][95]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<WindowAggregate['energyJoules']>().toEqualTypeOf<number | undefined>();
  });

  it('are asked for by known words', () => {
    expectTypeOf<Weighting>().toEqualTypeOf<'samples' | 'devices' | 'memory'>();
    expectTypeOf<PercentileMethod>().toEqualTypeOf<'nearest-rank' | 'linear'>();
    expectTypeOf<{ metrics: ['watts'] }>().not.toExtend<AggregateOptions>();
    expectTypeOf<{ metrics: ['powerWatts']; last: 3 }>().toExtend<AggregateOptions>();
  });
});

describe('other ways of looking at windows', () => {
  it('are a series', () => {
    const options = { deviceId: 'a', metric: 'powerWatts', points: 5 } as const;
    expectTypeOf(manager.series(options)).toEqualTypeOf<PlotSeries>();
    expectTypeOf<PlotSeries>().toExtend<PlotColumns>();
    expectTypeOf<PlotSeries['max']>().toEqualTypeOf<Float64Array>();
  });

  it('are a window that is watched', () => {
    const window = manager.watchWindow({ windowMs: 5, metrics: ['powerWatts'] });
    expectTypeOf(window).toEqualTypeOf<WatchedWindow<'powerWatts'>>();
    expectTypeOf(window.read).parameter(1).toEqualTypeOf<'powerWatts'>();
    expectTypeOf(window.reader('a', 'powerWatts')).returns.toEqualTypeOf<
      MetricStatistics | undefined
    >();
    expectTypeOf(window).toExtend<Disposable>();
  });

  it('are a summary of any array', () => {
    expectTypeOf(summarize(new Uint8Array())).toEqualTypeOf<Summary>();
    expectTypeOf(summarize).parameter(0).not.toExtend<readonly number[]>();
  });
});
