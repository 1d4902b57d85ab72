import { describe, expect, it } from 'vitest';
import { GPUClusteringManager } from '../../../../lib/manager.js';
import { HandSource, turns } from '../../../support/streams.js';

const device = (deviceId: string, computeUnits = 100) => ({
  deviceId,
  name: deviceId,
  vendor: 'amd',
  memoryBytes: 2 ** 34,
  computeUnits,
});

function cluster(maxInFlight = Infinity, ids = ['a', 'b']): GPUClusteringManager {
  const manager = new GPUClusteringManager({ leases: { maxInFlight } });
  for (const deviceId of ids) manager.registerDevice(device(deviceId));
  return manager;
}

const inFlight = (manager: GPUClusteringManager) =>
  manager.leaseStatus().devices.map((each) => each.inFlight);
const counts = (manager: GPUClusteringManager) =>
  manager.leaseStatus().devices.map(({ leaseCount }) => leaseCount);

describe('distributeStream', () => {
  it('enters what is in flight in the ledger, where acquire sees it', async () => {
    const manager = cluster();
    const stream = manager.distributeStream([1, 2, 3], { costs: (item) => item });
    const [a, b] = [stream.itemsOf('a'), stream.itemsOf('a')];
    await a.next();
    await b.next();
    expect(inFlight(manager)).toEqual([3, 0]);
    const lease = manager.tryAcquire();
    expect(lease.granted && lease.devices.map((each) => each.deviceId)).toEqual(['b']);
    await a.next();
    expect(inFlight(manager)).toEqual([5, 1]);
    stream.cancel();
    expect(inFlight(manager)).toEqual([0, 1]);
    expect(lease.granted && lease.release()).toBe(true);
    await manager.shutdown();
  });

  it('keeps to what a device may have in flight, leases of others included', async () => {
    const manager = cluster(2, ['a']);
    const lease = await manager.acquire();
    const stream = manager.distributeStream([1, 2, 3]);
    let most = 0;
    const run = stream.run(
      async () => {
        most = Math.max(most, inFlight(manager)[0] ?? 0);
        await turns(1);
      },
      { concurrency: 4 },
    );
    await turns();
    expect(most).toBe(2);
    lease.release();
    expect(await run).toMatchObject({ acknowledged: 3 });
    expect(most).toBe(2);
    expect(counts(manager)).toEqual([0]);
    // It waits for room that others make.
    const held = await manager.acquire({ weight: 2 });
    const second = manager.distributeStream([1]);
    const answer = second.itemsOf('a').next();
    await turns();
    expect(second.stats()).toMatchObject({ waiting: 1, inFlight: 0, atHand: 1 });
    held.release();
    expect(await answer).toMatchObject({ value: 1 });
    second.cancel();
    await manager.shutdown();
  });

  it('refuses items that weigh more than a device may have in flight', async () => {
    const manager = cluster(2.51, ['a']);
    const stream = manager.distributeStream([2.5, 2.51], { costs: (item) => item });
    const items = stream.itemsOf('a');
    expect(await items.next()).toMatchObject({ value: 2.5 });
    await expect(items.next()).rejects.toMatchObject({
      code: 'ERR_GPU_INVALID_TYPE',
      message: expect.stringContaining('item 1 that is above 0 and of at most 2.5'),
      cause: { code: 'ERR_GPU_OUT_OF_RANGE' },
    });
    expect(stream.unfinished).toEqual([2.51]);
    expect(counts(manager)).toEqual([0]);
    expect(() => manager.distributeStream([1], { costs: 3 })).toThrow(
      expect.objectContaining({ code: 'ERR_GPU_OUT_OF_RANGE' }),
    );
    await manager.shutdown();
  });

  it('leaves a device to those who wait for it in acquire', async () => {
    const manager = cluster(1, ['a']);
    const stream = manager.distributeStream([1, 2]);
    const items = stream.itemsOf('a');
    await items.next();
    const lease = manager.acquire();
    const next = items.next();
    const held = await lease;
    await turns();
    expect(stream.stats()).toMatchObject({ waiting: 1, acknowledged: 1 });
    held.release();
    expect(await next).toMatchObject({ value: 2 });
    await manager.shutdown();
  });

  it('moves the items of a device that is unregistered, and takes in one that comes', async () => {
    const manager = cluster();
    const stream = manager.distributeStream([1, 2, 3]);
    const [a, b] = [stream.itemsOf('a'), stream.itemsOf('b')];
    await a.next();
    await b.next();
    const { signal } = a;
    manager.unregisterDevice('a');
    await turns();
    expect(signal.reason).toMatchObject({ code: 'ERR_GPU_DEVICE_LOST' });
    expect(inFlight(manager)).toEqual([1]);
    manager.registerDevice(device('a'));
    expect(await a.next()).toMatchObject({ done: true });
    // What came back from it is for another one, as long as that is at work; it gets what is new.
    expect(await stream.itemsOf('a').next()).toMatchObject({ value: 3 });
    expect(stream.stats()).toMatchObject({ waiting: 0, atHand: 1 });
    expect(await b.next()).toMatchObject({ value: 1 });
    manager.unregisterDevice('a');
    manager.unregisterDevice('b');
    await expect(stream.completion).rejects.toMatchObject({ code: 'ERR_GPU_NO_DEVICE' });
    expect(stream.unfinished).toEqual([1, 3]);
    expect(stream.stats()).toMatchObject({ pulled: 3, acknowledged: 1 });
    await manager.shutdown();
  });

  it('ends with the manager: who waits, what is in flight, the source', async () => {
    const manager = cluster();
    const source = new HandSource();
    const stream = manager.distributeStream(source);
    const [a, b] = [stream.itemsOf('a'), stream.itemsOf('b')];
    const first = a.next();
    source.give();
    await first;
    const waiting = b.next();
    const closing = manager.shutdown();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_GPU_CLOSED' });
    await expect(stream.completion).rejects.toMatchObject({ code: 'ERR_GPU_CLOSED' });
    expect(source.returns).toBe(1);
    expect(stream.unfinished).toEqual([0]);
    await closing;
    await expect(a.next()).rejects.toMatchObject({ code: 'ERR_GPU_CLOSED' });
    expect(() => manager.distributeStream([1])).toThrow(
      expect.objectContaining({ code: 'ERR_GPU_CLOSED' }),
    );
  });

  it('takes constraints, and no part of the choice of one device', async () => {
    const manager = cluster(Infinity, ['a', 'b', 'c']);
    const { deviceIds } = manager.distributeStream([], { excludeDeviceIds: ['b'] });
    expect(deviceIds).toEqual(['a', 'c']);
    const filters = [{ name: 'mine', reject: () => 'no' }];
    const none = manager.distributeStream([1], { filters });
    await expect(none.completion).rejects.toMatchObject({ code: 'ERR_GPU_NO_DEVICE' });
    for (const key of ['policy', 'weight', 'affinityKey', 'maxInFlight', 'strategy']) {
      expect(() => manager.distributeStream([1], { [key]: 1 } as never)).toThrow(
        expect.objectContaining({ code: 'ERR_GPU_UNKNOWN_OPTION' }),
      );
    }
    const throwing = manager.distributeStream([1], {
      filters: [
        {
          name: 'mine',
          reject: () => {
            throw new Error('of the user');
          },
        },
      ],
    });
    await expect(throwing.completion).rejects.toMatchObject({ code: 'ERR_GPU_INVALID_TYPE' });
    await manager.shutdown();
  });

  it('gives the faster device more, and comes back to an empty ledger', async () => {
    const manager = new GPUClusteringManager();
    manager.registerDevice(device('slow', 10));
    manager.registerDevice(device('fast', 40));
    const items = Array.from({ length: 500 }, (_, item) => item);
    const seen = new Map<number, number>();
    const stats = await manager.distributeStream(items).run(async (item, { deviceId }) => {
      seen.set(item, (seen.get(item) ?? 0) + 1);
      await turns(deviceId === 'slow' ? 4 : 1);
    });
    expect([...seen.values()].every((count) => count === 1)).toBe(true);
    expect(seen.size).toBe(500);
    const slow = stats.devices.get('slow')?.acknowledged ?? 0;
    expect(slow).toBeGreaterThan(80);
    expect(slow).toBeLessThan(120);
    expect(inFlight(manager)).toEqual([0, 0]);
    await manager.shutdown();
  });
});
