// The seed's formula, exactly.
import type { GPUDevice } from '../../device.js';
import type { Sensed } from '../../telemetry/sensed-values.js';
import type { Decision } from '../decision.js';
import type { DeviceView } from '../device-view.js';
import { percent } from '../figures.js';
import { firstLowest } from '../pick.js';
import type { Policy } from './policy.js';

/** What a score comes from. */
export interface ScoreTerms {
  /** Free memory as a share of the device's; absent when unknown. */
  readonly freeShare?: number;
  /** 1 less the utilisation as a share; absent when unknown. */
  readonly idleShare?: number;
  /** 1 up to 80 °C and where the temperature is unknown, then falling to 0.1. */
  readonly heatFactor: number;
}

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
function unusedMemoryBytes(metrics: Sensed): number | undefined {
  const { memoryTotalBytes: total, memoryUsedBytes: used } = metrics;
  return total === undefined || used === undefined ? undefined : total - used;
}

/**
 * Memory that can still be allocated: what the sample says is free, else total less used; undefined
 * when neither is known.
 */
export function freeMemoryBytes(metrics: Sensed): number | undefined {
  return metrics.memoryFreeBytes ?? unusedMemoryBytes(metrics);
}

function freeShareOf(device: GPUDevice, metrics: Sensed): number | undefined {
  const freeBytes = unusedMemoryBytes(metrics);
  if (freeBytes === undefined || device.memoryUnknown) return undefined;
  return clamp01(freeBytes / device.memoryBytes);
}

function idleShareOf({ computeUtilizationPercent: busy }: Sensed): number | undefined {
  return busy === undefined ? undefined : clamp01(1 - busy / 100);
}

function hasNoMemory({ memoryBytes, memoryUnknown }: GPUDevice): boolean {
  return memoryBytes === 0 && memoryUnknown !== true;
}

/** 0..1; undefined when the sample says nothing that the formula could use. */
export function scoreOf(device: GPUDevice, metrics: Sensed): number | undefined {
  if (hasNoMemory(device)) return 0;
  const freeShare = freeShareOf(device, metrics);
  const idleShare = idleShareOf(metrics);
  if (freeShare === undefined && idleShare === undefined) return undefined;
  return clamp01(weightedMean(freeShare, idleShare) * heatFactor(metrics.temperatureCelsius));
}

export function scoreTermsOf(device: GPUDevice, metrics: Sensed): ScoreTerms {
  const heat = heatFactor(metrics.temperatureCelsius);
  if (hasNoMemory(device)) return { heatFactor: heat };
  const freeShare = freeShareOf(device, metrics);
  const idleShare = idleShareOf(metrics);
  return {
    ...(freeShare !== undefined && { freeShare }),
    ...(idleShare !== undefined && { idleShare }),
    heatFactor: heat,
  };
}

/** The key is the score negated: 1 - score would lose the smallest. */
export const score: Policy = {
  name: 'score',
  judge(view, decision, index) {
    const metrics = decision.metricsOf(view);
    const value = metrics === undefined ? undefined : scoreOf(view.device, metrics);
    decision.candidates.keys[index] = value === undefined ? NaN : -value;
  },
  isEligible: (key) => key < 0,
  pick: ({ candidates }) => firstLowest(candidates),
  costOf: (key) => 1 + key,
  scoreOf: (key) => 0 - key,
  text,
};

function text(view: DeviceView, decision: Decision): string {
  const metrics = decision.metricsOf(view);
  if (metrics === undefined) return 'nothing known';
  const { freeShare, idleShare, heatFactor: factor } = scoreTermsOf(view.device, metrics);
  const heat = factor < 1 ? `, heat factor ${factor.toFixed(2)}` : '';
  return `memory free ${percent(freeShare)}, idle ${percent(idleShare)}${heat}`;
}
