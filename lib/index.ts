/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Know and share out GPUs: telemetry, selection and distribution.
 * @module
 */

// The cluster.

export type { GPUDevice } from './device.js';
export type { GPUClusteringManagerOptions } from './manager.js';
export { GPUClusteringManager } from './manager.js';

// Live telemetry.

export type {
  DeviceFailure,
  DriverState,
  LiveStatus,
  SimulatedDevice,
  Simulation,
} from './telemetry/live-status.js';
export { isAvailable } from './telemetry/open.js';
export type { OpenOptions } from './telemetry/open-options.js';
export type { LinkKind, Topology, TopologyLink } from './telemetry/topology.js';
export { linkKinds } from './telemetry/topology.js';

// Health and events.

export type {
  ClusterEmitter,
  ClusterEventName,
  ClusterListener,
} from './telemetry/cluster-emitter.js';
export type {
  ClusterEvent,
  ClusterEventOf,
  DeviceSetEvent,
  DriverLostEvent,
  DroppedEvent,
  HealthEvent,
  LeaseLeakedEvent,
  LeaseRevokedEvent,
  LifecycleEvent,
  NoticeEvent,
  NoticeKind,
  XidEvent,
} from './telemetry/cluster-events.js';
export type { EventsOptions } from './telemetry/event-options.js';
export type { HealthThresholds } from './telemetry/health.js';
export { defaultHealthThresholds } from './telemetry/health.js';
export type {
  Clearing,
  DeviceHealth,
  HealthReason,
  HealthState,
  LeaseTreatment,
} from './telemetry/health-state.js';
export { healthStates } from './telemetry/health-state.js';
export { xidCatalogueVersion } from './telemetry/xid-catalogue.js';
export type {
  XidAction,
  XidEffect,
  XidOverrides,
  XidPolicy,
  XidRule,
} from './telemetry/xid-policy.js';
export { resolveXidPolicy, xidRule } from './telemetry/xid-policy.js';

// Samples.

export type { AggregatedMetrics } from './telemetry/aggregate.js';
export { clockEventReasonNames } from './telemetry/clock-events.js';
export type { TelemetryCollectorOptions } from './telemetry/collector.js';
export { TelemetryCollector } from './telemetry/collector.js';
export type { MetricDescription, MetricState } from './telemetry/describe.js';
export { metricStates } from './telemetry/describe.js';
export type {
  DeviceDetails,
  FanState,
  GPUProcess,
  NvLinkState,
} from './telemetry/details.js';
export type {
  AnyMetricKey,
  DetailKey,
  DetailValues,
  MetricKey,
  MetricRow,
  MetricValues,
} from './telemetry/metrics.generated.js';
export { detailTable, metricTable } from './telemetry/metrics.generated.js';
export type { MetricsReader, MetricsReaderOptions } from './telemetry/metrics-reader.js';
export type { ColumnValues, MetricColumns } from './telemetry/recorded-columns.js';
export type { GPUMetrics } from './telemetry/sample.js';
export type { MetricSeries, SeriesOptions } from './telemetry/series.js';

// Windows of time.

export type { AggregateOptions, Weighting } from './aggregation/aggregate-options.js';
export type {
  ClusterMetricStatistics,
  ClusterWindowAggregate,
} from './aggregation/cluster-aggregate.js';
export type { WindowAggregate } from './aggregation/device-aggregate.js';
export type { PercentileMethod, PercentileOptions } from './aggregation/percentiles.js';
export type { PlotColumns, PlotOptions, PlotSeries } from './aggregation/plot-series.js';
export type { MetricStatistics, PercentileValues } from './aggregation/statistics.js';
export type { SummarizeOptions, Summary } from './aggregation/summarize.js';
export { summarize } from './aggregation/summarize.js';
export type { WatchedWindow, WatchedWindowOptions } from './aggregation/watched-window.js';
export type { WindowOptions } from './aggregation/window.js';

// Selection.

export type { ComputeCapability, SelectionCriteria } from './selection/criteria.js';
export type {
  CostedView,
  DeviceView,
  ReportedLoad,
  SelectionContext,
  SelectionFilter,
  SelectionPolicy,
  SensorState,
} from './selection/device-view.js';
export type { RejectionCode } from './selection/filters/filter.js';
export type { RankedDevice } from './selection/pipeline.js';
export type { SelectionExplanation, SelectionReasonCode } from './selection/reasons.js';
export type {
  SelectionPolicyName,
  SelectionRequest,
  StalenessPolicy,
} from './selection/request.js';
export { policyNames, stalenessPolicies } from './selection/request.js';
export type { DeviceSelectorOptions, SelectorEntry } from './selection/selector.js';
export { DeviceSelector } from './selection/selector.js';

// Leases.

export type {
  AcquireMessage,
  QueueMessage,
  ReleaseMessage,
  SelectMessage,
} from './diagnostics.js';
export type { Lease } from './leases/lease.js';
export type { LeaseOptions } from './leases/lease-options.js';
export type {
  AcquireRequest,
  LeaseOutcome,
  LeaseRefusal,
  LeaseRequest,
} from './leases/lease-request.js';
export type { DeviceLeaseStatus, LeaseStatus } from './leases/lease-status.js';

// Distribution.

export type { ClusterRebalanceOptions } from './cluster-distribution.js';
export type { ClusterDistributor } from './cluster-distributor.js';
export type { ClusterStreamOptions } from './cluster-stream.js';

export type { CapacityInput } from './distribution/capacity.js';
export { Distributor } from './distribution/carrying-distributor.js';
export { Distribution } from './distribution/distribution.js';
export { WorkloadDistributor } from './distribution/distributor.js';
export type { ItemList, Span, TypedItems } from './distribution/items.js';
export type { DistributionJob, JobSettings } from './distribution/job.js';
export type { UnassignedReason } from './distribution/reasons.js';
export type { RebalanceOptions, Rebalancing } from './distribution/rebalance/rebalance.js';
export type { ItemMove } from './distribution/rebalance/rebalancing.js';
export type { DistributionDevice } from './distribution/standalone-devices.js';
export type {
  CapacitySource,
  DeviceLimits,
  DistributionOptions,
  DistributorOptions,
  ItemKey,
  ItemKeys,
  ItemNumbers,
  LimitsInput,
  OwnStrategy,
  ReserveOptions,
  SharingOptions,
} from './distribution/strategy.js';
export { DistributionStrategy } from './distribution/strategy.js';
export type { DeviceItems } from './distribution/stream/device-items.js';
export type { DistributionStream, RunOptions } from './distribution/stream/distribution-stream.js';
export type { StreamSource } from './distribution/stream/intake.js';
export { distributeStream } from './distribution/stream/standalone.js';
export type { StreamDeviceOptions } from './distribution/stream/stream-devices.js';
export { StreamDevices } from './distribution/stream/stream-devices.js';
export type { StreamOptions } from './distribution/stream/stream-options.js';
export type {
  DeviceStreamStats,
  ItemFailure,
  StreamStats,
} from './distribution/stream/stream-report.js';
export type { StreamWorker, WorkContext } from './distribution/stream/work.js';

// Errors.

export type { CodedError, ColumnError, ErrorCode, GPUErrorDetails } from './errors.js';
export { errorCodes, GPUError } from './errors.js';
