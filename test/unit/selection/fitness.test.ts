import { describe, expect, it } from 'vitest';
import { GPUClusteringManager } from '../../../lib/manager.js';
import { readRequest } from '../../../lib/selection/criteria.js';
import { barOf, illnessOf } from '../../../lib/selection/fitness.js';
import { Pipeline } from '../../../lib/selection/pipeline.js';
import { PolicyState } from '../../../lib/selection/policy-state.js';
import { DeviceSelector } from '../../../lib/selection/selector.js';
import { type Candidate, snapshotViews } from '../../../lib/selection/snapshot-view.js';
import {
  type DeviceHealth,
  type HealthState,
  healthStates,
} from '../../../lib/telemetry/health-state.js';
import { gpu, sample } from '../../support/cluster.js';
import { Patient } from '../../support/driver-log.js';
import { fakeHub } from '../../support/events.js';
import { liveManager } from '../../support/live-manager.js';
import { refusal } from '../../support/refusal.js';

function health(state: HealthState): DeviceHealth {
  if (state === 'ok') return { state, sinceMs: 0 };
  return { state, reason: 'xid-48', message: 'a fault', recovery: 'mend it', sinceMs: 0 };
}

const expected: Readonly<Record<HealthState, boolean>> = {
  ok: true,
  degraded: true,
  draining: false,
  'needs-reset': false,
  hung: false,
  lost: false,
};

describe('health in selection', () => {
  it.each(healthStates)('a device that is %s passes or not', (state) => {
    const standing = { device: gpu('a'), health: health(state) };
    expect(barOf(standing)).toBe(expected[state] ? undefined : 'unhealthy');
    expect(illnessOf(standing)).toBe(expected[state] ? undefined : `${state} (xid-48): a fault`);
  });

  it('of the GPU is that of its MIG instances', () => {
    const device = gpu('MIG-1', { parentDeviceId: 'GPU-1' });
    const standing = { device, health: health('ok'), parentHealth: health('draining') };
    expect(barOf(standing)).toBe('unhealthy');
    expect(illnessOf(standing)).toBe('its GPU is draining (xid-48): a fault');
    expect(barOf({ device, health: health('ok'), parentHealth: health('degraded') })).toBe(
      undefined,
    );
  });

  it('asleep and suspended are unavailable, before anything else', () => {
    const suspended = { device: gpu('a'), health: health('lost') };
    expect(barOf({ ...suspended, failure: () => 'ERR_GPU_SUSPENDED' })).toBe('unavailable');
    const asleep = { device: gpu('a'), failure: () => 'ERR_GPU_DEVICE_ASLEEP' as const };
    expect(barOf(asleep)).toBe('unavailable');
    expect(barOf({ ...asleep, failure: () => 'ERR_GPU_TRY_AGAIN' })).toBeUndefined();
  });

  it('a GPU that is split is no candidate; its instances are', () => {
    const parent = gpu('GPU-1', { migEnabled: true });
    const instance = gpu('MIG-1', { parentDeviceId: 'GPU-1', memoryBytes: 10e9 });
    const selector = new DeviceSelector(
      [parent, instance].map((device) => ({ device, metrics: sample(device.deviceId) })),
    );
    expect(selector.selectBestDevice()).toBe('MIG-1');
    expect(selector.explainSelection()[0]).toMatchObject({
      status: 'rejected',
      code: 'mig-parent',
    });
  });

  it('keeps a better device out, and lets those without a watch in', () => {
    const candidates: Candidate[] = [
      { device: gpu('ill'), metrics: sample('ill'), health: health('draining') },
      { device: gpu('well'), metrics: sample('well', { memoryUsedBytes: 20e9 }) },
    ];
    const criteria = readRequest({}, 1e12);
    const views = snapshotViews(candidates, [1, 1]);
    const ranking = new Pipeline(criteria, new PolicyState()).rank({ views, nowMs: 1000 });
    expect(ranking.map(({ deviceId }) => deviceId)).toEqual(['well']);
  });
});

describe('a live manager', () => {
  const ill = new Patient().xid(79).monitor.healthOf('GPU-1');
  function live(healths: Readonly<Record<string, DeviceHealth>>) {
    return liveManager({
      devices: () => new Map(['GPU-0', 'GPU-1'].map((id) => [id, gpu(id)])),
      store: {
        getMetrics: (id) => sample(id, { ageMs: 1, memoryUsedBytes: id === 'GPU-0' ? 12e9 : 0 }),
        getMetricsHistory: () => [],
      },
      status: () => {
        throw new Error('not asked');
      },
      hub: fakeHub(healths),
    });
  }

  it('selects by health, and says why not', () => {
    if (ill === undefined) throw new Error('no health');
    const manager = live({ 'GPU-1': ill });
    expect(live({}).selectBestDevice()).toBe('GPU-1');
    expect(manager.selectBestDevice()).toBe('GPU-0');
    expect(manager.explainSelection()[1]).toEqual({
      deviceId: 'GPU-1',
      status: 'rejected',
      code: 'unhealthy',
      reason: 'lost (xid-79): Xid 79: the device no longer answers on the bus',
    });
    expect(manager.getHealth('GPU-1')).toBe(ill);
    expect(manager.clearHealth('GPU-1', 'xid-79')).toBe(ill);
  });

  it('refuses what it does not know, and everything after its end', async () => {
    const manager = live({});
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.getHealth('GPU-9'));
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.clearHealth('GPU-9'));
    for (const reason of ['luck', 'xid-', 'toString'] as never[]) {
      refusal('ERR_GPU_OUT_OF_RANGE', () => manager.clearHealth('GPU-1', reason));
    }
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.events({ bufferSize: 0 }));
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.events({ bufferSize: 65_537 }));
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.events({ since: 'then' as never }));
    refusal('ERR_GPU_INVALID_TYPE', () => manager.events({ signal: {} as never }));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => manager.events({ size: 1 } as never));
    await manager.shutdown();
    refusal('ERR_GPU_CLOSED', () => manager.getHealth('GPU-1'));
    refusal('ERR_GPU_CLOSED', () => manager.clearHealth('GPU-1'));
    refusal('ERR_GPU_CLOSED', () => manager.events());
    expect(manager.emitter.listenerCount('health')).toBe(0);
  });
});

describe('a manual manager', () => {
  it('knows no health, and nothing tells it of events', () => {
    const manager = new GPUClusteringManager();
    manager.registerDevice(gpu('a'));
    expect(manager.getHealth('a')).toBeUndefined();
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.getHealth('b'));
    const unsupported = { code: 'ERR_GPU_NOT_SUPPORTED' };
    expect(() => manager.clearHealth('a')).toThrow(expect.objectContaining(unsupported));
    expect(() => manager.events()).toThrow(expect.objectContaining(unsupported));
    expect(() => manager.emitter).toThrow(expect.objectContaining(unsupported));
  });
});
