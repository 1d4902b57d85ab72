import type { AggregatedMetrics } from '../telemetry/aggregate.js';
import type { LiveStatus } from '../telemetry/live-status.js';
import type { GPUMetrics } from '../telemetry/sample.js';
import { type Cluster, type Device, devicesOf, statusOf } from './cluster.js';

export interface DeviceRow {
  readonly device: Device;
  /** Absent until the device has answered once. */
  readonly metrics?: GPUMetrics | undefined;
  /** Mean utilisation of each of the last seconds, oldest first; undefined: no sample knew it. */
  readonly utilizationPercents: readonly (number | undefined)[];
}

/** Everything that one picture shows, read at one moment. */
export interface ClusterView {
  readonly status: LiveStatus;
  readonly rows: readonly DeviceRow[];
  readonly aggregate?: AggregatedMetrics | undefined;
  readonly unixMs: number;
}

/** Seconds of history that a picture can show. */
export const historySeconds = 60;

export function captureView(cluster: Cluster, unixMs: number): ClusterView {
  const rows = devicesOf(cluster).map((device) => ({
    device,
    metrics: cluster.getMetrics(device.deviceId),
    utilizationPercents: secondMeans(cluster.getMetricsHistory(device.deviceId), unixMs),
  }));
  return { status: statusOf(cluster), rows, aggregate: cluster.getAggregatedMetrics(), unixMs };
}

/**
 * Means over whole seconds of the wall clock, so that a picture moves on by one place a second
 * instead of flickering.
 */
export function secondMeans(
  history: readonly GPUMetrics[],
  unixMs: number,
): readonly (number | undefined)[] {
  const newest = Math.floor(unixMs / 1000);
  const sums = new Float64Array(historySeconds);
  const counts = new Uint32Array(historySeconds);
  for (const { timestampMs, computeUtilizationPercent } of history) {
    const place = historySeconds - 1 - (newest - Math.floor(timestampMs / 1000));
    if (computeUtilizationPercent === undefined || place < 0 || place >= historySeconds) continue;
    sums[place] = (sums[place] ?? 0) + computeUtilizationPercent;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return Array.from(counts, (count, place) =>
    count === 0 ? undefined : (sums[place] ?? 0) / count,
  );
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
