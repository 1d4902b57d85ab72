import { describe, expectTypeOf, it } from 'vitest';
import {
  type AggregatedMetrics,
  type AnyMetricKey,
  type CapacityInput,
  type ColumnError,
  type ColumnValues,
  type DetailKey,
  type DetailValues,
  type DeviceDetails,
  DeviceSelector,
  type DeviceView,
  type Distribution,
  type DistributionOptions,
  DistributionStrategy,
  type DistributionStream,
  Distributor,
  type DistributorOptions,
  type DriverState,
  distributeStream,
  type ErrorCode,
  type errorCodes,
  GPUClusteringManager,
  type GPUDevice,
  type GPUError,
  type GPUMetrics,
  type GPUProcess,
  type ItemMove,
  isAvailable,
  type LinkKind,
  type LiveStatus,
  type linkKinds,
  type MetricColumns,
  type MetricDescription,
  type MetricKey,
  type MetricSeries,
  type MetricState,
  type MetricValues,
  type metricStates,
  type OpenOptions,
  type RankedDevice,
  type SelectionExplanation,
  type SelectionRequest,
  type SelectorEntry,
  type SeriesOptions,
  StreamDevices,
  type StreamStats,
  TelemetryCollector,
  type Topology,
  WorkloadDistributor,
} from '../../lib/index.js';
import type { Scenario, ScenarioLoad } from '../../lib/testing/index.js';

type Manager = GPUClusteringManager;

describe('devices and samples', () => {
  it('need what the contract names, and have the rest optional', () => {
    expectTypeOf<{
      deviceId: string;
      name: string;
      vendor: string;
      memoryBytes: number;
    }>().toExtend<GPUDevice>();
    expectTypeOf<{ deviceId: string; timestampMs: number }>().toExtend<GPUMetrics>();
    expectTypeOf<{ deviceId: string }>().not.toExtend<GPUMetrics>();
    expectTypeOf<{ deviceId: string; name: string; vendor: string }>().not.toExtend<GPUDevice>();
    expectTypeOf<GPUMetrics['powerWatts']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<GPUDevice['computeUnits']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<GPUMetrics['simulated']>().toEqualTypeOf<true | undefined>();
    expectTypeOf<GPUMetrics>().toExtend<MetricValues>();
  });

  it('are read-only', () => {
    const metrics: GPUMetrics = { deviceId: 'a', timestampMs: 1 };
    // @ts-expect-error read-only
    metrics.powerWatts = 5;
    const device: GPUDevice = { deviceId: 'a', name: 'a', vendor: 'amd', memoryBytes: 1 };
    // @ts-expect-error read-only
    device.memoryBytes = 5;
  });

  it('have unknown as absent, never as undefined', () => {
    // @ts-expect-error exact optional property
    const metrics: GPUMetrics = { deviceId: 'a', timestampMs: 1, powerWatts: undefined };
    expectTypeOf(metrics).toEqualTypeOf<GPUMetrics>();
  });
});

