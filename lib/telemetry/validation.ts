import {
  type NumberRule,
  outOfRange,
  readNonEmptyString,
  readNumber,
  readObject,
  readProperty,
} from '../arguments.js';
import { readMark } from '../device.js';
import { type MetricKey, type MetricRow, metricTable } from './metrics.generated.js';
import type { GPUMetrics } from './sample.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Where the rule for a recorded value is not the metric table's. The table says what a driver can
 * plausibly report; a user may know better, so these hold only what physics forbids.
 */
const recordedRules: { readonly [K in MetricKey]?: NumberRule } = {
  memoryTotalBytes: { above: 0 },
  temperatureCelsius: { minimum: -273.15 },
  memoryTemperatureCelsius: { minimum: -273.15 },
};

/** Above every physical value; keeps sums over devices finite and bytes exact. */
const greatestValue = Number.MAX_SAFE_INTEGER;

function ruleOf(row: MetricRow): NumberRule {
  const recorded = recordedRules[row.key];
  if (recorded !== undefined) return { ...recorded, maximum: greatestValue };
  return {
    ...(row.minimum !== null && { minimum: row.minimum }),
    maximum: row.maximum ?? greatestValue,
    ...((row.kind === 'state' || row.kind === 'flags') && { integer: true }),
  };
}

const rules: readonly (readonly [MetricKey, NumberRule])[] = metricTable.map((row) => [
  row.key,
  ruleOf(row),
]);

/** A sample's properties as they were handed in: each read once, none checked yet. */
export interface UncheckedMetrics {
  readonly deviceId: unknown;
  readonly timestampMs: unknown;
  readonly simulated: unknown;
  readonly values: readonly unknown[];
}

/** After this no code of the caller's object runs any more, so checks and changes are one step. */
export function readUncheckedMetrics(value: unknown, what = 'metrics'): UncheckedMetrics {
  const source = readObject(value, what);
  return {
    deviceId: readProperty(source, 'deviceId', what),
    timestampMs: readProperty(source, 'timestampMs', what),
    simulated: readProperty(source, 'simulated', what),
    values: rules.map(([key]) => readProperty(source, key, what)),
  };
}

/** The sample as a frozen copy without unknown keys; refuses what no device can have measured. */
export function checkMetrics(unchecked: UncheckedMetrics, what = 'metrics'): GPUMetrics {
  const metrics: Mutable<GPUMetrics> = {
    deviceId: readNonEmptyString(unchecked.deviceId, `${what}.deviceId`),
    timestampMs: readNumber(unchecked.timestampMs, `${what}.timestampMs`),
  };
  for (const [index, [key, rule]] of rules.entries()) {
    const value = unchecked.values[index];
    if (value !== undefined) metrics[key] = readNumber(value, `${what}.${key}`, rule);
  }
  const { memoryUsedBytes: used, memoryTotalBytes: total } = metrics;
  if (used !== undefined && total !== undefined && used > total) {
    throw outOfRange(`${what}.memoryUsedBytes`, `at most memoryTotalBytes (${total})`, used);
  }
  if (readMark(unchecked.simulated, `${what}.simulated`)) metrics.simulated = true;
  return Object.freeze(metrics);
}

export function readMetrics(value: unknown, what = 'metrics'): GPUMetrics {
  return checkMetrics(readUncheckedMetrics(value, what), what);
}
