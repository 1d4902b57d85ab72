import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GPUError } from '../../../lib/errors.js';
import type { Lease } from '../../../lib/leases/lease.js';
import { readLeaseRequest } from '../../../lib/leases/lease-request.js';
import type { DeviceShare, Reservation } from '../../../lib/leases/reservation.js';
import { KiB, LeaseRig, TestClock } from '../../support/lease-rig.js';
import { SharedLedger } from '../../support/shared-ledger.js';

const { criteria } = readLeaseRequest(undefined, { maxAgeMs: Infinity });

function share(deviceId: string, kib: number, weight = 1): DeviceShare {
  return { deviceId, weight, memoryBytes: kib * KiB };
}

function reserve(rig: LeaseRig, shares: readonly DeviceShare[], ttlMs = 0): Reservation {
  return rig.desk.reserve(shares, { criteria, ttlMs });
}

function leasesOf(reservation: Reservation): ReadonlyMap<string, Lease> {
  if (!reservation.granted) throw new Error(`refused: ${reservation.reason}`);
  return reservation.leases;
}

/** On each device what the ledger has of this environment. */
function rows(rig: LeaseRig) {
  return ['a', 'b', 'c'].map((deviceId) => {
    const { leaseCount, inFlight, leasedKiB } = rig.row(deviceId);
    return [leaseCount, inFlight, leasedKiB];
  });
}

const empty = [
  [0, 0, 0],
  [0, 0, 0],
  [0, 0, 0],
];

describe('a reservation of named devices', () => {
  it('is a lease on each of them, with its own weight and memory', () => {
    const rig = new LeaseRig();
    const leases = leasesOf(reserve(rig, [share('a', 10, 3), share('c', 20.5, 0.001)]));
    expect([...leases.keys()]).toEqual(['a', 'c']);
    expect(rows(rig)).toEqual([
      [1, 3 * 64, 10],
      [0, 0, 0],
      [1, 1, 21],
    ]);
    expect(leases.get('c')).toMatchObject({ memoryBytes: 21 * KiB, weight: 1 / 64 });
    for (const lease of leases.values()) lease.release();
    expect(rows(rig)).toEqual(empty);
  });

  it('leaves nothing held when one of them has no room, and says which and why', () => {
    const rig = new LeaseRig();
    for (const deviceId of ['a', 'b', 'c']) rig.record(deviceId, 0);
    const held = rig.acquire({ deviceIds: ['c'], memoryBytes: 90 * KiB });
    const refused = reserve(rig, [share('a', 50), share('b', 50), share('c', 50)]);
    expect(refused).toMatchObject({ granted: false, deviceId: 'c' });
    expect(refused.granted ? '' : refused.reason).toContain('free');
    held.release();
    expect(rows(rig)).toEqual(empty);
    expect(rig.desk.status().leases).toBe(0);
  });

  it('refuses a device that is gone, with nothing held of the others', () => {
    const rig = new LeaseRig();
    expect(reserve(rig, [share('a', 1), share('nobody', 1)])).toEqual({
      granted: false,
      deviceId: 'nobody',
      reason: 'it is gone',
    });
    expect(rows(rig)).toEqual(empty);
  });

  it('keeps to the limit on weight in flight of the cluster, and to what a ledger can hold', () => {
    const rig = new LeaseRig();
    const limited = { ...criteria, maxInFlight: 4 };
    const granted = rig.desk.reserve([share('a', 0, 4)], { criteria: limited, ttlMs: 0 });
    expect(granted.granted).toBe(true);
    const more = rig.desk.reserve([share('a', 0, 0.5)], { criteria: limited, ttlMs: 0 });
    expect(more).toMatchObject({ granted: false, deviceId: 'a' });
    expect(reserve(rig, [share('b', 0), share('c', 0, 2 ** 40)]).granted).toBe(false);
    expect(rig.row('b').leaseCount).toBe(0);
  });

  it('leaves those who wait what they wait for', async () => {
    const rig = new LeaseRig();
    const held = rig.acquire({ deviceIds: ['a'], memoryBytes: 60 * KiB });
    const waiting = rig.desk.acquire({ deviceIds: ['a'], memoryBytes: 60 * KiB });
    expect([...rig.desk.withheldIds()]).toEqual(['a']);
    expect(reserve(rig, [share('b', 1), share('a', 1)])).toMatchObject({
      granted: false,
      deviceId: 'a',
    });
    expect(rig.row('b').leaseCount).toBe(0);
    expect(reserve(rig, [share('b', 1), share('c', 1)]).granted).toBe(true);
    held.release();
    (await waiting).release();
    expect(rig.desk.withheldIds().size).toBe(0);
    rig.close();
  });

  it('throws on a desk that is closed', () => {
    const rig = new LeaseRig();
    rig.close();
    expect(() => reserve(rig, [share('a', 1)])).toThrow(GPUError);
  });

  it('gives all leases their time to live', () => {
    const rig = new LeaseRig();
    const leases = leasesOf(reserve(rig, [share('a', 1), share('b', 1)], 1000));
    for (const lease of leases.values()) {
      expect(lease.expiresAtMs).toBeGreaterThan(lease.acquiredAtMs);
      lease.release();
    }
  });
});

