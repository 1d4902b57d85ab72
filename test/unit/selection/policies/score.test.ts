import { describe, expect, it } from 'vitest';
import type { GPUDevice } from '../../../../lib/device.js';
import { scoreOf } from '../../../../lib/selection/policies/score.js';
import type { GPUMetrics } from '../../../../lib/telemetry/sample.js';
import { gpu, sample } from '../../../support/cluster.js';

function score(metrics: GPUMetrics, device: GPUDevice = gpu('a')): number | undefined {
  return scoreOf(device, metrics);
}

function card(usedGigabytes: number, percent: number, celsius: number): GPUMetrics {
  return sample('a', {
    memoryUsedBytes: usedGigabytes * 1e9,
    computeUtilizationPercent: percent,
    temperatureCelsius: celsius,
  });
}

describe('policy score', () => {
  it.each([
    [8, 50, 65, 0.6],
    [20, 80, 75, 0.18],
    [4, 20, 50, 0.82],
    [24, 100, 80, 0],
    [24, 0, 80, 0.4],
    [0, 0, 20, 1],
  ])('of %d of 24 GB used, %d %%, %d °C is %d', (used, percent, celsius, expected) => {
    expect(score(card(used, percent, celsius))).toBeCloseTo(expected, 12);
  });

  it.each([
    [80, 1],
    [90, 0.75],
    [100, 0.5],
    [115.9, 0.1025],
    [116, 0.1],
    [200, 0.1],
  ])('at %d °C is multiplied by %d', (celsius, factor) => {
    expect(score(card(0, 0, celsius))).toBeCloseTo(factor, 12);
  });

  it('divides free memory by the device’s memory, not by the sample’s total', () => {
    const metrics = card(0, 100, 20);
    expect(score(metrics, gpu('a', { memoryBytes: 20e9 }))).toBeCloseTo(0.6, 12);
    expect(score(metrics, gpu('a', { memoryBytes: 48e9 }))).toBeCloseTo(0.3, 12);
  });

  it('is 0 for a device without memory', () => {
    expect(score(card(0, 0, 20), gpu('a', { memoryBytes: 0 }))).toBe(0);
  });

  it('drops unknown terms and renormalises the weights of the others', () => {
    const bare = { deviceId: 'a', timestampMs: 1 };
    const half = { memoryUsedBytes: 12e9, memoryTotalBytes: 24e9 };
    expect(score({ ...bare, ...half })).toBeCloseTo(0.5, 12);
    expect(score({ ...bare, computeUtilizationPercent: 30 })).toBeCloseTo(0.7, 12);
    expect(score({ ...bare, ...half, temperatureCelsius: 90 })).toBeCloseTo(0.375, 12);
    expect(score({ ...bare, memoryUsedBytes: 1, computeUtilizationPercent: 30 })).toBeCloseTo(0.7);
    expect(score({ ...bare, temperatureCelsius: 30 })).toBeUndefined();
  });

  it('drops the memory term where the device does not say how much it has', () => {
    const device = gpu('a', { memoryBytes: 0, memoryUnknown: true });
    expect(score(card(12, 30, 20), device)).toBeCloseTo(0.7, 12);
    expect(score({ deviceId: 'a', timestampMs: 1 }, device)).toBeUndefined();
  });
});
