import { describe, expect, it } from 'vitest';
import { type MetricKey, metricTable } from '../../../lib/telemetry/metrics.generated.js';
import { readMetrics } from '../../../lib/telemetry/validation.js';
import { refusal } from '../../support/refusal.js';

const bare = { deviceId: 'a', timestampMs: 1 };

describe('readMetrics', () => {
  it('keeps every metric of the table, and nothing that it does not know', () => {
    const values = Object.fromEntries(metricTable.map(({ key }) => [key, 1]));
    const metrics = readMetrics({ ...bare, ...values, simulated: true, ageMs: 5, mood: 'good' });
    expect(metrics).toStrictEqual({ ...bare, ...values, simulated: true });
    expect(Object.isFrozen(metrics)).toBe(true);
  });

  it('leaves out what is undefined', () => {
    expect(Object.keys(readMetrics({ ...bare, powerWatts: undefined, simulated: false }))).toEqual([
      'deviceId',
      'timestampMs',
    ]);
  });

  it.each<[MetricKey, number]>([
    ['computeUtilizationPercent', 0],
    ['computeUtilizationPercent', 100],
    ['memoryUsedBytes', 0],
    ['memoryTotalBytes', 0.5],
    ['temperatureCelsius', -273.15],
    ['temperatureCelsius', 1000],
    ['memoryTemperatureCelsius', -40],
    ['powerWatts', 0],
    ['fanSpeedPercent', 1000],
    ['powerWatts', 250_000],
    ['powerLimitWatts', 0],
    ['clockRateMhz', 0],
    ['clockRateMhz', 250_000],
    ['memoryClockMhz', 250_000],
    ['pcieLinkGeneration', 40],
    ['pcieLinkWidth', 128],
    ['performanceState', 15],
  ])('takes %s: %o', (key, value) => {
    expect(readMetrics({ ...bare, [key]: value })[key]).toBe(value);
  });

  it.each<[MetricKey, number]>([
    ['computeUtilizationPercent', 100.001],
    ['computeUtilizationPercent', -0.001],
    ['memoryUtilizationPercent', 101],
    ['memoryUsedBytes', -1],
    ['memoryTotalBytes', 0],
    ['memoryTotalBytes', -1],
    ['memoryFreeBytes', -1],
    ['temperatureCelsius', -273.16],
    ['powerWatts', -0.001],
    ['powerInstantWatts', -1],
    ['energyJoules', -1],
    ['clockRateMhz', -1],
    ['performanceState', 16],
    ['performanceState', 1.5],
    ['clockEventReasons', 0.5],
    ['pcieLinkGeneration', 0],
    ['pcieLinkWidth', 2.5],
  ])('refuses %s: %o', (key, value) => {
    const message = refusal('ERR_GPU_OUT_OF_RANGE', () => readMetrics({ ...bare, [key]: value }));
    expect(message).toContain(`metrics.${key}: expected`);
    expect(message).toContain(`got ${value}`);
  });

  it.each(metricTable.map(({ key }) => key))('refuses %s that is no finite number', (key) => {
    for (const value of [NaN, Infinity, -Infinity]) {
      refusal('ERR_GPU_OUT_OF_RANGE', () => readMetrics({ ...bare, [key]: value }));
    }
    for (const value of ['1', 1n, null, {}, [], true]) {
      refusal('ERR_GPU_INVALID_TYPE', () => readMetrics({ ...bare, [key]: value }));
    }
  });

  it('compares used with total only where both are known', () => {
    expect(readMetrics({ ...bare, memoryUsedBytes: 5 }).memoryUsedBytes).toBe(5);
    const equal = { ...bare, memoryUsedBytes: 5, memoryTotalBytes: 5 };
    expect(readMetrics(equal).memoryUsedBytes).toBe(5);
    refusal('ERR_GPU_OUT_OF_RANGE', () => readMetrics({ ...equal, memoryUsedBytes: 6 }));
  });

  it('checks in a fixed order: the first that is wrong is what is refused', () => {
    const wrong = [
      ['computeUtilizationPercent', 101],
      ['memoryUsedBytes', -1],
      ['memoryTotalBytes', 0],
      ['temperatureCelsius', -300],
    ] as const;
    for (let first = 0; first < wrong.length; first += 1) {
      const values = Object.fromEntries(wrong.slice(first));
      const rest = { powerWatts: -1, timestampMs: NaN };
      const message = refusal('ERR_GPU_OUT_OF_RANGE', () =>
        readMetrics({ ...bare, ...rest, ...values }),
      );
      expect(message).toContain(`metrics.${wrong[first]?.[0]}: `);
    }
    const overfull = { ...bare, memoryUsedBytes: 6, memoryTotalBytes: 5, temperatureCelsius: -300 };
    expect(refusal('ERR_GPU_OUT_OF_RANGE', () => readMetrics(overfull))).toContain(
      'metrics.memoryUsedBytes: expected at most memoryTotalBytes',
    );
  });

  it.each([NaN, Infinity, -Infinity])('refuses a timestamp of %o', (timestampMs) => {
    refusal('ERR_GPU_OUT_OF_RANGE', () => readMetrics({ deviceId: 'a', timestampMs }));
  });

  it('refuses what is no sample', () => {
    for (const value of [undefined, null, 1, 'a', [], () => 0, {}]) {
      refusal('ERR_GPU_INVALID_TYPE', () => readMetrics(value));
    }
    refusal('ERR_GPU_INVALID_TYPE', () => readMetrics({ ...bare, timestampMs: '1' }));
    refusal('ERR_GPU_INVALID_TYPE', () => readMetrics({ ...bare, simulated: 1 }));
    refusal('ERR_GPU_OUT_OF_RANGE', () => readMetrics({ ...bare, deviceId: '' }));
  });
});
