import {
  type NumberRule,
  outOfRange,
  readNonEmptyString,
  readNumber,
  readObject,
  readProperty,
} from '../arguments.js';
import { readMark } from '../device.js';
import {
  type MetricKey,
  type MetricRow,
  type MetricValues,
  metricTable,
} from './metrics.generated.js';
import type { GPUMetrics } from './sample.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Where the rule for a recorded value is not the metric table's. The table says what a driver can
 * plausibly report; a user may know better, so these hold only what the value's definition forbids.
 */
const recordedRules: { readonly [K in MetricKey]?: NumberRule } = {
  computeUtilizationPercent: { minimum: 0, maximum: 100 },
  memoryUtilizationPercent: { minimum: 0, maximum: 100 },
  memoryTotalBytes: { above: 0 },
  powerLimitWatts: { minimum: 0 },
  temperatureCelsius: { minimum: -273.15 },
  memoryTemperatureCelsius: { minimum: -273.15 },
  performanceState: { minimum: 0, maximum: 15, integer: true },
};

/** Above every physical value; keeps sums over devices finite and bytes exact. */
const greatestValue = Number.MAX_SAFE_INTEGER;

function ruleOf({ key, minimum, kind }: MetricRow): NumberRule {
  const recorded = recordedRules[key];
  if (recorded !== undefined) return { maximum: greatestValue, ...recorded };
  return {
    ...(minimum !== null && { minimum }),
    maximum: greatestValue,
    ...((kind === 'state' || kind === 'flags') && { integer: true }),
  };
}

/** The order of checks; the memory's two are compared before the temperature is looked at. */
const checkedFirst: readonly MetricKey[] = [
  'computeUtilizationPercent',
  'memoryUsedBytes',
  'memoryTotalBytes',
  'temperatureCelsius',
];

function place({ key }: MetricRow): number {
  return checkedFirst.includes(key) ? checkedFirst.indexOf(key) : checkedFirst.length;
}

const rules: readonly (readonly [MetricKey, NumberRule])[] = metricTable
  .toSorted((a, b) => place(a) - place(b))
  .map((row) => [row.key, ruleOf(row)]);

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

/**
 * The sample as a frozen copy without unknown keys; refuses what no device can have measured, in
 * this order: utilisation, memory used, memory total, used above total, temperature, the rest.
 */
export function checkMetrics(unchecked: UncheckedMetrics, what = 'metrics'): GPUMetrics {
  const deviceId = readNonEmptyString(unchecked.deviceId, `${what}.deviceId`);
  const values: Mutable<MetricValues> = {};
  for (const [index, [key, rule]] of rules.entries()) {
    if (key === 'temperatureCelsius') compareMemory(values, what);
    const value = unchecked.values[index];
    if (value !== undefined) values[key] = readNumber(value, `${what}.${key}`, rule);
  }
  const timestampMs = readNumber(unchecked.timestampMs, `${what}.timestampMs`);
  const simulated = readMark(unchecked.simulated, `${what}.simulated`);
  return Object.freeze({ deviceId, timestampMs, ...values, ...(simulated && { simulated }) });
}

function compareMemory(values: MetricValues, what: string): void {
  const { memoryUsedBytes: used, memoryTotalBytes: total } = values;
  if (used !== undefined && total !== undefined && used > total) {
    throw outOfRange(`${what}.memoryUsedBytes`, `at most memoryTotalBytes (${total})`, used);
  }
}

export function readMetrics(value: unknown, what = 'metrics'): GPUMetrics {
  return checkMetrics(readUncheckedMetrics(value, what), what);
}
