import { describe, expect, it } from 'vitest';
import { clusterOf, gpu, sample, untyped } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

describe('values of a manual cluster', () => {
  it('are known from the latest sample, with its age', () => {
    const manager = clusterOf(gpu('a'));
    const timestampMs = Date.now() - 2000;
    manager.recordMetrics(sample('a', { timestampMs: timestampMs - 1, powerWatts: 1 }));
    manager.recordMetrics(sample('a', { timestampMs, powerWatts: 250, simulated: true }));
    const description = manager.describe('a', 'powerWatts');
    expect(description).toEqual({
      deviceId: 'a',
      metric: 'powerWatts',
      unit: 'W',
      state: 'known',
      value: 250,
      sampledAtMs: timestampMs,
      ageMs: expect.any(Number),
      invalidCount: 0,
      simulated: true,
    });
    expect(description.ageMs).toBeGreaterThanOrEqual(2000);
  });

  it('have no age below 0, whatever clock the samples come from', () => {
    const manager = clusterOf(gpu('a'));
    manager.recordMetrics(sample('a', { timestampMs: Date.now() + 60_000, powerWatts: 250 }));
    expect(manager.describe('a', 'powerWatts').ageMs).toBe(0);
  });

  it('are not sampled otherwise', () => {
    const manager = clusterOf(gpu('a'));
    const nothing = { deviceId: 'a', state: 'not-sampled', invalidCount: 0 };
    const watts = { ...nothing, metric: 'powerWatts', unit: 'W' };
    expect(manager.describe('a', 'powerWatts')).toEqual(watts);
    manager.recordMetrics(sample('a'));
    expect(manager.describe('a', 'powerWatts')).toEqual(watts);
    expect(manager.describe('a', 'eccMode')).toMatchObject(nothing);
    expect(manager.getDetails('a')).toBeUndefined();
    expect(manager.getTopology()).toBeUndefined();
    expect(manager.getSeries('a', 'powerWatts')).toEqual({
      deviceId: 'a',
      metric: 'powerWatts',
      unit: 'W',
      timestampsMs: new Float64Array(),
      values: new Float64Array(),
      polled: new Uint8Array(),
      next: 1,
      lost: 0,
    });
  });

  it('are those of registered devices and known metrics', () => {
    const manager = clusterOf(gpu('a'));
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.describe('b', 'powerWatts'));
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.getDetails('b'));
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.getSeries('b', 'powerWatts'));
    refusal('ERR_GPU_INVALID_TYPE', () => manager.describe(untyped(1), 'powerWatts'));
    refusal('ERR_GPU_UNKNOWN_METRIC', () => manager.describe('a', untyped('deviceId')));
    refusal('ERR_GPU_UNKNOWN_METRIC', () => manager.getSeries('a', 'temperatureCelsius'));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => {
      manager.getSeries('a', 'powerWatts', untyped({ to: 1 }));
    });
  });
});
