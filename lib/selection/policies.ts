import type { GPUDevice } from '../device.js';
import type { GPUMetrics } from '../telemetry/sample.js';

/** What a policy makes of one device. */
export interface Score {
  /** 0..1. */
  readonly value: number;
  /** Free memory as a share of the device's; absent when unknown. */
  readonly freeShare?: number;
  /** 1 less the utilisation as a share; absent when unknown. */
  readonly idleShare?: number;
  /** 1 up to 80 °C and where the temperature is unknown, then falling to 0.1. */
  readonly heatFactor: number;
}

/** Undefined when a sample says nothing that the policy could use. */
type Policy = (device: GPUDevice, metrics: GPUMetrics) => Score | undefined;

const freeWeight = 0.6;
const idleWeight = 0.4;
const heatThresholdCelsius = 80;
const heatRangeCelsius = 40;
const leastHeatFactor = 0.1;

function clamp01(value: number): number {
  return Math.max(0, Math.min(1, value));
}

function heatFactor(temperatureCelsius: number | undefined): number {
  if (temperatureCelsius === undefined || temperatureCelsius <= heatThresholdCelsius) return 1;
  const excess = temperatureCelsius - heatThresholdCelsius;
  return Math.max(leastHeatFactor, 1 - excess / heatRangeCelsius);
}

function weightedMean(freeShare: number | undefined, idleShare: number | undefined): number {
  if (freeShare === undefined) return idleShare ?? 0;
  if (idleShare === undefined) return freeShare;
  return freeWeight * freeShare + idleWeight * idleShare;
}

/** Total less used, as the score's formula has it: what the driver reserves counts as free. */
function unusedMemoryBytes(metrics: GPUMetrics): number | undefined {
  const { memoryTotalBytes: total, memoryUsedBytes: used } = metrics;
  return total === undefined || used === undefined ? undefined : total - used;
}

/**
 * Memory that can still be allocated: what the sample says is free, else total less used; undefined
 * when neither is known.
 */
export function freeMemoryBytes(metrics: GPUMetrics): number | undefined {
  return metrics.memoryFreeBytes ?? unusedMemoryBytes(metrics);
}

function freeShareOf(device: GPUDevice, metrics: GPUMetrics): number | undefined {
  const freeBytes = unusedMemoryBytes(metrics);
  if (freeBytes === undefined || device.memoryUnknown) return undefined;
  return clamp01(freeBytes / device.memoryBytes);
}

function idleShareOf({ computeUtilizationPercent: busy }: GPUMetrics): number | undefined {
  return busy === undefined ? undefined : clamp01(1 - busy / 100);
}

const score: Policy = (device, metrics) => {
  const heat = heatFactor(metrics.temperatureCelsius);
  if (device.memoryBytes === 0 && !device.memoryUnknown) return { value: 0, heatFactor: heat };
  const freeShare = freeShareOf(device, metrics);
  const idleShare = idleShareOf(metrics);
  if (freeShare === undefined && idleShare === undefined) return undefined;
  return {
    value: clamp01(weightedMean(freeShare, idleShare) * heat),
    ...(freeShare !== undefined && { freeShare }),
    ...(idleShare !== undefined && { idleShare }),
    heatFactor: heat,
  };
};

export const policies: { readonly score: Policy } = { score };
