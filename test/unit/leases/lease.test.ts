import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { GPUError } from '../../../lib/errors.js';
import { revokeFor } from '../../../lib/leases/revocation.js';
import { untyped } from '../../support/cluster.js';
import { KiB, LeaseRig } from '../../support/lease-rig.js';

function rigWithSamples(): LeaseRig {
  const rig = new LeaseRig();
  for (const id of ['a', 'b', 'c']) rig.record(id, 10);
  return rig;
}

const throwing: ProxyHandler<object> = {
  get: () => {
    throw new Error('no');
  },
};

function freeKiB(rig: LeaseRig, id: string): number | undefined {
  const { views } = rig.board.scene();
  const free = views.find(({ device }) => device.deviceId === id)?.freeMemoryBytes;
  return free === undefined ? undefined : free / KiB;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a lease of a device that is gone', () => {
  it.each([
    ['somebody asks which is best', (rig: LeaseRig) => rig.board.best()],
    ['somebody looks', (rig: LeaseRig) => rig.desk.status()],
    ['there is one more token', (rig: LeaseRig) => rig.desk.tryAcquireToken(undefined)],
  ])('is over as soon as %s', async (_, look) => {
    const rig = rigWithSamples();
    const lease = rig.acquire({ deviceIds: ['a'] });
    const token = rig.desk.tryAcquireToken({ deviceIds: ['a'] });
    const { signal } = lease;
    rig.cluster.unregister('a');
    look(rig);
    expect(lease.released).toBe(true);
    expect(rig.desk.book.live.tokens.get(token)).toBeUndefined();
    expect(rig.told).toMatchObject([{ type: 'lease-revoked', deviceIds: ['a'] }]);
    await Promise.resolve();
    expect(signal.reason).toMatchObject({ code: 'ERR_GPU_LEASE_REVOKED' });
  });

  it('is over even where nobody says how fast another one is', () => {
    let isBroken = false;
    const speedOf = () => {
      if (isBroken) throw new Error('mine');
      return 1;
    };
    const rig = new LeaseRig({ parts: { speedOf } });
    const lease = rig.acquire({ deviceIds: ['a'] });
    isBroken = true;
    rig.cluster.unregister('a');
    const event = { type: 'device-removed', deviceId: 'a', timestampMs: 1 } as const;
    expect(() => revokeFor(event, rig.desk.book)).not.toThrow();
    expect(lease.released).toBe(true);
    expect(() => rig.desk.tryAcquire(undefined)).toThrow('speedOf');
  });
});

describe('a device on which work failed', () => {
  it('is chosen again in time, even if nothing else is heard of it', () => {
    const rig = rigWithSamples();
    const request = { deviceIds: ['a', 'b'], policy: 'estimated-completion' as const };
    for (const id of ['a', 'b']) {
      const lease = rig.acquire({ deviceIds: [id] });
      lease.release({ latencyMs: 100, failed: id === 'a' });
    }
    const chosen = () => {
      const lease = rig.acquire(request);
      lease.release({ latencyMs: 100 });
      return lease.cudaVisibleDevices;
    };
    expect(Array.from({ length: 20 }, chosen)).not.toContain('a');
    rig.clock.ms += 200_000;
    expect(Array.from({ length: 20 }, chosen)).toContain('a');
  });
});

