import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../lib/leases/lease.js';
import { GPUClusteringManager } from '../../../lib/manager.js';
import { Board } from '../../../lib/selection/board.js';
import type { DeviceFeed } from '../../../lib/selection/device-feed.js';
import { gpu } from '../../support/cluster.js';
import { KiB, LeaseRig } from '../../support/lease-rig.js';
import { SharedLedger } from '../../support/shared-ledger.js';

function rigWithSamples(): LeaseRig {
  const rig = new LeaseRig();
  for (const id of ['a', 'b', 'c']) rig.record(id, 10);
  return rig;
}

/** A request whose reading does something. */
function whenRead(act: () => void): object {
  return {
    get memoryBytes() {
      act();
      return 5 * KiB;
    },
  };
}

/** Acts once, when somebody is told of the end of a lease, as a subscriber of the user's does. */
function whenToldOfAnEnd(act: () => void): void {
  const onEnd = () => {
    unsubscribe('gpuring:release', onEnd);
    act();
  };
  subscribe('gpuring:release', onEnd);
}

/** Shuts down as a manager does; its shard is another environment's then, which has a lease. */
function handOver(rig: LeaseRig, shared: SharedLedger): LeaseRig {
  rig.close();
  rig.ledger.close();
  const heir = new LeaseRig({ shared });
  heir.record('b', 10);
  heir.acquire({ deviceIds: ['b'], memoryBytes: 5 * KiB });
  return heir;
}

const heirs = { number: 1, leaseCount: 1, inFlight: 64, leasedKiB: 5, pendingKiB: 5 };

function expectNothingHeld(rig: LeaseRig): void {
  expect(rig.desk.book.live.count).toBe(0);
  const none = { leaseCount: 0, inFlight: 0, leasedKiB: 0, pendingKiB: 0 };
  for (const id of ['a', 'b', 'c']) rig.expectRow(id, none);
}

