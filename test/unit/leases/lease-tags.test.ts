import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { heldOf, type Lease } from '../../../lib/leases/lease.js';
import { LeaseRig } from '../../support/lease-rig.js';
import { turns } from '../../support/streams.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

vi.spyOn(process, 'emitWarning').mockReturnValue();

const leaksOf = ({ told }: LeaseRig) => told.filter(({ type }) => type === 'lease-leaked').length;

/** Until so many leaks were told of, or for long enough that more would have been. */
async function collectUntil(rig: LeaseRig, leaks: number): Promise<void> {
  for (let turn = 0; turn < 200 && leaksOf(rig) < leaks; turn += 1) {
    collectGarbage();
    await turns(1);
  }
}

/** In a call of its own: what an async function had last may stay with it while it waits. */
function drop(rig: LeaseRig, { deviceId, count = 1 }: { deviceId: string; count?: number }): void {
  for (let index = 0; index < count; index += 1) rig.acquire({ deviceIds: [deviceId] });
}

/** Whatever is gone by now has been noticed once leases that were dropped later are. */
async function dropAndNotice(rig: LeaseRig, count: number): Promise<void> {
  const before = leaksOf(rig);
  drop(rig, { deviceId: 'c', count });
  await collectUntil(rig, before + count);
}

describe('leases that are collected', () => {
  it('are told from those that came before them and are kept, released', async () => {
    const rig = new LeaseRig();
    const released: Lease[] = [];
    for (let index = 0; index < 40; index += 1) {
      const lease = rig.acquire({ deviceIds: ['a'] });
      lease.release();
      released.push(lease);
      if (index % 4 === 0) drop(rig, { deviceId: 'b' });
    }
    rig.expectRow('b', { leaseCount: 10 });
    await collectUntil(rig, 10);
    expect(leaksOf(rig)).toBe(10);
    rig.expectRow('b', { leaseCount: 0, inFlight: 0 });
    expect(released.some((lease) => lease.release())).toBe(false);
  });

  it('leave those alone that are held, whoever had their tags before', async () => {
    const rig = new LeaseRig();
    const before = Array.from({ length: 20 }, () => rig.acquire({ deviceIds: ['a'] }));
    for (const lease of before.splice(0)) lease.release();
    const held = Array.from({ length: 20 }, () => rig.acquire({ deviceIds: ['a'] }));
    await dropAndNotice(rig, 5);
    rig.expectRow('a', { leaseCount: 20 });
    expect(held.every((lease) => lease.release())).toBe(true);
    expect(leaksOf(rig)).toBe(5);
  });

  it('are no leak where something else ended them, released afterwards or not', async () => {
    const rig = new LeaseRig();
    const revoked = Array.from({ length: 8 }, () => rig.acquire({ deviceIds: ['a'] }));
    rig.unregister('a');
    expect(revoked.splice(0, 4).map((lease) => lease.release())).toEqual(Array(4).fill(false));
    const next = Array.from({ length: 8 }, () => rig.acquire({ deviceIds: ['b'] }));
    revoked.length = 0;
    await dropAndNotice(rig, 5);
    expect(leaksOf(rig)).toBe(5);
    rig.expectRow('b', { leaseCount: 8 });
    expect(next.every((lease) => lease.release())).toBe(true);
  });

  it('are noticed again and again, and leave their places to others', async () => {
    const rig = new LeaseRig();
    const places = new Set<number>();
    for (let time = 1; time <= 10; time += 1) {
      await dropAndNotice(rig, 20);
      expect(leaksOf(rig)).toBe(20 * time);
      rig.expectRow('c', { leaseCount: 0 });
      const probe = rig.acquire({ deviceIds: ['c'] });
      places.add(heldOf(probe).place);
      probe.release();
    }
    // Else all 200 of them would lie below.
    expect(Math.max(...places) - Math.min(...places)).toBeLessThan(100);
  });
});
