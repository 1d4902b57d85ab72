// What the seed module did wrong, one test each, by the numbers of its list of known faults. 9 to
// 11 are properties of policy `score` that stay; they are pinned, so that no other policy inherits
// them unseen.
import { describe, expect, it } from 'vitest';
import { WorkloadDistributor } from '../../lib/distribution/distributor.js';
import { DeviceSelector } from '../../lib/selection/selector.js';
import { TelemetryCollector } from '../../lib/telemetry/collector.js';
import { clusterOf, gpu, numbers, sample, sizes } from '../support/cluster.js';
import { refusal } from '../support/refusal.js';

const distributor = new WorkloadDistributor();

function byCapacity(capacities: readonly number[], items: number): number[] {
  const named = new Map(capacities.map((capacity, place) => [`gpu-${place}`, capacity]));
  return sizes(distributor.distributeByCapacity(named, numbers(items)).assignments);
}

describe('known faults of the seed', () => {
  it('1: a device of capacity 0 gets no work', () => {
    expect(byCapacity([0, 1, 1], 4)).toEqual([0, 2, 2]);
  });

  it('2: small devices do not starve the big one', () => {
    expect(byCapacity([1, 1, 98], 2)).toEqual([0, 0, 2]);
    expect(byCapacity([1, 1, 1, 1, 1, 1, 1, 93], 10)).toEqual([0, 0, 0, 0, 0, 0, 0, 10]);
  });

  it('3: leftovers do not all go to one device', () => {
    expect(byCapacity([1, 1, 1, 1, 1, 1, 1], 13)).toEqual([2, 2, 2, 2, 2, 2, 1]);
    expect(byCapacity([1.9, 1.9, 2, 1.9], 10)).toEqual([3, 2, 3, 2]);
  });

  it('4: ids are never sorted as text', () => {
    const manager = clusterOf(
      gpu('cuda:2', { computeUnits: 1 }),
      gpu('cuda:10', { computeUnits: 1 }),
    );
    for (const strategy of ['uniform', 'capacity'] as const) {
      const { assignments } = manager.distributeWorkload([1, 2], { strategy });
      expect([...assignments.keys()]).toEqual(['cuda:2', 'cuda:10']);
    }
  });

  it('5: a maximum loses no item, holds for both strategies, and is never negative', () => {
    const manager = clusterOf(gpu('a', { computeUnits: 1 }), gpu('b', { computeUnits: 1 }));
    for (const strategy of ['uniform', 'capacity'] as const) {
      const options = { strategy, maxPerDevice: 3 };
      const { assignments, unassigned } = manager.distributeWorkload(numbers(10), options);
      expect(sizes(assignments)).toEqual([3, 3]);
      expect(unassigned).toEqual([6, 7, 8, 9]);
    }
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.distributeWorkload([1], { maxPerDevice: -1 }));
  });

  it('6: an id that comes twice is refused', () => {
    const run = () => distributor.distributeUniform(['a', 'a', 'b'], numbers(9));
    refusal('ERR_GPU_DUPLICATE_DEVICE', run);
  });

  it('7: a capacity of NaN or Infinity is refused as what it is', () => {
    expect(refusal('ERR_GPU_OUT_OF_RANGE', () => byCapacity([NaN, 1], 3))).toContain('got NaN');
    expect(refusal('ERR_GPU_OUT_OF_RANGE', () => byCapacity([Infinity, 1], 3))).toContain(
      '"gpu-0"',
    );
  });

  it('8: no NaN enters, negative power and older samples neither', () => {
    const manager = clusterOf(gpu('a'));
    manager.recordMetrics(sample('a'));
    for (const key of [
      'computeUtilizationPercent',
      'temperatureCelsius',
      'memoryUsedBytes',
      'memoryTotalBytes',
      'powerWatts',
      'clockRateMhz',
      'timestampMs',
    ]) {
      refusal('ERR_GPU_OUT_OF_RANGE', () => manager.recordMetrics({ ...sample('a'), [key]: NaN }));
    }
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.recordMetrics(sample('a', { powerWatts: -1 })));
    refusal('ERR_GPU_TIMESTAMP_ORDER', () =>
      manager.recordMetrics(sample('a', { timestampMs: 999 })),
    );
    expect(manager.getMetricsHistory('a')).toStrictEqual([sample('a')]);
  });

  it('9 (kept by policy score): the score is relative to the device’s own memory', () => {
    const small = sample('small', { memoryTotalBytes: 8e9 });
    const large = sample('large', { memoryTotalBytes: 80e9, memoryUsedBytes: 40e9 });
    const selector = new DeviceSelector([
      { device: gpu('large', { memoryBytes: 80e9 }), metrics: large },
      { device: gpu('small', { memoryBytes: 8e9 }), metrics: small },
    ]);
    expect(selector.rankDevices()).toMatchObject([
      { deviceId: 'small', score: 1, cost: 0 },
      { deviceId: 'large', score: 0.7 },
    ]);
  });

  it('10 (kept by policy score): full and idle is selectable, full and busy is not', () => {
    const manager = clusterOf(gpu('a'));
    manager.recordMetrics(sample('a', { memoryUsedBytes: 24e9 }));
    expect(manager.rankDevices()).toMatchObject([{ deviceId: 'a', score: 0.4 }]);
    expect(manager.selectBestDevice()).toBe('a');
    manager.recordMetrics(
      sample('a', { memoryUsedBytes: 24e9, computeUtilizationPercent: 100, timestampMs: 2000 }),
    );
    expect(manager.rankDevices()).toMatchObject([{ deviceId: 'a', score: 0 }]);
    expect(manager.selectBestDevice()).toBeUndefined();
  });

  it('11 (kept by policy score): heat lowers the score to a tenth and never excludes', () => {
    const manager = clusterOf(gpu('a'));
    manager.recordMetrics(sample('a', { temperatureCelsius: 116 }));
    expect(manager.rankDevices()[0]?.score).toBeCloseTo(0.1, 12);
    expect(manager.selectBestDevice()).toBe('a');
  });

  it('12: a sample can be too old to count', () => {
    const manager = clusterOf(gpu('a'));
    manager.recordMetrics(sample('a', { timestampMs: Date.now() - 86_400_000 }));
    expect(manager.selectBestDevice({ maxAgeMs: 5000 })).toBeUndefined();
  });

  it('13: no vendor and no backend is preferred or assumed', () => {
    const manager = clusterOf(
      gpu('rocm:0', { vendor: 'amd', backend: 'rocm' }),
      gpu('cuda:0', { vendor: 'nvidia', backend: 'cuda' }),
    );
    for (const id of ['cuda:0', 'rocm:0']) manager.recordMetrics(sample(id));
    expect(manager.selectBestDevice()).toBe('rocm:0');
    expect(manager.getDevice('rocm:0')?.backend).toBe('rocm');
  });

  it('14: after shutdown every call is refused with the same code', async () => {
    const manager = clusterOf(gpu('a'));
    await manager.shutdown();
    await manager.shutdown();
    refusal('ERR_GPU_CLOSED', () => manager.getAggregatedMetrics());
    refusal('ERR_GPU_CLOSED', () => manager.distributeWorkload([1]));
    refusal('ERR_GPU_CLOSED', () => manager.selectBestDevice());
    refusal('ERR_GPU_CLOSED', () => manager.listDevices());
  });

  it('15: the aggregate forgets a device that was unregistered', () => {
    const manager = clusterOf(gpu('a'), gpu('b'));
    for (const id of ['a', 'b']) manager.recordMetrics(sample(id));
    manager.unregisterDevice('a');
    expect(manager.getAggregatedMetrics()?.deviceCount).toBe(1);
  });

  it('16: capacities are those of the registered devices, no fewer and no more', () => {
    const manager = clusterOf(gpu('a', { computeUnits: 1 }), gpu('b', { computeUnits: 1 }));
    const distribute = (capacities: Record<string, number>) => () =>
      manager.distributeWorkload([1], { strategy: 'capacity', capacities });
    refusal('ERR_GPU_MISSING_CAPACITY', distribute({}));
    refusal('ERR_GPU_MISSING_CAPACITY', distribute({ a: 1 }));
    refusal('ERR_GPU_UNKNOWN_DEVICE', distribute({ a: 1, b: 1, c: 1 }));
  });

  it('17: manager and selector rank alike', () => {
    const devices = numbers(20).map((place) => gpu(`gpu-${place}`));
    const manager = clusterOf(...devices);
    const entries = devices.map((device, place) => ({
      device,
      metrics: sample(device.deviceId, { memoryUsedBytes: ((place * 7) % 20) * 1e9 }),
    }));
    for (const { metrics } of entries) manager.recordMetrics(metrics);
    const selector = new DeviceSelector(entries);
    for (const request of [{}, { minMemoryBytes: 12e9 }]) {
      expect(manager.rankDevices(request)).toEqual(selector.rankDevices(request));
      expect(manager.explainSelection(request)).toEqual(selector.explainSelection(request));
    }
  });

  it('the seed’s wrong test: 5 GB do not fit where 4 GB are free', () => {
    const collector = new TelemetryCollector();
    collector.recordMetrics(sample('a', { memoryUsedBytes: 20e9 }));
    const metrics = collector.getMetrics('a') ?? sample('a');
    const selector = new DeviceSelector([{ device: gpu('a'), metrics }]);
    expect(selector.selectBestDevice({ minMemoryBytes: 5e9 })).toBeUndefined();
    expect(selector.selectBestDevice({ minMemoryBytes: 4e9 })).toBe('a');
  });
});
