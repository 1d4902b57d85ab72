import type { ErrorCode } from '../errors.js';
import type { AggregatedMetrics } from '../telemetry/aggregate.js';
import type { LiveStatus } from '../telemetry/live-status.js';
import type { GPUMetrics } from '../telemetry/sample.js';
import { type Cluster, type Device, devicesOf, statusOf } from './cluster.js';
import { LoadHistory } from './load-history.js';

export interface DeviceRow {
  readonly device: Device;
  /** Absent until the device has answered once. */
  readonly metrics?: GPUMetrics | undefined;
  /** Why its latest reading failed; absent when it did not. */
  readonly failure?: ErrorCode | undefined;
  /** Mean utilisation of each of the last 60 seconds, oldest first; undefined: unknown. */
  readonly utilizationPercents: readonly (number | undefined)[];
}

/** Everything that one picture shows, read at one moment. */
export interface ClusterView {
  readonly status: LiveStatus;
  readonly rows: readonly DeviceRow[];
  readonly aggregate?: AggregatedMetrics | undefined;
  readonly unixMs: number;
}

/** Takes the samples since the last time into `history`. */
export function observe(
  cluster: Pick<Cluster, 'listDevices' | 'getMetricsHistory'>,
  history: LoadHistory,
): void {
  for (const { deviceId } of cluster.listDevices()) {
    history.add(deviceId, cluster.getMetricsHistory(deviceId));
  }
}

/** `history`: what a picture that is drawn again and again keeps from one to the next. */
export function captureView(
  cluster: Cluster,
  unixMs: number,
  history: LoadHistory = new LoadHistory(),
): ClusterView {
  const status = statusOf(cluster);
  const { periodMs } = status;
  const failures = new Map(status.failing.map(({ deviceId, code }) => [deviceId, code]));
  observe(cluster, history);
  const rows = devicesOf(cluster).map((device) => ({
    device,
    metrics: cluster.getMetrics(device.deviceId),
    failure: failures.get(device.deviceId),
    utilizationPercents: history.percents(device.deviceId, { unixMs, periodMs }),
  }));
  return { status, rows, aggregate: cluster.getAggregatedMetrics(), unixMs };
}

export const sortKeys = ['index', 'utilisation', 'memory', 'power', 'temperature'] as const;
export type SortKey = (typeof sortKeys)[number];

/** By index upwards, by anything else downwards; devices whose value is unknown come last. */
export function sortRows(rows: readonly DeviceRow[], key: SortKey): readonly DeviceRow[] {
  const byIndex = rows.toSorted((a, b) => a.device.index - b.device.index);
  if (key === 'index') return byIndex;
  const rank = (row: DeviceRow) => sortValue(row, key) ?? Number.NEGATIVE_INFINITY;
  return byIndex.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)));
}

function sortValue({ metrics }: DeviceRow, key: Exclude<SortKey, 'index'>): number | undefined {
  switch (key) {
    case 'utilisation':
      return metrics?.computeUtilizationPercent;
    case 'memory':
      return metrics?.memoryUsedBytes;
    case 'power':
      return metrics?.powerWatts;
    case 'temperature':
      return metrics?.temperatureCelsius;
  }
}
