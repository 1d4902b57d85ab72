import { describe, expect, it } from 'vitest';
import type { GPUClusteringManager } from '../../lib/manager.js';
import type { LiveStatus } from '../../lib/telemetry/live-status.js';
import type { GPUMetrics } from '../../lib/telemetry/sample.js';
import type { LiveClusterParts } from '../../lib/telemetry/store.js';
import { gpu, sample, sizes } from '../support/cluster.js';
import { liveManager } from '../support/live-manager.js';
import { refusal } from '../support/refusal.js';

const latest: Readonly<Record<string, GPUMetrics>> = {
  fresh: sample('fresh', { ageMs: 20, memoryUsedBytes: 12e9, simulated: true }),
  stale: sample('stale', { ageMs: 700, simulated: true }),
};

const status: LiveStatus = {
  simulated: true,
  driver: 'serving',
  libraryPath: '/lib/simulated.so',
  driverVersion: '570.1',
  nvmlVersion: '12.570.1',
  periodMs: 100,
  rounds: 7,
  roundLengthMs: 1,
  missedDeadlines: 0,
  failing: [],
};

function live(more: Partial<LiveClusterParts> = {}): GPUClusteringManager {
  return liveManager({
    devices: () => new Map(['stale', 'fresh', 'silent'].map((id) => [id, gpu(id)])),
    store: {
      getMetrics: (deviceId) => latest[deviceId],
      getMetricsHistory: (deviceId) => [latest[deviceId] ?? []].flat(),
      getFailure: (deviceId) => (deviceId === 'fresh' ? undefined : 'ERR_GPU_DEVICE_LOST'),
    },
    status: () => status,
    ...more,
  });
}

