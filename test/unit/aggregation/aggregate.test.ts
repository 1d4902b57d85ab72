import { describe, expect, it } from 'vitest';
import type { GPUClusteringManager } from '../../../lib/manager.js';
import { metricTable } from '../../../lib/telemetry/metrics.generated.js';
import { untyped } from '../../support/cluster.js';
import type { FakeRecord } from '../../support/fake-aggregation.js';
import { fakeMetricKeys } from '../../support/fake-native.js';
import { liveWindows, twoDevices } from '../../support/live-windows.js';
import { refusal } from '../../support/refusal.js';

const power = fakeMetricKeys.indexOf('powerWatts');

const full: FakeRecord = {
  count: 4,
  unknownCount: 1,
  coveredMs: 500,
  first: 1,
  last: 4,
  min: 0,
  max: 5,
  mean: 2,
  timeWeightedMean: 2.5,
  standardDeviation: 0.5,
  ewma: 3,
  integral: 1.25,
  increase: 7,
  grownMs: 3500,
  firstMs: 1100,
  lastMs: 1900,
  fromMs: 1000,
  toMs: 2000,
  lost: 0,
  percentiles: [2, 3],
};

const window = { from: 1000, to: 2000 } as const;
const two = { ...window, metrics: ['powerWatts'], percentiles: [50, 99.5] } as const;

