import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { GPUClusteringManager } from '../../lib/manager.js';
import { SimulatedHost } from '../../lib/testing/simulated-host.js';
import { eventually } from '../support/patience.js';
import { endWatched, type WatchedCluster, watched } from '../support/watched-cluster.js';

const host = new SimulatedHost();

afterEach(endWatched);

function acquire(manager: GPUClusteringManager, request: object) {
  const lease = manager.tryAcquire(request);
  if (!lease.granted) throw new Error(`expected a lease, got ${lease.code}`);
  return lease;
}

const revoked = ({ heard }: WatchedCluster) => heard.filter(({ type }) => type === 'lease-revoked');

describe('leases on a simulated driver', () => {
  it('of a device that is lost end with an event, and none begins there', async () => {
    const cluster = await watched();
    const { manager, ids } = cluster;
    const [lost = '', kept = ''] = ids;
    const lease = acquire(manager, { deviceIds: [lost], memoryBytes: 2 ** 30 });
    const token = manager.tryAcquireToken({ deviceIds: [lost] });
    const other = acquire(manager, { deviceIds: [kept] });
    const { signal } = lease;
    host.loseDevice(0);
    await eventually('revoked', () => signal.aborted);
    expect(signal.reason).toMatchObject({ code: 'ERR_GPU_LEASE_REVOKED' });
    expect([lease.released, other.released]).toEqual([true, false]);
    expect(manager.releaseToken(token)).toBe(false);
    await eventually('told', () => revoked(cluster).length > 0);
    expect(revoked(cluster)).toEqual([
      expect.objectContaining({ deviceIds: [lost], code: 'ERR_GPU_LEASE_REVOKED' }),
    ]);
    expect(manager.tryAcquire({ deviceIds: [lost] })).toMatchObject({ code: 'busy' });
    expect(manager.leaseStatus().devices.map(({ leaseCount }) => leaseCount)).toEqual([0, 1, 0]);
    host.restoreDevice(0);
    await eventually('back', () => manager.getHealth(lost)?.state === 'ok');
    const again = await manager.acquire({ deviceIds: [lost], timeoutMs: 20_000 });
    expect([again.release(), other.release()]).toEqual([true, true]);
  });

  it('hear of it without a listener on the events', async () => {
    const cluster = await watched();
    cluster.manager.emitter.removeAllListeners();
    const { signal } = acquire(cluster.manager, { deviceIds: [cluster.ids[1]] });
    await sleep(0);
    host.loseDevice(1);
    await eventually('revoked', () => signal.aborted);
    host.restoreDevice(1);
  });

  it('of a MIG instance have its UUID for CUDA, and end with it', async () => {
    const cluster = await watched();
    host.setMig(2, ['3g.40gb', '3g.40gb']);
    const isInstance = (id: string) => id.startsWith('MIG-');
    const instances = () => cluster.manager.listDevices().filter((one) => isInstance(one.deviceId));
    await eventually('split', () => instances().length === 2);
    await eventually('sampled', () =>
      instances().every(({ deviceId }) => cluster.manager.getMetrics(deviceId) !== undefined),
    );
    const lease = acquire(cluster.manager, { mig: true, memoryBytes: 2 ** 30 });
    expect(lease.cudaVisibleDevices).toMatch(/^MIG-[0-9a-f-]{36}$/);
    const { signal } = lease;
    host.disableMig(2);
    await eventually('revoked', () => signal.aborted);
    expect(lease.release()).toBe(false);
  });
});
