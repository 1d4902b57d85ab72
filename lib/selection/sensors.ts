import { metricTable } from '../telemetry/metrics.generated.js';
import type { Sensed, SensedKey } from '../telemetry/sensed-values.js';

interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

function rangeOf(key: SensedKey): Range {
  const row = metricTable.find((candidate) => candidate.key === key);
  return { minimum: row?.minimum ?? -Infinity, maximum: row?.maximum ?? Infinity };
}

const temperatures = rangeOf('temperatureCelsius');
const powers = rangeOf('powerWatts');
const clocks = rangeOf('clockRateMhz');
const usedMemory = rangeOf('memoryUsedBytes');
const utilizations = rangeOf('computeUtilizationPercent');

/** So many values that are all 0 are no coincidence. */
const leastKnown = 3;

/**
 * Whether a sample says what no device can measure: a value outside the physical range of its
 * metric (NaN and sentinels are), more memory free or used than there is, or nothing but zeros in
 * three values or more, temperature or power among them, for an idle device has both.
 */
export function isImplausible(metrics: Sensed): boolean {
  const { memoryFreeBytes: free = 0, memoryUsedBytes: used = 0 } = metrics;
  const total = metrics.memoryTotalBytes ?? Number.MAX_SAFE_INTEGER;
  if (!(free >= 0 && free <= total && used <= total)) return true;
  const { temperatureCelsius, powerWatts, clockRateMhz } = metrics;
  const { memoryUsedBytes, computeUtilizationPercent } = metrics;
  const isPossible =
    isWithin(temperatureCelsius, temperatures) &&
    isWithin(powerWatts, powers) &&
    isWithin(clockRateMhz, clocks) &&
    isWithin(memoryUsedBytes, usedMemory) &&
    isWithin(computeUtilizationPercent, utilizations);
  if (!isPossible) return true;
  if (temperatureCelsius !== 0 && powerWatts !== 0) return false;
  const values = [
    temperatureCelsius,
    powerWatts,
    clockRateMhz,
    memoryUsedBytes,
    computeUtilizationPercent,
  ].filter((value) => value !== undefined);
  return values.length >= leastKnown && values.every((value) => value === 0);
}

/** Unknown is no mistake. */
function isWithin(value: number | undefined, { minimum, maximum }: Range): boolean {
  return value === undefined || (value >= minimum && value <= maximum);
}