interface Held {
  readonly side: number;
  readonly shares: readonly DeviceShare[];
  readonly leases: readonly Lease[];
}

/** Two environments that reserve and release on one ledger, and what they hold. */
class Model {
  readonly #clock = new TestClock();
  readonly #shared = new SharedLedger();
  readonly rigs = [0, 1].map(() => new LeaseRig({ clock: this.#clock, shared: this.#shared }));
  held: Held[] = [];

  reserve(side: number, kib: readonly number[]): void {
    const shares = ['a', 'b', 'c']
      .map((deviceId, place) => share(deviceId, kib[place] ?? 0, 1 + (kib[place] ?? 0) / 4))
      .filter(({ memoryBytes }) => memoryBytes > 0);
    const rig = this.rigs[side] as LeaseRig;
    const isRoom = shares.every(
      ({ deviceId, memoryBytes }) => this.leased(deviceId) + memoryBytes <= rig.totalKiB * KiB,
    );
    const reservation = reserve(rig, shares);
    if (reservation.granted !== isRoom) throw new Error(`granted: ${reservation.granted}`);
    if (!reservation.granted) return;
    this.held.push({ side, shares, leases: [...reservation.leases.values()] });
  }

  release(at: number): void {
    const [one] = this.held.splice(at % Math.max(1, this.held.length), 1);
    for (const lease of one?.leases ?? []) lease.release();
  }

  leased(deviceId: string, side?: number): number {
    const shares = this.held
      .filter((one) => side === undefined || one.side === side)
      .flatMap((one) => one.shares.filter((each) => each.deviceId === deviceId));
    return shares.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  }

  /** The ledger is the sum of live leases, in each environment. */
  check(): void {
    for (const [side, rig] of this.rigs.entries()) {
      const mine = this.held.filter((one) => one.side === side);
      const count = mine.reduce((sum, { leases }) => sum + leases.length, 0);
      expect(rig.desk.status().leases).toBe(count);
      for (const deviceId of ['a', 'b', 'c']) {
        expect(rig.row(deviceId).leasedKiB * KiB).toBe(this.leased(deviceId, side));
      }
    }
  }
}

describe('reservations of two environments', () => {
  it('are granted whole or not at all, and the ledger is what is live', () => {
    const amounts = fc.array(fc.constantFrom(0, 0, 5, 20, 45, 60, 100), {
      minLength: 3,
      maxLength: 3,
    });
    const step = fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 9 }), amounts);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const model = new Model();
        for (const [kind, at, kib] of steps) {
          if (kind === 2) model.release(at);
          else model.reserve(kind, kib);
          model.check();
        }
        while (model.held.length > 0) model.release(0);
        model.check();
      }),
      { numRuns: 400 },
    );
  });
});
