import { describe, expect, it } from 'vitest';
import type { AggregateOptions } from '../../../lib/aggregation/aggregate-options.js';
import type { FakeRecord } from '../../support/fake-aggregation.js';
import { type FakeDevice, fakeMetricKeys } from '../../support/fake-native.js';
import { liveWindows, twoDevices } from '../../support/live-windows.js';

const power = fakeMetricKeys.indexOf('powerWatts');
const own: readonly FakeRecord[] = [
  { count: 1, mean: 10, timeWeightedMean: 20, ewma: 30, integral: 5, coveredMs: 500 },
  { count: 3, mean: 50, timeWeightedMean: 60, ewma: 70, integral: 7, coveredMs: 1000 },
];
const pool: FakeRecord = {
  first: 1,
  lastMs: 5,
  count: 4,
  mean: 40,
  timeWeightedMean: 55,
  coveredMs: 900,
  max: 90,
};
const options = { from: 1000, to: 2000, metrics: ['powerWatts'], per: 'cluster' } as const;

function cluster(more: Partial<AggregateOptions> = {}, devices?: readonly FakeDevice[]) {
  const { manager, native } = liveWindows(devices);
  native.recordOf = (row, metric) => {
    if (metric !== power) return {};
    return row === undefined ? { ...pool, percentiles: [1, 2, 3] } : (own[row] ?? {});
  };
  const whole = manager.aggregate({ ...options, ...more, metrics: ['powerWatts'], per: 'cluster' });
  return { whole, power: whole.metrics.powerWatts, asked: native.asked };
}

describe('the aggregate of a cluster', () => {
  it('is that of all samples as one pool', () => {
    const { whole, power, asked } = cluster();
    expect(power).toMatchObject({ count: 4, mean: 40, timeWeightedMean: 55, max: 90 });
    expect(power).toMatchObject({ coverage: 0.45, deviceCount: 2, total: 80 });
    for (const key of ['first', 'firstMs', 'last', 'lastMs']) expect(power).not.toHaveProperty(key);
    expect(power.percentiles).toEqual({ 50: 1, 95: 2, 99: 3 });
    expect(whole).toMatchObject({ devices: ['GPU-0', 'GPU-1'], deviceCount: 2 });
    expect(whole).toMatchObject({ weighting: 'samples', fromMs: 1000, toMs: 2000 });
    expect(asked.filter(({ pooled }) => pooled)).toMatchObject([{ rows: [0, 1] }]);
    expect(Object.isFrozen(whole)).toBe(true);
    expect(Object.isFrozen(power)).toBe(true);
  });

  it('weighs the means of devices as it says', () => {
    const means = (more: Partial<AggregateOptions>) => {
      const { mean, timeWeightedMean, ewma } = cluster(more).power;
      return [mean, timeWeightedMean, ewma];
    };
    expect(means({ weighting: 'samples' })).toEqual([40, 55, (30 + 3 * 70) / 4]);
    expect(means({ weighting: 'devices' })).toEqual([30, 40, 50]);
    expect(means({ weighting: 'memory' })).toEqual([40, 50, 60]);
  });

  it('knows no mean where nobody who knows one weighs anything', () => {
    const blank = twoDevices.map(({ memoryBytes: _, ...device }) => device);
    const { power } = cluster({ weighting: 'memory' }, blank);
    expect(power).not.toHaveProperty('mean');
    expect(power).toMatchObject({ count: 4, max: 90, total: 80 });
  });

  it('adds energy up over those that know it', () => {
    expect(cluster().whole).toMatchObject({
      energyJoules: 12,
      energySource: 'power',
      energyCoverage: 0.75,
      energyDeviceCount: 2,
    });
    const { whole } = cluster({ devices: ['GPU-1'] });
    expect(whole).toMatchObject({ energyDeviceCount: 1, energyCoverage: 1 });
    const { whole: none } = cluster({ devices: [] });
    expect(none).toMatchObject({ deviceCount: 0, energyDeviceCount: 0 });
    expect(none).not.toHaveProperty('energyJoules');
    expect(none.metrics.powerWatts).toMatchObject({ count: 0, coverage: 0, deviceCount: 0 });
    expect(none.metrics.powerWatts).not.toHaveProperty('total');
  });

  it('says so where some energy is of a counter and some of power', () => {
    const { manager, native } = liveWindows();
    native.recordOf = (row, metric) => {
      if (metric === power) return row === 0 ? {} : { count: 2, integral: 7, coveredMs: 300 };
      return row === 0 ? { count: 2, increase: 5, grownMs: 1200 } : {};
    };
    expect(manager.aggregate(options)).toMatchObject({
      energyJoules: 12,
      energySource: 'mixed',
      // The counter grew from before the window on, which is no more than all of it.
      energyCoverage: 0.65,
      energyDeviceCount: 2,
    });
  });

  it('adds the rates of counters up', () => {
    const { manager, native } = liveWindows();
    native.recordOf = (row) => ({ count: 2, increase: 10, grownMs: row === 0 ? 1000 : 500 });
    const metrics = ['pcieTransmitBytes'] as const;
    const { pcieTransmitBytes } = manager.aggregate({ ...options, metrics }).metrics;
    expect(pcieTransmitBytes).toMatchObject({ increase: 10, ratePerSecond: 30 });
    expect(pcieTransmitBytes).not.toHaveProperty('total');
  });

  it('covers the time of every device', () => {
    const { manager, native } = liveWindows();
    native.recordOf = (row) =>
      row === undefined
        ? { count: 2, coveredMs: 300 }
        : { count: 1, fromMs: 100 * row, toMs: 100 * row + 200 };
    const whole = manager.aggregate({ last: 5, metrics: ['powerWatts'], per: 'cluster' });
    expect(whole).toMatchObject({ fromMs: 0, toMs: 300 });
    expect(whole.metrics.powerWatts).toMatchObject({ coverage: 0.75, fromMs: 0, toMs: 300 });
  });

  it('leaves MIG instances out whose GPU knows anything, unless they are named', () => {
    const parent: FakeDevice = { uuid: 'GPU-0', name: 'fake', index: 0, migEnabled: true };
    const instance: FakeDevice = { uuid: 'MIG-1', name: 'fake', index: 0, parentUuid: 'GPU-0' };
    expect(cluster({}, [parent, instance]).whole.devices).toEqual(['GPU-0']);
    expect(cluster({}, [instance]).whole.devices).toEqual(['MIG-1']);
    const { manager, native } = liveWindows([parent, instance]);
    native.recordOf = (row) => (row === 1 ? { count: 1, integral: 5, coveredMs: 500 } : {});
    const unread = manager.aggregate(options);
    expect(unread).toMatchObject({ devices: ['GPU-0', 'MIG-1'], energyJoules: 5 });
    expect(unread.metrics.powerWatts).toMatchObject({ deviceCount: 1 });
    const named = cluster({ devices: ['MIG-1', 'GPU-0'] }, [parent, instance]);
    expect(named.whole.devices).toEqual(['MIG-1', 'GPU-0']);
  });
});