describe('GPUClusteringManager', () => {
  it('has the methods of the contract', () => {
    expectTypeOf(GPUClusteringManager).toBeConstructibleWith();
    expectTypeOf(GPUClusteringManager).toBeConstructibleWith({ maxHistory: 5 });
    expectTypeOf(GPUClusteringManager.open).parameter(0).toEqualTypeOf<OpenOptions | undefined>();
    expectTypeOf(GPUClusteringManager.open).returns.toEqualTypeOf<Promise<Manager>>();
    expectTypeOf<Manager['registerDevice']>().toEqualTypeOf<(device: GPUDevice) => void>();
    expectTypeOf<Manager['unregisterDevice']>().toEqualTypeOf<(deviceId: string) => boolean>();
    expectTypeOf<Manager['getDevice']>().returns.toEqualTypeOf<GPUDevice | undefined>();
    expectTypeOf<Manager['listDevices']>().returns.toEqualTypeOf<readonly GPUDevice[]>();
    expectTypeOf<Manager['recordMetrics']>().toEqualTypeOf<(metrics: GPUMetrics) => void>();
    expectTypeOf<Manager['recordMany']>().toEqualTypeOf<(columns: MetricColumns) => void>();
    expectTypeOf<MetricColumns['powerWatts']>().toEqualTypeOf<ColumnValues | undefined>();
    expectTypeOf<ColumnError['position']>().toEqualTypeOf<number>();
    expectTypeOf(GPUClusteringManager).toBeConstructibleWith({ maxGapMs: 5 });
    expectTypeOf<Manager['getMetrics']>().returns.toEqualTypeOf<GPUMetrics | undefined>();
    expectTypeOf<Manager['getMetricsHistory']>().returns.toEqualTypeOf<readonly GPUMetrics[]>();
    expectTypeOf<Manager['getAggregatedMetrics']>().returns.toEqualTypeOf<
      AggregatedMetrics | undefined
    >();
    expectTypeOf<Manager['shutdown']>().toEqualTypeOf<() => Promise<void>>();
    expectTypeOf<Manager>().toExtend<AsyncDisposable>();
  });

  it('tells of values and of the driver', () => {
    type Describe = (deviceId: string, metric: AnyMetricKey) => MetricDescription;
    expectTypeOf<Manager['describe']>().toEqualTypeOf<Describe>();
    expectTypeOf<MetricDescription['value']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<(typeof metricStates)[number]>().toEqualTypeOf<MetricState>();
    expectTypeOf<Manager['getDetails']>().returns.toEqualTypeOf<DeviceDetails | undefined>();
    expectTypeOf<DeviceDetails>().toExtend<DetailValues>();
    expectTypeOf<DeviceDetails['processes']>().toEqualTypeOf<readonly GPUProcess[] | undefined>();
    expectTypeOf<DeviceDetails['estimated']>().toEqualTypeOf<readonly DetailKey[] | undefined>();
    expectTypeOf<Manager['getSeries']>().toEqualTypeOf<
      (deviceId: string, metric: MetricKey, options?: SeriesOptions) => MetricSeries
    >();
    expectTypeOf<MetricSeries['values']>().toEqualTypeOf<Float64Array>();
    expectTypeOf<Manager['getTopology']>().returns.toEqualTypeOf<Topology | undefined>();
    expectTypeOf<LinkKind>().toEqualTypeOf<(typeof linkKinds)[number]>();
    expectTypeOf<Manager['suspend']>().toEqualTypeOf<() => Promise<void>>();
    expectTypeOf<Manager['resume']>().toEqualTypeOf<() => Promise<void>>();
    expectTypeOf<LiveStatus['driver']>().toEqualTypeOf<DriverState>();
    expectTypeOf<GPUMetrics['estimated']>().toEqualTypeOf<readonly MetricKey[] | undefined>();
    expectTypeOf<GPUDevice['migEnabled']>().toEqualTypeOf<true | undefined>();
    expectTypeOf<{ lowPower: { idleMs: 5 }; hangTimeoutMs: 500 }>().toExtend<OpenOptions>();
    expectTypeOf<{ lowPower: 500 }>().not.toExtend<OpenOptions>();
    const description: MetricDescription = new GPUClusteringManager().describe('a', 'eccMode');
    // @ts-expect-error read-only
    description.value = 5;
    // @ts-expect-error no metric
    new GPUClusteringManager().describe('a', 'watts');
    // @ts-expect-error the slower tiers have no series
    new GPUClusteringManager().getSeries('a', 'eccMode');
  });

  it('selects', () => {
    type Select<R> = (request?: SelectionRequest) => R;
    expectTypeOf<Manager['rankDevices']>().toEqualTypeOf<Select<readonly RankedDevice[]>>();
    expectTypeOf<Manager['selectBestDevice']>().toEqualTypeOf<Select<string | undefined>>();
    expectTypeOf<Manager['explainSelection']>().toEqualTypeOf<
      Select<readonly SelectionExplanation[]>
    >();
    expectTypeOf<RankedDevice>().toEqualTypeOf<{
      readonly deviceId: string;
      readonly score: number;
      readonly cost: number;
    }>();
    expectTypeOf<{ policy: 'fastest' }>().not.toExtend<SelectionRequest>();
    const free = (view: DeviceView) => view.freeMemoryBytes;
    const odd = (view: DeviceView) => (view.device.index === 1 ? 'odd' : undefined);
    expectTypeOf({ policy: free, filters: [odd] }).toExtend<SelectionRequest>();
    expectTypeOf({ policy: { name: 'mine', cost: free } }).toExtend<SelectionRequest>();
    expectTypeOf<{ filters: [() => Promise<string>] }>().not.toExtend<SelectionRequest>();
    expectTypeOf<SelectionExplanation['status']>().toEqualTypeOf<
      'selected' | 'ranked' | 'rejected'
    >();
  });

  it('distributes what it is given, as what it is', () => {
    const manager = new GPUClusteringManager();
    const shared = manager.distributeWorkload(['prompt'], { strategy: 'capacity' });
    expectTypeOf(shared).toEqualTypeOf<Distribution<string>>();
    expectTypeOf(shared.assignments).toEqualTypeOf<ReadonlyMap<string, readonly string[]>>();
    expectTypeOf(shared.unassigned).toEqualTypeOf<readonly string[]>();
    // @ts-expect-error unknown strategy
    manager.distributeWorkload([], { strategy: 'random' });
    // @ts-expect-error unknown option
    manager.distributeWorkload([], { max: 5 });
    const moved = manager.rebalance(shared, { maxImbalance: 1.1, excludeDeviceIds: ['a'] });
    expectTypeOf(moved.distribution).toEqualTypeOf<Distribution<string>>();
    expectTypeOf(moved.moves).toEqualTypeOf<readonly ItemMove[]>();
    const distributor = manager.createDistributor({ costs: (text: string) => text.length });
    expectTypeOf(distributor.distribute(['prompt'])).toEqualTypeOf<Distribution<string>>();
    // @ts-expect-error its costs are of texts
    distributor.distribute([new Date()]);
    // @ts-expect-error it has the devices of its manager
    distributor.devices = [];
    // @ts-expect-error an internal way of construction is not public
    new GPUClusteringManager({ parts: {} });
  });
});

