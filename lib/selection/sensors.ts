import { metricTable } from '../telemetry/metrics.generated.js';
import type { GPUMetrics } from '../telemetry/sample.js';

const watched = [
  'temperatureCelsius',
  'powerWatts',
  'clockRateMhz',
  'memoryUsedBytes',
  'computeUtilizationPercent',
] as const;

interface Range {
  readonly key: (typeof watched)[number];
  readonly minimum: number;
  readonly maximum: number;
}

const ranges: readonly Range[] = watched.map((key) => {
  const row = metricTable.find((candidate) => candidate.key === key);
  return { key, minimum: row?.minimum ?? -Infinity, maximum: row?.maximum ?? Infinity };
});

/** So many values that are all 0 are no coincidence. */
const leastKnown = 3;

/**
 * Whether a sample says what no device can measure: a value outside the physical range of its
 * metric (NaN and sentinels are), more memory free or used than there is, or nothing but zeros in
 * three values or more, temperature or power among them, for an idle device has both.
 */
export function isImplausible(metrics: GPUMetrics): boolean {
  const { memoryFreeBytes: free = 0, memoryUsedBytes: used = 0 } = metrics;
  const total = metrics.memoryTotalBytes ?? Number.MAX_SAFE_INTEGER;
  if (!(free >= 0 && free <= total && used <= total)) return true;
  let known = 0;
  for (const { key, minimum, maximum } of ranges) {
    const value = metrics[key];
    if (value === undefined) continue;
    if (!(value >= minimum && value <= maximum)) return true;
    known += 1;
  }
  return known >= leastKnown && isAllZero(metrics);
}

function isAllZero(metrics: GPUMetrics): boolean {
  if (metrics.temperatureCelsius !== 0 && metrics.powerWatts !== 0) return false;
  return ranges.every(({ key }) => (metrics[key] ?? 0) === 0);
}
