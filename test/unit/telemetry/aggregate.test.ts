import { describe, expect, it } from 'vitest';
import { aggregate } from '../../../lib/telemetry/aggregate.js';
import { sample } from '../../support/cluster.js';

describe('aggregate', () => {
  it('is undefined without samples', () => {
    expect(aggregate([])).toBeUndefined();
  });

  it('sums and averages what is known', () => {
    const result = aggregate([
      sample('a', { memoryUsedBytes: 8e9, computeUtilizationPercent: 50, powerWatts: 100 }),
      sample('b', { memoryUsedBytes: 4e9, computeUtilizationPercent: 100, timestampMs: 3000 }),
      sample('c', { temperatureCelsius: 80, powerWatts: 50, timestampMs: 2000 }),
    ]);
    expect(result).toStrictEqual({
      deviceCount: 3,
      memoryDeviceCount: 3,
      totalMemoryBytes: 72e9,
      usedMemoryBytes: 12e9,
      availableMemoryBytes: 60e9,
      averageUtilizationPercent: 50,
      averageTemperatureCelsius: 60,
      powerDeviceCount: 2,
      totalPowerWatts: 150,
      timestampMs: 3000,
    });
  });

  it('leaves out what no device knows, and counts memory only where both parts are known', () => {
    const result = aggregate([
      { deviceId: 'a', timestampMs: 1, memoryTotalBytes: 10 },
      { deviceId: 'b', timestampMs: 1, memoryUsedBytes: 3 },
      { deviceId: 'c', timestampMs: 1, memoryUsedBytes: 3, memoryTotalBytes: 8, simulated: true },
    ]);
    expect(result).toStrictEqual({
      deviceCount: 3,
      memoryDeviceCount: 1,
      totalMemoryBytes: 8,
      usedMemoryBytes: 3,
      availableMemoryBytes: 5,
      powerDeviceCount: 0,
      timestampMs: 1,
      simulated: true,
    });
  });
});