describe('the aggregate of each device', () => {
  it('is the record of its row, as plain frozen data', () => {
    const { manager, native } = liveWindows();
    native.recordOf = (row, metric) => (metric === power ? { ...full, first: row ?? -1 } : {});
    const [first, second] = manager.aggregate(two);
    expect(first?.metrics.powerWatts).toEqual({
      metric: 'powerWatts',
      unit: 'W',
      count: 4,
      unknownCount: 1,
      coverage: 0.5,
      fromMs: 1000,
      toMs: 2000,
      first: 0,
      firstMs: 1100,
      last: 4,
      lastMs: 1900,
      min: 0,
      max: 5,
      mean: 2,
      timeWeightedMean: 2.5,
      standardDeviation: 0.5,
      ewma: 3,
      integral: 1.25,
      percentiles: { 50: 2, 99.5: 3 },
    });
    expect(first).toMatchObject({ deviceId: 'GPU-0', fromMs: 1000, toMs: 2000 });
    expect(second).toMatchObject({ deviceId: 'GPU-1', metrics: { powerWatts: { first: 1 } } });
    for (const part of [first, first?.metrics, first?.metrics.powerWatts]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(native.asked[0]).toMatchObject({ by: 0, from: 1000, to: 2000, rows: [0, 1] });
    expect(native.asked[0]).toMatchObject({ linear: false, ewmaMs: 0, pooled: false });
  });

  it('leaves out what is unknown', () => {
    const { manager } = liveWindows();
    const [first] = manager.aggregate(two);
    expect(first).toStrictEqual({
      deviceId: 'GPU-0',
      fromMs: 1000,
      toMs: 2000,
      metrics: {
        powerWatts: {
          metric: 'powerWatts',
          unit: 'W',
          count: 0,
          unknownCount: 0,
          coverage: 0,
          fromMs: 1000,
          toMs: 2000,
          percentiles: {},
        },
      },
    });
    expect(manager.aggregate({ metrics: ['powerWatts'] })[0]).not.toHaveProperty('fromMs');
  });

  it('has an integral of gauges and the growth of counters', () => {
    const { manager, native } = liveWindows();
    native.recordOf = () => full;
    const metrics = ['powerWatts', 'pcieTransmitBytes', 'computeMode'] as const;
    const [first] = manager.aggregate({ ...two, metrics });
    expect(first?.metrics.powerWatts).toMatchObject({ integral: 1.25 });
    expect(first?.metrics.powerWatts).not.toHaveProperty('increase');
    expect(first?.metrics.pcieTransmitBytes).toMatchObject({ increase: 7, ratePerSecond: 2 });
    expect(first?.metrics.pcieTransmitBytes).not.toHaveProperty('integral');
    expect(first?.metrics.computeMode).not.toHaveProperty('integral');
    expect(first?.metrics.computeMode).not.toHaveProperty('increase');
  });

  it('says what was lost, and covers no more than all', () => {
    const { manager, native } = liveWindows();
    native.recordOf = () => ({ ...full, lost: 3, coveredMs: 1000.001 });
    expect(manager.aggregate(two)[0]?.metrics.powerWatts).toMatchObject({ lost: 3, coverage: 1 });
    native.recordOf = () => ({ ...full, coveredMs: 0, fromMs: 1000, toMs: 1000 });
    const one = manager.aggregate({ last: 1, metrics: ['powerWatts'] })[0];
    expect(one).toMatchObject({
      fromMs: 1000,
      toMs: 1000,
      metrics: { powerWatts: { coverage: 1 } },
    });
  });

  it('is of every metric of a sample and of three percentiles where nothing is said', () => {
    const { manager, native } = liveWindows();
    const [first] = manager.aggregate();
    expect(Object.keys(first?.metrics ?? {})).toEqual(metricTable.map(({ key }) => key));
    expect([...(native.asked[0]?.percentiles ?? [])]).toEqual([50, 95, 99]);
    expect(native.asked[0]).toMatchObject({ by: 2, from: Number.MAX_SAFE_INTEGER });
  });

  it('comes in the order in which devices are named, and without them is empty', () => {
    const { manager } = liveWindows();
    const ids = (devices: readonly string[]) =>
      manager.aggregate({ devices }).map(({ deviceId }) => deviceId);
    expect(ids(['GPU-1', 'GPU-0'])).toEqual(['GPU-1', 'GPU-0']);
    expect(ids([])).toEqual([]);
  });

  it('takes the energy from the counter, and from power where that is not known twice', () => {
    const { manager, native } = liveWindows();
    const energyOf = (records: readonly FakeRecord[]) => {
      native.recordOf = (_row, metric) => records[metric === power ? 1 : 0] ?? {};
      const { energyJoules, energySource } = manager.aggregate(two)[0] ?? {};
      return [energyJoules, energySource];
    };
    const counter = { count: 2, increase: 0, grownMs: 1 };
    const powerOnly = { count: 2, integral: 9, coveredMs: 1 };
    expect(energyOf([{ ...counter, increase: 5 }, powerOnly])).toEqual([5, 'counter']);
    expect(energyOf([counter, powerOnly])).toEqual([0, 'counter']);
    expect(energyOf([{ count: 1, increase: 0, grownMs: 0 }, powerOnly])).toEqual([9, 'power']);
    expect(energyOf([{}, powerOnly])).toEqual([9, 'power']);
    expect(energyOf([{}, {}])).toEqual([undefined, undefined]);
    const ofNoTime = { count: 1, integral: 0, coveredMs: 0 };
    expect(energyOf([{}, ofNoTime])).toEqual([undefined, undefined]);
  });

  it('asks again when rows may have become those of others meanwhile', () => {
    const { manager, session, native } = liveWindows();
    const [first, second] = twoDevices;
    let isFirstTime = true;
    native.recordOf = (row) => {
      if (isFirstTime)
        session.list([
          { ...first, row: 4 },
          { ...second, row: 5 },
        ] as never);
      isFirstTime = false;
      return { ...full, first: row ?? -1 };
    };
    const firsts = manager.aggregate(two).map(({ metrics }) => metrics.powerWatts.first);
    expect(firsts).toEqual([4, 5]);
  });
});

describe('a question that is none', () => {
  const refused = (code: Parameters<typeof refusal>[0], options: unknown) => {
    const { manager } = liveWindows();
    return refusal(code, () => manager.aggregate(untyped(options)));
  };

  it('names the device, the metric or the option', () => {
    expect(refused('ERR_GPU_UNKNOWN_METRIC', { metrics: ['watts'] })).toBe(
      'options.metrics[0]: expected the name of a metric, got "watts"',
    );
    expect(refused('ERR_GPU_UNKNOWN_DEVICE', { devices: ['GPU-7'] })).toContain('devices[0]');
    expect(refused('ERR_GPU_DUPLICATE_DEVICE', { devices: ['GPU-0', 'GPU-0'] })).toBe(
      'options.devices[1]: expected each device once, got "GPU-0" again',
    );
    expect(refused('ERR_GPU_UNKNOWN_OPTION', { window: 5 })).toContain('windowMs');
    expect(refused('ERR_GPU_OUT_OF_RANGE', { weighting: 'devices' })).toContain("per: 'cluster'");
    expect(refused('ERR_GPU_OUT_OF_RANGE', { per: 'host' })).toContain('"device" or "cluster"');
    refused('ERR_GPU_OUT_OF_RANGE', { per: 'cluster', weighting: 'power' });
    refused('ERR_GPU_INVALID_TYPE', { metrics: 'powerWatts' });
    refused('ERR_GPU_INVALID_TYPE', 5);
  });

  it.each([-1, 100.1, NaN, Infinity])('percentile %d is refused', (percentile) => {
    const message = refused('ERR_GPU_OUT_OF_RANGE', { percentiles: [50, percentile] });
    expect(message).toContain('options.percentiles[1]: expected a finite number of at least 0');
  });

  it('has too many percentiles, another method, or no time constant', () => {
    const many = Array.from({ length: 33 }, () => 50);
    expect(refused('ERR_GPU_OUT_OF_RANGE', { percentiles: many })).toContain('at most 32');
    refused('ERR_GPU_OUT_OF_RANGE', { percentileMethod: 'median' });
    refused('ERR_GPU_INVALID_TYPE', { percentiles: ['50'] });
    for (const ewmaMs of [0, -1, NaN, 0.0001]) refused('ERR_GPU_OUT_OF_RANGE', { ewmaMs });
  });

  it('comes after shutdown', async () => {
    const { manager } = liveWindows();
    await manager.shutdown();
    const calls: readonly ((manager: GPUClusteringManager) => unknown)[] = [
      (one) => one.aggregate(untyped(5)),
      (one) => one.series(untyped(5)),
      (one) => one.watchWindow(untyped(5)),
    ];
    for (const call of calls) refusal('ERR_GPU_CLOSED', () => call(manager));
  });

  it('shuts its cluster down while it is read, which is said before all else', () => {
    const calls: readonly ((manager: GPUClusteringManager, windowMs: object) => unknown)[] = [
      (one, windowMs) => one.aggregate(withGetter({ devices: ['GPU-0'] }, windowMs)),
      (one, windowMs) => one.series(withGetter({ deviceId: 'GPU-0', points: 1 }, windowMs)),
      (one, windowMs) => one.watchWindow(withGetter({ metrics: ['powerWatts'] }, windowMs)),
    ];
    const withGetter = (options: object, windowMs: object) =>
      untyped(Object.defineProperty(options, 'windowMs', { enumerable: true, ...windowMs }));
    for (const call of calls) {
      const { manager } = liveWindows();
      const get = () => {
        void manager.shutdown();
        return 1;
      };
      refusal('ERR_GPU_CLOSED', () => call(manager, { get }));
    }
  });
});