describe("code of the user's in the middle of acquiring", () => {
  it('may shut down while the request is read', async () => {
    for (const method of ['tryAcquire', 'tryAcquireToken', 'acquire'] as const) {
      const rig = rigWithSamples();
      const call = async () => rig.desk[method](whenRead(() => rig.close()));
      await expect(call()).rejects.toMatchObject({ code: 'ERR_GPU_CLOSED' });
      expectNothingHeld(rig);
    }
  });

  it('may shut down while devices are filtered', async () => {
    for (const method of ['tryAcquire', 'tryAcquireToken', 'acquire'] as const) {
      const rig = rigWithSamples();
      const filters = [{ name: 'closing', reject: () => void rig.close() }];
      const call = async () => rig.desk[method]({ filters });
      await expect(call()).rejects.toMatchObject({ code: 'ERR_GPU_CLOSED' });
      expectNothingHeld(rig);
    }
  });

  it('may shut down while it says how fast a new device is', async () => {
    for (const method of ['tryAcquire', 'tryAcquireToken', 'acquire'] as const) {
      const speedOf = () => {
        void manager.shutdown();
        return 1;
      };
      const manager = new GPUClusteringManager({ leases: { speedOf } });
      manager.registerDevice(gpu('a'));
      const call = async () => manager[method]();
      await expect(call()).rejects.toMatchObject({ code: 'ERR_GPU_CLOSED' });
    }
  });

  it('leaves nothing entered where it fails to say how fast a new device is', () => {
    const shared = new SharedLedger();
    new LeaseRig({ shared }).acquire();
    let isBroken = false;
    const speedOf = () => {
      if (isBroken) throw new TypeError('mine');
      return 1;
    };
    const rig: LeaseRig = new LeaseRig({ shared, parts: { speedOf } });
    rig.record('b', 10);
    const reject = () => {
      rig.register('d');
      isBroken = true;
      return undefined;
    };
    const request = { deviceIds: ['b'], memoryBytes: 5 * KiB, filters: [{ name: 'r', reject }] };
    expect(() => rig.desk.tryAcquire(request)).toThrow('speedOf');
    rig.expectRow('b', { inFlight: 0, leaseCount: 0, leasedKiB: 0 });
  });

  it('may take a token while it says how fast a new device is, and so the last place', () => {
    const inner: number[] = [];
    let isDue = false;
    const speedOf = () => {
      if (isDue) inner.push(rig.desk.tryAcquireToken(undefined));
      isDue = false;
      return 1;
    };
    const rig: LeaseRig = new LeaseRig({ deviceIds: ['a'], parts: { speedOf } });
    const take = () => rig.desk.tryAcquireToken(undefined);
    const tokens = Array.from({ length: 31 }, take);
    rig.register('b');
    isDue = true;
    tokens.push(take(), ...inner, ...Array.from({ length: 99 }, take));
    expect(inner).toHaveLength(1);
    expect(new Set(tokens).size).toBe(132);
    expect(rig.desk.status().leases).toBe(132);
  });

  it('may take a token when a lease ends as the list changes, and then changes again', () => {
    let [between, token]: [(() => void) | undefined, number] = [undefined, 0];
    const outer = new LeaseRig({ deviceIds: ['a', 'b', 'c'] });
    const { feed } = outer.cluster;
    const twice: DeviceFeed = {
      news: feed.news,
      read(target) {
        feed.read(target);
        const run = between;
        between = undefined;
        run?.();
        if (run !== undefined) feed.read(target);
      },
      defaultMaxAgeMs: () => Infinity,
      sampleNowMs: () => feed.sampleNowMs(),
      nowMs: () => feed.nowMs(),
    };
    const board = new Board({ feed: twice, seed: 1 });
    const rig = new LeaseRig({ deviceIds: [], parts: { board } });
    const { desk } = rig;
    desk.tryAcquire({ deviceIds: ['c'] });
    for (const id of ['a', 'a', 'a', 'b', 'b', 'b']) desk.tryAcquire({ deviceIds: [id] });
    between = () => {
      whenToldOfAnEnd(() => {
        token = desk.tryAcquireToken(undefined);
      });
      const c = desk.book.devices.listed.filter(({ deviceId }) => deviceId === 'c');
      desk.book.revoke(c, () => 'lost');
    };
    outer.cluster.unregister('b');
    outer.cluster.unregister('c');
    desk.followDevices();
    if (token !== 0) desk.releaseToken(token, undefined);
    expect(rig.ledger.row(0)).toMatchObject({ inFlight: 192, leaseCount: 3 });
  });

  it('may release tokens of a device that is gone while it says how fast its successor is', () => {
    let early: number[] = [];
    const speedOf = () => {
      for (const token of early.splice(0))
        expect(rig.desk.releaseToken(token, undefined)).toBe(true);
      return 1;
    };
    const rig: LeaseRig = new LeaseRig({ deviceIds: ['a'], parts: { speedOf } });
    const tokens = [1, 2, 3].map(() => rig.desk.tryAcquireToken(undefined));
    const { row } = rig.cluster.seatOf('a');
    early = tokens.slice(0, 2);
    rig.cluster.unregister('a');
    rig.register('b');
    expect(rig.cluster.seatOf('b').row).toBe(row);
    const token = rig.desk.tryAcquireToken(undefined);
    expect(early).toEqual([]);
    for (const each of tokens) expect(rig.desk.releaseToken(each, undefined)).toBe(false);
    expect(rig.desk.status()).toMatchObject({
      leases: 1,
      devices: [{ deviceId: 'b', inFlight: 1 }],
    });
    expect(rig.desk.releaseToken(token, undefined)).toBe(true);
    expect(rig.desk.status()).toMatchObject({ leases: 0, devices: [{ inFlight: 0 }] });
  });

  it.each([
    ['a filter', { filters: [{ name: 'broken', reject: () => fail() }] }],
    ['a cost', { policy: { name: 'broken', cost: () => fail() } }],
    ['a pick', { policy: { name: 'broken', cost: () => 1, pick: () => fail() } }],
    ['a pick of rubbish', { policy: { name: 'broken', cost: () => 1, pick: () => ({}) } }],
  ])('may throw: %s', async (_, request) => {
    const rig = rigWithSamples();
    const wrong = { code: 'ERR_GPU_INVALID_TYPE' };
    expect(() => rig.desk.tryAcquire(request)).toThrow(expect.objectContaining(wrong));
    expect(() => rig.desk.tryAcquireToken(request)).toThrow(expect.objectContaining(wrong));
    await expect(rig.desk.acquire(request)).rejects.toMatchObject(wrong);
    expectNothingHeld(rig);
    expect(rig.acquire().release()).toBe(true);
  });

  it('may lease itself: what was chosen meanwhile is chosen anew', () => {
    const rig = rigWithSamples();
    let inner: Lease | undefined;
    const request = { memoryBytes: 60 * KiB, policy: 'score' as const };
    const filters = [
      {
        name: 'leasing',
        reject: () => {
          inner ??= rig.acquire(request);
          return undefined;
        },
      },
    ];
    const outer = rig.acquire({ ...request, filters });
    expect(inner?.device).not.toBe(outer.device);
    outer.release();
    inner?.release();
    expectNothingHeld(rig);
  });

  it('may lease or release each time it is asked: then it is refused, not asked for ever', () => {
    const rig = rigWithSamples();
    const filters = [{ name: 'restless', reject: () => void rig.acquire().release() }];
    expect(rig.desk.tryAcquire({ filters })).toMatchObject({ granted: false, code: 'busy' });
    expectNothingHeld(rig);
  });

  it('may remove the device that it is asked about', () => {
    const rig = rigWithSamples();
    const reject = () => {
      if (rig.cluster.devices().has('a')) rig.unregister('a');
      return undefined;
    };
    const filters = [{ name: 'removing', reject }];
    expect(rig.acquire({ filters }).device.deviceId).not.toBe('a');
    expect(rig.desk.status().devices).toHaveLength(2);
  });

  it.each(['tryAcquire', 'tryAcquireToken'] as const)(
    'may shut down when told that a lease was revoked: %s',
    (method) => {
      const shared = new SharedLedger();
      const rig = new LeaseRig({ shared });
      for (const id of ['a', 'b']) rig.record(id, 10);
      rig.acquire({ deviceIds: ['a'] });
      let heir: LeaseRig | undefined;
      whenToldOfAnEnd(() => {
        heir = handOver(rig, shared);
      });
      rig.cluster.unregister('a');
      const closed = expect.objectContaining({ code: 'ERR_GPU_CLOSED' });
      expect(() => rig.desk[method](undefined)).toThrow(closed);
      expect(rig.desk.book.live.count).toBe(0);
      heir?.expectRow('b', heirs);
    },
  );

  it('may release a token of the device that went, when told of the end of a lease there', () => {
    const rig = rigWithSamples();
    const on = { deviceIds: ['c'] };
    const token = rig.desk.tryAcquireToken(on);
    rig.acquire(on);
    let answer: boolean | undefined;
    whenToldOfAnEnd(() => {
      answer = rig.desk.releaseToken(token, undefined);
    });
    rig.cluster.unregister('c');
    const tokens = Array.from({ length: 4 }, () => rig.desk.tryAcquireToken(undefined));
    expect(answer).toBe(true);
    for (const id of ['a', 'b']) rig.expectRow(id, { leaseCount: 2, inFlight: 128 });
    for (const each of tokens) expect(rig.desk.releaseToken(each, undefined)).toBe(true);
    for (const id of ['a', 'b']) rig.expectRow(id, { leaseCount: 0, inFlight: 0 });
  });

  it('may shut down again when told that a shutdown ended a lease', () => {
    const shared = new SharedLedger();
    const rig = new LeaseRig({ shared });
    for (const id of ['a', 'b']) rig.record(id, 10);
    for (let times = 0; times < 2; times += 1) {
      rig.acquire({ deviceIds: ['b'], memoryBytes: 5 * KiB });
      rig.desk.tryAcquireToken({ deviceIds: ['b'], memoryBytes: 5 * KiB });
    }
    let heir: LeaseRig | undefined;
    whenToldOfAnEnd(() => {
      heir = handOver(rig, shared);
    });
    rig.close();
    expect(rig.desk.book.live.count).toBe(0);
    heir?.expectRow('b', heirs);
  });

  it('may shut down while it is looked whether the choice still fits', () => {
    const shared = new SharedLedger();
    const other = new LeaseRig({ shared });
    other.acquire();
    let heir: LeaseRig | undefined;
    let isNewSpeed = false;
    const speedOf = () => {
      if (isNewSpeed) heir ??= handOver(rig, shared);
      return 1;
    };
    const rig: LeaseRig = new LeaseRig({ shared, parts: { speedOf } });
    rig.record('b', 10);
    const filters = [
      {
        name: 'registering',
        reject: () => {
          rig.register('b');
          isNewSpeed = true;
          return undefined;
        },
      },
    ];
    const request = { deviceIds: ['b'], memoryBytes: 5 * KiB, filters };
    const closed = expect.objectContaining({ code: 'ERR_GPU_CLOSED' });
    expect(() => rig.desk.tryAcquire(request)).toThrow(closed);
    expect(rig.desk.book.live.count).toBe(0);
    heir?.expectRow('b', heirs);
    other.acquire();
  });

  it('may release in a listener of the signal, and acquire there', async () => {
    const rig = rigWithSamples();
    const lease = rig.acquire({ deviceIds: ['a'] });
    const results: unknown[] = [];
    lease.signal.addEventListener('abort', () => {
      results.push(lease.release(), rig.acquire().release());
    });
    rig.unregister('a');
    expect(results).toEqual([]);
    await Promise.resolve();
    expect(results).toEqual([false, true]);
  });
});

function fail(): never {
  throw new Error('mine');
}
