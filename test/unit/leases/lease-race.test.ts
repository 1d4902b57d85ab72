import { describe, expect, it } from 'vitest';
import type { SelectionFilter } from '../../../lib/selection/device-view.js';
import { KiB, LeaseRig, TestClock } from '../../support/lease-rig.js';
import { SharedLedger } from '../../support/shared-ledger.js';

/** Runs once, in the middle of a choice: everything built in has let the device pass by then. */
function meanwhile(act: () => void): SelectionFilter {
  let isDone = false;
  return {
    name: 'meanwhile',
    reject: () => {
      if (isDone) return undefined;
      isDone = true;
      act();
      return undefined;
    },
  };
}

function twoRigs(deviceIds = ['a']): { readonly low: LeaseRig; readonly high: LeaseRig } {
  const both = { clock: new TestClock(), shared: new SharedLedger(), deviceIds };
  const [low, high] = [new LeaseRig(both), new LeaseRig(both)];
  for (const rig of [low, high]) {
    rig.ledger.ledger.claim();
    for (const id of deviceIds) rig.record(id, 10);
  }
  return { low, high };
}

describe('two books that enter at once', () => {
  it.each(['low', 'high'] as const)('never pass the memory of a device: %s shard', (name) => {
    const rigs = twoRigs();
    const [rig, other] = name === 'low' ? [rigs.low, rigs.high] : [rigs.high, rigs.low];
    const request = { memoryBytes: 60 * KiB };
    const filters = [meanwhile(() => expect(other.acquire(request).granted).toBe(true))];
    expect(rig.desk.tryAcquire({ ...request, filters })).toMatchObject({ code: 'busy' });
    rig.expectRow('a', { leaseCount: 0, leasedKiB: 0, pendingKiB: 0, inFlight: 0 });
    other.expectRow('a', { leaseCount: 1, leasedKiB: 60 });
  });

  it('never pass what the sample says is free', () => {
    const { low, high } = twoRigs();
    for (const rig of [low, high]) rig.record('a', 50);
    const request = { memoryBytes: 30 * KiB };
    const filters = [meanwhile(() => high.acquire(request))];
    expect(low.desk.tryAcquire({ ...request, filters })).toMatchObject({ code: 'busy' });
  });

  it('never forget what others were seen to use, however long ago', () => {
    const { low, high } = twoRigs();
    for (const rig of [low, high]) rig.record('a', 50);
    low.clock.ms += 10_000;
    const old = { maxAgeMs: 100 };
    expect(low.desk.tryAcquire({ ...old, memoryBytes: 51 * KiB })).toMatchObject({ code: 'busy' });
    const request = { ...old, memoryBytes: 30 * KiB };
    const filters = [meanwhile(() => high.acquire(request).materialised())];
    expect(low.desk.tryAcquire({ ...request, filters })).toMatchObject({ code: 'busy' });
    expect(low.acquire({ ...old, memoryBytes: 20 * KiB }).granted).toBe(true);
  });

  it('look at the sample for which its owner forgot what it had materialised', () => {
    const { low, high } = twoRigs();
    for (const rig of [low, high]) rig.record('a', 40);
    const leases = [high.acquire({ memoryBytes: 20 * KiB })];
    const forget = meanwhile(() => {
      leases.push(high.acquire({ memoryBytes: 20 * KiB }));
      for (const lease of leases) lease.materialised();
      low.clock.ms += 100;
      for (const rig of [low, high]) rig.record('a', 80);
      high.desk.status();
      high.expectRow('a', { freshKiB: 0, pendingKiB: 0 });
    });
    const request = { memoryBytes: 30 * KiB, filters: [forget] };
    expect(low.desk.tryAcquire(request)).toMatchObject({ code: 'busy' });
  });

  it('never pass maxInFlight', () => {
    const { low, high } = twoRigs();
    const request = { maxInFlight: 2, weight: 1.5 };
    const filters = [meanwhile(() => high.acquire(request))];
    expect(low.desk.tryAcquire({ ...request, filters })).toMatchObject({ code: 'busy' });
    expect(low.acquire({ maxInFlight: 2, weight: 0.5 }).granted).toBe(true);
  });

  it('take another device where there is one', () => {
    const { low, high } = twoRigs(['a', 'b']);
    const request = { memoryBytes: 60 * KiB, policy: 'score' as const };
    let taken = '';
    const filters = [
      meanwhile(() => {
        taken = high.acquire(request).cudaVisibleDevices;
      }),
    ];
    const lease = low.acquire({ ...request, filters });
    expect([taken, lease.cudaVisibleDevices].sort()).toEqual(['a', 'b']);
  });

  it('count what is materialised by a sample that the other has not looked at yet', () => {
    const { low, high } = twoRigs();
    const lease = high.acquire({ memoryBytes: 60 * KiB });
    lease.materialised();
    low.clock.ms += 100;
    for (const rig of [low, high]) rig.record('a', 70);
    // Its owner forgets what the new sample shows.
    high.board.scene();
    high.desk.status();
    high.expectRow('a', { freshKiB: 0 });
    expect(low.desk.tryAcquire({ memoryBytes: 31 * KiB })).toMatchObject({ granted: false });
    expect(low.acquire({ memoryBytes: 30 * KiB }).granted).toBe(true);
  });

  it('see each other in what is least loaded', () => {
    const { low, high } = twoRigs(['a', 'b', 'c']);
    const taken = [low, high, low].map((rig) => rig.acquire().cudaVisibleDevices);
    expect(taken.sort()).toEqual(['a', 'b', 'c']);
    expect(high.desk.status()).toMatchObject({ leases: 1, shared: true });
  });

  it('say that no shard is left', () => {
    const shared = new SharedLedger();
    for (let shard = 0; shard < 64; shard += 1) shared.open().ledger.claim();
    const rig = new LeaseRig({ shared });
    const full = expect.objectContaining({ code: 'ERR_GPU_LEDGER_FULL' });
    expect(() => rig.desk.tryAcquire(undefined)).toThrow(full);
    expect(() => rig.desk.tryAcquireToken(undefined)).toThrow(full);
  });
});
