import type { GPUDevice } from '../device.js';
import type { Distribution } from '../distribution/distribution.js';
import type { DistributionOptions } from '../distribution/strategy.js';
import type { GPUClusteringManager } from '../manager.js';
import type { LiveStatus } from '../telemetry/live-status.js';

/** The part of an open manager that the commands use. */
export interface Cluster
  extends Pick<
    GPUClusteringManager,
    | 'listDevices'
    | 'getMetrics'
    | 'getMetricsHistory'
    | 'getAggregatedMetrics'
    | 'getDetails'
    | 'getHealth'
    | 'explainSelection'
    | 'status'
    | 'shutdown'
  > {
  distribute(workload: number, options?: DistributionOptions<number>): Distribution<number>;
}

/** A device with the index that people know it by. */
export interface Device extends GPUDevice {
  readonly index: number;
}

/** The cluster's devices; one without an index of the driver's is called by its place. */
export function devicesOf(cluster: Pick<Cluster, 'listDevices'>): readonly Device[] {
  return cluster.listDevices().map((device, place) => ({ index: place, ...device }));
}

export function statusOf(cluster: Pick<Cluster, 'status'>): LiveStatus {
  const status = cluster.status();
  if (status === undefined) throw new Error('expected a live cluster, got a manual one');
  return status;
}
