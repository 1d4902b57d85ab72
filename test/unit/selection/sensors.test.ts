import { describe, expect, it } from 'vitest';
import { isImplausible } from '../../../lib/selection/sensors.js';
import { speedsOf } from '../../../lib/selection/speed.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';
import { gpu, sample } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

const bare = { deviceId: 'a', timestampMs: 1 };
const zeros = {
  temperatureCelsius: 0,
  powerWatts: 0,
  clockRateMhz: 0,
  memoryUsedBytes: 0,
  computeUtilizationPercent: 0,
};

describe('a sample is implausible', () => {
  it.each<Partial<GPUMetrics>>([
    zeros,
    { temperatureCelsius: 0, memoryUsedBytes: 0, computeUtilizationPercent: 0 },
    { powerWatts: 0, clockRateMhz: 0, computeUtilizationPercent: 0 },
    { temperatureCelsius: NaN },
    { temperatureCelsius: 65_535 },
    { powerWatts: 4_294_967.295 },
    { powerWatts: -1 },
    { clockRateMhz: 0xffff_ffff },
    { memoryUsedBytes: Number.MAX_SAFE_INTEGER },
    { computeUtilizationPercent: Infinity },
    { memoryFreeBytes: 25e9, memoryTotalBytes: 24e9 },
    { memoryFreeBytes: NaN },
    { memoryUsedBytes: 25e9, memoryTotalBytes: 24e9 },
    { memoryTotalBytes: NaN },
    { memoryFreeBytes: -1 },
  ])('with %o', (values) => {
    expect(isImplausible({ ...bare, ...values })).toBe(true);
  });

  it.each<Partial<GPUMetrics>>([
    {},
    { memoryUsedBytes: 0, clockRateMhz: 0, computeUtilizationPercent: 0 },
    { temperatureCelsius: 0, computeUtilizationPercent: 0 },
    { ...zeros, temperatureCelsius: 25 },
    { ...zeros, powerWatts: 9 },
    { ...zeros, memoryUsedBytes: 1 },
    { ...sample('a'), memoryFreeBytes: 24e9 },
  ])('not with %o', (values) => {
    expect(isImplausible({ ...bare, ...values })).toBe(false);
  });
});

describe('speeds', () => {
  const clocked = (deviceId: string, computeUnits: number, clockRateMhz: number) =>
    gpu(deviceId, { computeUnits, clockRateMhz });

  it('are units times clock where all know both, the fastest 1', () => {
    expect(speedsOf([clocked('a', 100, 1000), clocked('b', 50, 2000)])).toEqual([1, 1]);
    expect(speedsOf([clocked('a', 100, 2000), clocked('b', 50, 1000)])).toEqual([1, 0.25]);
  });

  it('are units where one does not know its clock, else 1 for all', () => {
    expect(speedsOf([clocked('a', 100, 2000), gpu('b', { computeUnits: 25 })])).toEqual([1, 0.25]);
    expect(speedsOf([clocked('a', 100, 2000), gpu('b', { clockRateMhz: 1000 })])).toEqual([1, 1]);
    expect(speedsOf([clocked('a', 100, 2000), clocked('b', 0, 0)])).toEqual([1, 1]);
    expect(speedsOf([])).toEqual([]);
  });

  it('leave out a GPU that is split', () => {
    const parent = gpu('p', { migEnabled: true });
    const parts = [clocked('a', 30, 1000), clocked('b', 60, 1000)];
    expect(speedsOf([parent, ...parts])).toEqual([1, 0.5, 1]);
    expect(speedsOf([parent])).toEqual([1]);
  });

  it('are what the user says', () => {
    const by = (figures: Readonly<Record<string, number>>) =>
      speedsOf([gpu('a'), gpu('b')], ({ deviceId }) => figures[deviceId]);
    expect(by({ a: 3, b: 6 })).toEqual([0.5, 1]);
    refusal('ERR_GPU_OUT_OF_RANGE', () => by({ a: 0, b: 6 }));
    refusal('ERR_GPU_OUT_OF_RANGE', () => by({ a: NaN, b: 6 }));
    refusal('ERR_GPU_INVALID_TYPE', () => by({ a: 1 }));
    const throwing = () =>
      speedsOf([gpu('a')], () => {
        throw new Error('no');
      });
    expect(refusal('ERR_GPU_INVALID_TYPE', throwing)).toContain('speedOf of "a"');
    expect(by({ a: Number.MIN_VALUE, b: 1e300 })[0]).toBeGreaterThan(0);
  });
});
