import { afterEach, describe, expect, it } from 'vitest';
import { GPUClusteringManager, type LeaseOptions } from '../../../lib/index.js';
import { gpu } from '../../support/cluster.js';

const managers: GPUClusteringManager[] = [];

/** GPUs 'a', 'b', ... of 24 GB. */
function cluster(count: number, leases: LeaseOptions = { maxInFlight: 1 }): GPUClusteringManager {
  const manager = new GPUClusteringManager({ leases });
  for (const deviceId of 'abcdefgh'.slice(0, count)) manager.registerDevice(gpu(deviceId));
  managers.push(manager);
  return manager;
}

afterEach(async () => {
  for (const manager of managers.splice(0)) await manager.shutdown();
});

/** Which of them are settled by now. */
async function settledOf(...promises: readonly Promise<unknown>[]): Promise<readonly boolean[]> {
  const settled = promises.map(() => false);
  promises.forEach((promise, index) => {
    const note = () => {
      settled[index] = true;
    };
    promise.then(note, note);
  });
  for (let turn = 0; turn < 20; turn += 1) await null;
  return settled;
}

describe('acquire()', () => {
  it('gives a lease in the moment that another is released', async () => {
    const manager = cluster(1);
    const first = await manager.acquire();
    const second = manager.acquire();
    expect(manager.leaseStatus()).toMatchObject({ leases: 1, waiting: 1 });
    first.release();
    expect(manager.leaseStatus()).toMatchObject({ leases: 1, waiting: 0 });
    const lease = await second;
    expect(lease.device.deviceId).toBe('a');
    lease.release();
    expect(manager.leaseStatus().devices).toMatchObject([
      { deviceId: 'a', inFlight: 0, leaseCount: 0, leasedBytes: 0, reservedBytes: 0 },
    ]);
  });

  it('keeps free devices for several that are to be leased together', async () => {
    const manager = cluster(2);
    const holder = await manager.acquire({ deviceIds: ['a'] });
    const gang = manager.acquire({ count: 2 });
    const behind = manager.acquire();
    expect(manager.tryAcquire()).toMatchObject({ granted: false, code: 'busy' });
    expect(manager.tryAcquireToken()).toBe(0);
    expect(await settledOf(gang, behind)).toEqual([false, false]);
    holder.release();
    const both = await gang;
    expect(both.devices).toHaveLength(2);
    expect(await settledOf(behind)).toEqual([false]);
    both.release();
    (await behind).release();
  });

  it('keeps memory for a big request, not for one that asks for another device', async () => {
    const manager = cluster(2, {});
    const held = { memoryBytes: 16e9, deviceIds: ['a'] };
    const holder = await manager.acquire(held);
    const big = manager.acquire({ memoryBytes: 20e9, deviceIds: ['a'] });
    const [same, other] = [{ deviceIds: ['a'] }, { deviceIds: ['b'] }].map((where) =>
      manager.acquire({ ...where, memoryBytes: 1e9 }),
    );
    if (same === undefined || other === undefined) throw new Error('two were asked for');
    expect(await settledOf(big, same, other)).toEqual([false, false, true]);
    holder.release();
    expect(await settledOf(big, same)).toEqual([true, true]);
    expect(manager.leaseStatus()).toMatchObject({ leases: 3, waiting: 0 });
  });

  it('refuses at once what can never be', async () => {
    const manager = cluster(2, { maxInFlight: 2 });
    const never = [{ count: 3 }, { memoryBytes: 25e9 }, { deviceIds: ['c'] }, { weight: 3 }];
    for (const request of never) {
      await expect(manager.acquire(request)).rejects.toMatchObject({
        code: 'ERR_GPU_UNSATISFIABLE',
      });
    }
  });

  it('refuses who waits for a device that is taken away', async () => {
    const manager = cluster(2);
    await manager.acquire({ deviceIds: ['a'] });
    const waiting = manager.acquire({ deviceIds: ['a'] });
    const refused = expect(waiting).rejects.toMatchObject({ code: 'ERR_GPU_UNSATISFIABLE' });
    manager.unregisterDevice('a');
    await refused;
  });

  it('serves who waits, when a device comes that would do', async () => {
    const manager = cluster(1);
    await manager.acquire();
    const waiting = manager.acquire();
    manager.registerDevice(gpu('b'));
    expect((await waiting).device.deviceId).toBe('b');
  });

  it('is bounded, in places and in time', async () => {
    const manager = cluster(1, { maxInFlight: 1, maxQueue: 1 });
    await manager.acquire();
    const late = manager.acquire({ timeoutMs: 10 });
    await expect(manager.acquire()).rejects.toMatchObject({ code: 'ERR_GPU_QUEUE_FULL' });
    await expect(late).rejects.toMatchObject({ code: 'ERR_GPU_TIMEOUT' });
    await expect(manager.acquire({ timeoutMs: 0 })).rejects.toMatchObject({
      code: 'ERR_GPU_DEADLINE_UNREACHABLE',
    });
  });

  it('rejects with the reason of the signal, and with that of the end', async () => {
    const manager = cluster(1);
    await manager.acquire();
    const controller = new AbortController();
    const waiting = [manager.acquire({ signal: controller.signal }), manager.acquire()];
    const results = Promise.allSettled(waiting);
    controller.abort('gone');
    await manager.shutdown();
    expect(await results).toMatchObject([
      { status: 'rejected', reason: 'gone' },
      { status: 'rejected', reason: { code: 'ERR_GPU_CLOSED' } },
    ]);
  });

  it('names what is wrong with a request', async () => {
    const manager = cluster(1);
    await expect(manager.acquire({ timeoutMs: -1 })).rejects.toThrow(/^request\.timeoutMs:/);
    await expect(manager.acquire({ priority: Number.NaN })).rejects.toThrow(/^request\.priority:/);
  });
});
