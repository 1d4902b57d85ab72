/**
 * Know and share out GPUs: telemetry, selection and distribution.
 * @module
 */

export type { GPUDevice } from './device.js';
export type { CapacityInput } from './distribution/capacity.js';
// Distribution.
export { WorkloadDistributor } from './distribution/distributor.js';
export type {
  Distribution,
  DistributionOptions,
  DistributorOptions,
} from './distribution/strategy.js';
export { DistributionStrategy } from './distribution/strategy.js';
export type { ErrorCode, GPUErrorDetails } from './errors.js';
// Errors.
export { errorCodes, GPUError } from './errors.js';
export type { GPUClusteringManagerOptions } from './manager.js';
// The cluster.
export { GPUClusteringManager } from './manager.js';
export type { RankedDevice, RejectionCode } from './selection/evaluation.js';
export type { SelectionExplanation, SelectionReasonCode } from './selection/reasons.js';
export type { SelectionPolicy, SelectionRequest } from './selection/request.js';
export type { SelectorEntry } from './selection/selector.js';
// Selection.
export { DeviceSelector } from './selection/selector.js';
export type { AggregatedMetrics } from './telemetry/aggregate.js';
export type { TelemetryCollectorOptions } from './telemetry/collector.js';
// Telemetry.
export { TelemetryCollector } from './telemetry/collector.js';
export type { MetricKey, MetricRow, MetricValues } from './telemetry/metrics.generated.js';
export { metricTable } from './telemetry/metrics.generated.js';
export type { GPUMetrics } from './telemetry/sample.js';