describe('streams', () => {
  it('are of what they are given', () => {
    const manager = new GPUClusteringManager();
    const stream = manager.distributeStream(['prompt'], { prefetch: 2, labels: { rack: '7' } });
    expectTypeOf(stream).toEqualTypeOf<DistributionStream<string>>();
    expectTypeOf(stream.itemsOf('a')).toExtend<AsyncIterableIterator<string>>();
    expectTypeOf(stream.unfinished).toEqualTypeOf<readonly string[]>();
    const over = distributeStream(new StreamDevices([{ deviceId: 'a' }]), new Set([1, 2]));
    expectTypeOf(over).toEqualTypeOf<DistributionStream<number>>();
    expectTypeOf(over.run((item) => item.toFixed())).toEqualTypeOf<Promise<StreamStats>>();
    // @ts-expect-error a stream has all devices that pass: there is no policy
    manager.distributeStream([], { policy: 'score' });
  });
});

describe('the classes that stand alone', () => {
  it('have the methods of the contract', () => {
    expectTypeOf(TelemetryCollector).toBeConstructibleWith({ maxHistory: 5 });
    expectTypeOf<TelemetryCollector['getMetricsHistory']>().returns.toEqualTypeOf<
      readonly GPUMetrics[]
    >();
    expectTypeOf(DeviceSelector).toBeConstructibleWith(new Set<SelectorEntry>());
    expectTypeOf<DeviceSelector['selectBestDevice']>().returns.toEqualTypeOf<string | undefined>();
    const distributor = new WorkloadDistributor();
    expectTypeOf(distributor.distributeUniform(['a'], [1, 2])).toEqualTypeOf<
      Distribution<number>
    >();
    const carrying = new Distributor([{ deviceId: 'a' }], { costs: (item: number) => item });
    const floats = carrying.distribute(Float32Array.of(1));
    expectTypeOf(floats.itemsOf('a')).toExtend<ArrayLike<number> | undefined>();
    const moved = distributor.rebalance(floats, [{ deviceId: 'b' }], { maxPerDevice: 1 });
    expectTypeOf(moved.distribution).toEqualTypeOf(floats);
    expectTypeOf<Record<string, number>>().toExtend<CapacityInput>();
    expectTypeOf<Map<string, number>>().toExtend<CapacityInput>();
    expectTypeOf<DistributionOptions>().toExtend<DistributorOptions>();
  });
});

describe('the words', () => {
  it('are unions of literals', () => {
    expectTypeOf<DistributionStrategy>().toEqualTypeOf<
      'uniform' | 'capacity' | 'memory' | 'cost' | 'least-loaded' | 'locality' | 'hash'
    >();
    expectTypeOf(DistributionStrategy.Uniform).toEqualTypeOf<'uniform'>();
    expectTypeOf(DistributionStrategy.Capacity).toEqualTypeOf<'capacity'>();
    expectTypeOf<(typeof errorCodes)[number]>().toEqualTypeOf<ErrorCode>();
    expectTypeOf<'ERR_GPU_CLOSED'>().toExtend<ErrorCode>();
    expectTypeOf<'ERR_GPU_WHATEVER'>().not.toExtend<ErrorCode>();
    expectTypeOf<GPUError['code']>().toEqualTypeOf<ErrorCode>();
    expectTypeOf(isAvailable).returns.toEqualTypeOf<Promise<boolean>>();
  });
});

describe('nothing public', () => {
  it('is any', () => {
    expectTypeOf<Manager>().not.toBeAny();
    expectTypeOf<Manager[keyof Manager]>().not.toBeAny();
    expectTypeOf<GPUDevice[keyof GPUDevice]>().not.toBeAny();
    expectTypeOf<GPUMetrics[keyof GPUMetrics]>().not.toBeAny();
    expectTypeOf<AggregatedMetrics[keyof AggregatedMetrics]>().not.toBeAny();
    expectTypeOf<OpenOptions[keyof OpenOptions]>().not.toBeAny();
    expectTypeOf<GPUError[keyof GPUError]>().not.toBeAny();
  });
});

describe('a scenario', () => {
  it('takes what the simulated driver takes', () => {
    const scenario: Scenario = {
      note: 'for the reader',
      step: 'round',
      devices: [
        { board: 'h100', note: 'busy', load: { shape: 'square', dutyPercent: 30 } },
        { board: 't4', load: { shape: 'inference', periodSeconds: 4, dutyPercent: 10 } },
        { board: 'l4', load: { shape: 'sine', minPercent: 5, maxPercent: 10 } },
      ],
    };
    expectTypeOf(scenario).toExtend<Scenario>();
    expectTypeOf<Scenario['step']>().toEqualTypeOf<'clock' | 'round' | 'manual' | undefined>();
  });

  it('has a duty only where there is one', () => {
    // @ts-expect-error a sine has no duty
    const sine: ScenarioLoad = { shape: 'sine', dutyPercent: 30 };
    // @ts-expect-error nor has a constant load a period
    const constant: ScenarioLoad = { shape: 'constant', periodSeconds: 30 };
    expectTypeOf([sine, constant]).not.toBeAny();
  });
});
