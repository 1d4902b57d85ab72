import {
  outOfRange,
  readNonEmptyString,
  readNumber,
  readObject,
  readProperty,
} from '../arguments.js';
import { readMark } from '../device.js';
import { type MetricValues, recordedOrder } from './metrics.generated.js';
import { rules } from './recorded-rules.js';
import type { GPUMetrics } from './sample.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A sample's properties as they were handed in: each read once, none checked yet. */
export interface UncheckedMetrics {
  readonly deviceId: unknown;
  readonly timestampMs: unknown;
  readonly simulated: unknown;
  /** In the order of `recordedOrder`. */
  readonly values: readonly unknown[];
}

function readUncheckedMetrics(value: unknown, what: string): UncheckedMetrics {
  const source = readObject(value, what);
  return {
    deviceId: readProperty(source, 'deviceId', what),
    timestampMs: readProperty(source, 'timestampMs', what),
    simulated: readProperty(source, 'simulated', what),
    values: recordedOrder.map((key) => readProperty(source, key, what)),
  };
}

/**
 * The sample as a frozen copy without unknown keys; refuses what no device can have measured, in
 * this order: utilisation, memory used, memory total, used above total, temperature, the rest.
 */
export function checkMetrics(unchecked: UncheckedMetrics, what = 'metrics'): GPUMetrics {
  const deviceId = readNonEmptyString(unchecked.deviceId, `${what}.deviceId`);
  const values: Mutable<MetricValues> = {};
  for (const [index, key] of recordedOrder.entries()) {
    if (key === 'temperatureCelsius') compareMemory(values, what);
    const value = unchecked.values[index];
    if (value !== undefined) values[key] = readNumber(value, `${what}.${key}`, rules.get(key));
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