describe('a lease', () => {
  it('says what it is of, and is over once', () => {
    const rig = rigWithSamples();
    const lease = rig.acquire({ memoryBytes: 8 * KiB - 1, weight: 1.01, deviceIds: ['b'] });
    expect(lease).toMatchObject({
      granted: true,
      cudaVisibleDevices: 'b',
      memoryBytes: 8 * KiB,
      weight: 65 / 64,
      expiresAtMs: undefined,
      released: false,
    });
    expect(lease.device).toBe(rig.cluster.devices().get('b'));
    expect(lease.devices).toEqual([lease.device]);
    rig.expectRow('b', { inFlight: 65, leaseCount: 1, leasedKiB: 8, pendingKiB: 8 });
    expect(lease.release()).toBe(true);
    expect(lease.release()).toBe(false);
    expect(lease.released).toBe(true);
    rig.expectRow('b', { inFlight: 0, leaseCount: 0, leasedKiB: 0, pendingKiB: 0 });
  });

  it('is given back by using and await using', async () => {
    const rig = rigWithSamples();
    {
      using lease = rig.acquire();
      expect(lease.released).toBe(false);
    }
    expect(rig.desk.book.live.count).toBe(0);
    {
      await using lease = rig.acquire();
      expect(lease.released).toBe(false);
    }
    expect(rig.desk.book.live.count).toBe(0);
  });

  it.each([
    null,
    7,
    'failed',
    { latencyMs: 'slow' },
    { latencyMs: Number.NaN, failed: 1 },
    new Proxy({}, throwing),
  ])('is released whatever is said along with it (%#)', (outcome) => {
    const rig = rigWithSamples();
    const lease = rig.acquire();
    expect(lease.release(untyped(outcome))).toBe(true);
    expect(rig.desk.status().devices.filter(({ latencyMs }) => latencyMs !== undefined)).toEqual([
      expect.objectContaining({ deviceId: lease.device.deviceId, latencyMs: 0 }),
    ]);
  });

  it('feeds the time it was held, or what is said, to the latency of its device', () => {
    const rig = rigWithSamples();
    const lease = rig.acquire({ deviceIds: ['a'] });
    rig.clock.ms += 40;
    lease.release();
    rig.acquire({ deviceIds: ['b'] }).release({ latencyMs: 7 });
    const latencies = rig.desk.status().devices.map(({ latencyMs }) => latencyMs);
    expect(latencies).toEqual([40, 7, undefined]);
  });

  it('expires unless it is renewed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const rig = rigWithSamples();
    const lease = rig.acquire({ ttlMs: 50 });
    expect(lease.expiresAtMs).toBe(lease.acquiredAtMs + 50);
    const { signal } = lease;
    rig.clock.ms += 40;
    vi.advanceTimersByTime(40);
    lease.renew();
    vi.advanceTimersByTime(49);
    expect(lease.released).toBe(false);
    lease.renew(10);
    vi.advanceTimersByTime(9);
    expect(lease.released).toBe(false);
    vi.advanceTimersByTime(1);
    expect(lease.released).toBe(true);
    await Promise.resolve();
    expect(signal.reason).toMatchObject({ code: 'ERR_GPU_LEASE_EXPIRED' });
    expect(() => lease.renew()).toThrow(expect.objectContaining({ code: 'ERR_GPU_LEASE_ENDED' }));
    expect(lease.release()).toBe(false);
    rig.close();
  });

  it('ends with the desk, and says so to whoever has its signal', async () => {
    const rig = rigWithSamples();
    const [lease, released] = [rig.acquire({ memoryBytes: KiB }), rig.acquire()];
    const token = rig.desk.tryAcquireToken(undefined);
    const { signal } = lease;
    released.release();
    rig.close();
    rig.close();
    await Promise.resolve();
    expect(signal.reason).toMatchObject({ code: 'ERR_GPU_CLOSED' });
    expect(released.signal.aborted).toBe(false);
    expect(rig.desk.book.releaseToken(token, undefined)).toBe(false);
    for (const id of ['a', 'b', 'c']) rig.expectRow(id, { leaseCount: 0, leasedKiB: 0 });
    expect(() => rig.desk.tryAcquire(undefined)).toThrow(GPUError);
    expect(() => rig.desk.tryAcquireToken(undefined)).toThrow(/closed/);
  });

  it('ends when its device goes, tokens too; others on the row live on', async () => {
    const rig = rigWithSamples();
    const lost = rig.acquire({ deviceIds: ['a'], memoryBytes: KiB });
    const kept = rig.acquire({ deviceIds: ['b'] });
    const { signal } = lost;
    const token = rig.desk.tryAcquireToken({ deviceIds: ['a'] });
    rig.unregister('a');
    rig.register('a');
    expect([lost.released, kept.released]).toEqual([true, false]);
    expect(rig.desk.book.releaseToken(token, undefined)).toBe(false);
    await Promise.resolve();
    expect(signal.reason).toMatchObject({ code: 'ERR_GPU_LEASE_REVOKED' });
    expect(rig.told).toEqual([
      expect.objectContaining({ type: 'lease-revoked', deviceIds: ['a'] }),
    ]);
    const again = rig.acquire({ deviceIds: ['a'] });
    rig.expectRow('a', { inFlight: 64, leaseCount: 1, leasedKiB: 0 });
    again.release();
  });

  it('that is collected is given back and reported, once', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const rig = rigWithSamples();
    const lease = rig.acquire({ deviceIds: ['c'], memoryBytes: KiB });
    rig.collect(lease);
    rig.collect(lease);
    rig.expectRow('c', { leaseCount: 0, leasedKiB: 0, pendingKiB: 0 });
    expect(rig.told).toEqual([expect.objectContaining({ type: 'lease-leaked', deviceIds: ['c'] })]);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('of c'), 'GPURingLeaseLeak');
    warn.mockRestore();
  });
});