describe('a live GPUClusteringManager', () => {
  it('reads devices and samples from what it was given', () => {
    const manager = live();
    expect(manager.listDevices()).toHaveLength(3);
    expect(manager.getMetrics('fresh')).toBe(latest.fresh);
    expect(manager.getMetrics('silent')).toBeUndefined();
    expect(manager.getMetricsHistory('stale')).toHaveLength(1);
    expect(sizes(manager.distributeWorkload([1, 2, 3, 4]).assignments)).toEqual([2, 1, 1]);
  });

  it('goes by the age that samples carry, and by its default limit', () => {
    const manager = live();
    expect(manager.selectBestDevice()).toBe('fresh');
    expect(manager.selectBestDevice({ maxAgeMs: 1000 })).toBe('stale');
    expect(manager.selectBestDevice({ maxAgeMs: 10 })).toBeUndefined();
    expect(manager.explainSelection()[0]).toMatchObject({
      code: 'too-old',
      reason:
        'its sample is 700 ms old, at most 500 ms count; ' +
        'its latest reading failed: ERR_GPU_DEVICE_LOST',
    });
    expect(manager.explainSelection()[2]).toMatchObject({
      code: 'no-metrics',
      reason: 'no sample yet; its latest reading failed: ERR_GPU_DEVICE_LOST',
    });
  });

  it('leaves a dead device out of the cluster as selection does', () => {
    expect(live().getAggregatedMetrics()).toMatchObject({ deviceCount: 1, simulated: true });
    expect(live({ defaultMaxAgeMs: () => 10 }).getAggregatedMetrics()).toBeUndefined();
  });

  it('counts no device that is not there, however fresh its last sample', () => {
    for (const failure of [
      'ERR_GPU_DEVICE_LOST',
      'ERR_GPU_DEVICE_HUNG',
      'ERR_GPU_DEVICE_ASLEEP',
      'ERR_GPU_SUSPENDED',
      'ERR_GPU_DRIVER_GONE',
    ] as const) {
      const store = {
        getMetrics: (deviceId: string) => sample(deviceId, { ageMs: 1 }),
        getMetricsHistory: () => [],
        getFailure: (deviceId: string) => (deviceId === 'silent' ? failure : undefined),
      };
      const manager = live({ store });
      expect(manager.getAggregatedMetrics(), failure).toMatchObject({ deviceCount: 2 });
    }
  });

  it('gives no work to a device that is asleep or let go of', () => {
    for (const failure of ['ERR_GPU_DEVICE_ASLEEP', 'ERR_GPU_SUSPENDED'] as const) {
      const store = {
        getMetrics: (deviceId: string) => sample(deviceId, { ageMs: 1 }),
        getMetricsHistory: () => [],
        getFailure: (deviceId: string) => (deviceId === 'silent' ? failure : undefined),
      };
      const { assignments, unassigned } = live({ store }).distributeWorkload([1, 2, 3, 4]);
      expect([[...assignments.keys()], unassigned.length], failure).toEqual([
        ['stale', 'fresh'],
        0,
      ]);
    }
  });

  it('gives it work by capacity again once it is awake', () => {
    let isAsleep = false;
    const store = {
      getMetrics: (deviceId: string) => sample(deviceId, { ageMs: 1 }),
      getMetricsHistory: () => [],
      getFailure: (deviceId: string) =>
        isAsleep && deviceId === 'silent' ? ('ERR_GPU_DEVICE_ASLEEP' as const) : undefined,
    };
    const devices = new Map(['fresh', 'silent'].map((id) => [id, gpu(id, { computeUnits: 2 })]));
    const manager = live({ store, devices: () => devices });
    for (const asleep of [false, true, true, false]) {
      isAsleep = asleep;
      const { deviceIds } = manager.distribute(4, { strategy: 'capacity' });
      expect(deviceIds).toEqual(asleep ? ['fresh'] : ['fresh', 'silent']);
    }
  });

  it('takes devices as they come and go', () => {
    const devices = new Map([['fresh', gpu('fresh')]]);
    const store = {
      getMetrics: (deviceId: string) => (devices.has(deviceId) ? latest[deviceId] : undefined),
      getMetricsHistory: () => [],
    };
    const manager = live({ store, devices: () => devices });
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.getMetrics('stale'));
    devices.set('stale', gpu('stale'));
    expect(manager.listDevices()).toHaveLength(2);
    expect(manager.getMetrics('stale')).toBe(latest.stale);
    devices.delete('fresh');
    expect(manager.getDevice('fresh')).toBeUndefined();
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.getMetrics('fresh'));
    expect(manager.selectBestDevice({ maxAgeMs: 1000 })).toBe('stale');
  });

  it('does not count the memory of a split GPU twice', () => {
    const instance = gpu('stale', { parentDeviceId: 'fresh' });
    const devices = new Map([
      ['fresh', gpu('fresh', { migEnabled: true })],
      ['stale', instance],
    ]);
    const store = {
      getMetrics: (deviceId: string) => latest[deviceId],
      getMetricsHistory: () => [],
    };
    const manager = live({ devices: () => devices, store, defaultMaxAgeMs: () => 1000 });
    expect(manager.getAggregatedMetrics()).toMatchObject({ totalMemoryBytes: 24e9 });
    devices.delete('fresh');
    expect(manager.getAggregatedMetrics()).toMatchObject({ totalMemoryBytes: 24e9 });
    devices.set('stale', gpu('stale', { parentDeviceId: 'silent' }));
    devices.set('silent', gpu('silent', { migEnabled: true }));
    expect(manager.getAggregatedMetrics()).toMatchObject({ deviceCount: 1 });
  });

  it('refuses to register, unregister and record, before it looks at the arguments', () => {
    const manager = live();
    refusal('ERR_GPU_READ_ONLY', () => manager.registerDevice(gpu('')));
    refusal('ERR_GPU_READ_ONLY', () => manager.unregisterDevice('fresh'));
    refusal('ERR_GPU_READ_ONLY', () => manager.recordMetrics(sample('unknown')));
    refusal('ERR_GPU_READ_ONLY', () =>
      manager.recordMany({ deviceId: 'unknown', timestampsMs: [NaN] }),
    );
  });

  it('closes its driver once, and reports when that failed', async () => {
    let closes = 0;
    const manager = live({
      close: async () => {
        closes += 1;
      },
    });
    await Promise.all([manager.shutdown(), manager.shutdown()]);
    expect(closes).toBe(1);
    refusal('ERR_GPU_CLOSED', () => manager.registerDevice(gpu('a')));

    const failing = live({ close: () => Promise.reject(new Error('stuck')) });
    await expect(failing.shutdown()).rejects.toThrow('stuck');
    refusal('ERR_GPU_CLOSED', () => failing.listDevices());
  });
});