describe('effective free memory', () => {
  it('counts what is reserved, until a sample shows it as used', () => {
    const rig = rigWithSamples();
    const lease = rig.acquire({ deviceIds: ['a'], memoryBytes: 30 * KiB });
    expect(freeKiB(rig, 'a')).toBe(60);
    rig.clock.ms += 100;
    rig.record('a', 10);
    expect(freeKiB(rig, 'a')).toBe(60);
    rig.clock.ms += 100;
    lease.materialised(20 * KiB);
    expect(freeKiB(rig, 'a')).toBe(60);
    // Begun before: it cannot show it.
    rig.record('a', 10);
    expect(freeKiB(rig, 'a')).toBe(60);
    rig.clock.ms += 100;
    rig.record('a', 30);
    expect(freeKiB(rig, 'a')).toBe(60);
    lease.materialised();
    expect(freeKiB(rig, 'a')).toBe(60);
    rig.clock.ms += 100;
    rig.record('a', 40);
    expect(freeKiB(rig, 'a')).toBe(60);
    rig.expectRow('a', { pendingKiB: 0, freshKiB: 0, leasedKiB: 30 });
  });

  it('takes released memory for used until a sample shows it free', () => {
    const rig = rigWithSamples();
    const lease = rig.acquire({ deviceIds: ['a'], memoryBytes: 30 * KiB });
    lease.materialised();
    rig.clock.ms += 100;
    rig.record('a', 40);
    lease.release();
    expect(freeKiB(rig, 'a')).toBe(60);
    rig.clock.ms += 100;
    rig.record('a', 10);
    expect(freeKiB(rig, 'a')).toBe(90);
  });

  it('is never more than what leases leave of the device', () => {
    const rig = rigWithSamples();
    rig.acquire({ deviceIds: ['a'], memoryBytes: 80 * KiB }).materialised();
    rig.clock.ms += 100;
    // It frees half of it on its own, and may take it back.
    rig.record('a', 10);
    expect(freeKiB(rig, 'a')).toBe(20);
  });
});

describe('tokens', () => {
  it('obey the request, the queue of numbers and the end of their time', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const rig = rigWithSamples();
    const token = rig.desk.tryAcquireToken({ deviceIds: ['b'], memoryBytes: KiB, ttlMs: 20 });
    const { book } = rig.desk;
    expect(book.live.tokens.get(token)?.on.deviceId).toBe('b');
    rig.expectRow('b', { inFlight: 64, leasedKiB: 1 });
    vi.advanceTimersByTime(20);
    expect(book.releaseToken(token, undefined)).toBe(false);
    rig.expectRow('b', { inFlight: 0, leasedKiB: 0 });
    expect(rig.desk.tryAcquireToken({ memoryBytes: 91 * KiB })).toBe(0);
    expect(() => rig.desk.tryAcquireToken({ count: 2 })).toThrow(/request.count/);
  });
});

describe('a refusal', () => {
  it.each([
    ['busy', { memoryBytes: 95 * KiB }],
    ['unsatisfiable', { memoryBytes: 101 * KiB }],
    ['unsatisfiable', { count: 4 }],
    ['unsatisfiable', { deviceIds: ['z'] }],
  ])('is %s for %o, and explains itself', (code, request) => {
    const refusal = rigWithSamples().desk.tryAcquire(request);
    expect(refusal).toMatchObject({ granted: false, code });
    if (refusal.granted) return;
    expect(refusal.explain()).toHaveLength(3);
  });

  it('knows that there is no device', () => {
    const refusal = new LeaseRig({ deviceIds: [] }).desk.tryAcquire(undefined);
    expect(refusal).toMatchObject({ granted: false, code: 'no-device' });
  });
});

describe('node:diagnostics_channel', () => {
  it('hears of acquiring and releasing', () => {
    const heard: unknown[] = [];
    const hear = (message: unknown) => heard.push(message);
    const names = ['gpuring:acquire', 'gpuring:release'];
    for (const name of names) subscribe(name, hear);
    const rig = rigWithSamples();
    rig.acquire({ deviceIds: ['a'] }).release();
    const token = rig.desk.tryAcquireToken({ deviceIds: ['b'] });
    rig.desk.book.releaseToken(token, undefined);
    for (const name of names) unsubscribe(name, hear);
    expect(heard).toEqual([
      { deviceIds: ['a'], weight: 1, memoryBytes: 0 },
      { deviceIds: ['a'], reason: 'released', heldMs: 0 },
      { deviceIds: ['b'], weight: 1, memoryBytes: 0, token },
      { deviceIds: ['b'], reason: 'released', token },
    ]);
  });
});
