import fc from 'fast-check';
import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import { GPUError } from '../../../lib/errors.js';
import type { Lease } from '../../../lib/leases/lease.js';
import { type LeaseDemand, nobody } from '../../../lib/leases/lease-demand.js';
import { LeaseRig, TestClock } from '../../support/lease-rig.js';
import { SharedLedger } from '../../support/shared-ledger.js';

const totalKiB = 100;
const deviceIds = ['a', 'b', 'c'];
/** Of others than us, on each device, from before the first sample. */
const othersKiB = 10;
const ttlMs = 50;

const amountsKiB = [0, 1, 7, 0, 25, 45, 60, 90, 0, 30];

interface Wanted {
  readonly kib: number;
  readonly count: number;
  readonly weight: number;
  readonly ttlMs: number;
}

interface Modelled {
  readonly kib: number;
  readonly weight: number;
  readonly deviceIds: readonly string[];
  pendingKiB: number;
  /** When it ends by itself. */
  expiresMs: number;
  readonly lease: Lease | undefined;
  readonly token: number;
}

/** One book, and what ought to be in it. */
class Side {
  #rig: LeaseRig;
  readonly live: Modelled[] = [];
  readonly over: Modelled[] = [];
  /** Requests that were read before: reading them takes longer than all the rest. */
  readonly #demands = new Map<string, LeaseDemand>();

  constructor(rig: LeaseRig) {
    this.#rig = rig;
  }

  get rig(): LeaseRig {
    return this.#rig;
  }

  set rig(rig: LeaseRig) {
    this.#rig = rig;
    this.#demands.clear();
  }

  grant(wanted: Wanted): Lease | undefined {
    const attempt = this.rig.desk.tryGrant(this.#demand(wanted), nobody);
    if (attempt.outcome === 'granted') return attempt.lease;
    equal(attempt.outcome, 'busy', 'outcome');
    return undefined;
  }

  grantToken(kib: number): number {
    if (kib === 0) return this.rig.desk.tryAcquireToken(undefined);
    const demand = this.#demand({ kib, count: 1, weight: 1, ttlMs: 0 });
    return this.rig.desk.book.grantTokenFor(demand, nobody);
  }

  #demand({ kib, count, weight, ttlMs }: Wanted): LeaseDemand {
    const key = [kib, count, weight, ttlMs].join();
    let demand = this.#demands.get(key);
    if (demand === undefined) {
      const request = {
        count,
        weight,
        ...(kib > 0 && { memoryBytes: kib * 1024 - 1 }),
        ...(ttlMs > 0 && { ttlMs }),
      };
      demand = this.rig.demand(request);
      this.#demands.set(key, demand);
    }
    return demand;
  }

  end(gone: readonly Modelled[]): void {
    for (const one of gone) {
      this.live.splice(this.live.indexOf(one), 1);
      this.over.push(one);
    }
    if (this.over.length > 8) this.over.splice(0, this.over.length - 8);
  }
}

/** Two books on one ledger, and everything that may happen to them; decided by whole numbers. */
class World {
  readonly clock = new TestClock();
  readonly shared = new SharedLedger();
  /** Devices that went and came back, in order: each time with another number. */
  readonly #lost: string[] = [];
  readonly sides: readonly Side[] = [0, 1].map(() => new Side(this.#rig()));

  constructor() {
    this.#sampleAll();
  }

  #rig(): LeaseRig {
    return new LeaseRig({ clock: this.clock, shared: this.shared, totalKiB, deviceIds });
  }

  /** Each as often as it stands here. */
  readonly #actions: readonly ((side: Side, rest: number) => void)[] = [
    ...Array.from({ length: 4 }, () => (side: Side, rest: number) => this.#acquire(side, rest)),
    (side, rest) => this.#acquireToken(side, rest),
    ...Array.from({ length: 3 }, () => (side: Side, rest: number) => this.#release(side, rest)),
    (side, rest) => this.#releaseAgain(side, rest),
    (side, rest) => this.#materialise(side, rest),
    (side, rest) => this.#renew(side, rest),
    (_, rest) => this.#sample(rest),
    (_, rest) => this.#pass(1 + (rest % 40)),
    (side, rest) => this.#collect(side, rest),
    (_, rest) => (rest % 4 === 0 ? this.#lose(rest) : this.#sample(rest)),
    (side, rest) => (rest % 8 === 0 ? this.#shutDown(side) : this.#pass(rest % 20)),
  ];

  step(choice: number): void {
    const side = this.sides[choice % 2];
    const action = this.#actions[(choice >>> 1) % 16];
    if (side !== undefined) action?.(side, choice >>> 5);
  }

  #acquire(side: Side, rest: number): void {
    const kib = amountsKiB[rest % amountsKiB.length] ?? 0;
    const count = rest % 7 === 0 ? 2 : 1;
    const weight = 1 + (rest % 2) / 2;
    const isTimed = rest % 5 === 0;
    const lease = side.grant({ kib, count, weight, ttlMs: isTimed ? ttlMs : 0 });
    if (lease === undefined) {
      // Nothing but memory stands in the way here.
      const room = deviceIds.filter((id) => this.#leasedKiB(id) + kib <= totalKiB - othersKiB);
      equal(kib > 0 || room.length < count, true, 'refused for memory');
      return;
    }
    const ids = lease.devices.map(({ deviceId }) => deviceId);
    equal(lease.cudaVisibleDevices, ids.join(','), 'cudaVisibleDevices');
    equal(new Set(ids).size, count, 'devices');
    const expiresMs = isTimed ? this.clock.ms + ttlMs : Infinity;
    const parts = { kib, weight: 64 * weight, deviceIds: ids, pendingKiB: kib, expiresMs };
    side.live.push({ ...parts, lease, token: 0 });
  }

  #acquireToken(side: Side, rest: number): void {
    const kib = rest % 2 === 0 ? 0 : (amountsKiB[rest % amountsKiB.length] ?? 0);
    const token = side.grantToken(kib);
    if (token === 0) {
      equal(kib > 0, true, 'refused for memory');
      return;
    }
    const deviceId = side.rig.desk.book.live.tokens.get(token)?.on.deviceId ?? '';
    const parts = { kib, weight: 64, deviceIds: [deviceId], pendingKiB: kib, expiresMs: Infinity };
    side.live.push({ ...parts, lease: undefined, token });
  }

  #release(side: Side, rest: number): void {
    const one = side.live[rest % Math.max(1, side.live.length)];
    if (one === undefined) return;
    const outcome = rest % 3 === 0 ? { failed: true } : undefined;
    if (one.lease === undefined) {
      equal(side.rig.desk.book.releaseToken(one.token, outcome), true, 'releaseToken');
    } else {
      equal(one.lease.release(outcome), true, 'release');
    }
    side.end([one]);
  }

  #releaseAgain(side: Side, rest: number): void {
    const one = side.over[rest % Math.max(1, side.over.length)];
    if (one === undefined) return;
    if (one.lease === undefined) {
      equal(side.rig.desk.book.releaseToken(one.token, undefined), false, 'again');
      return;
    }
    const { lease } = one;
    equal(lease.release(), false, 'release again');
    equal(
      isRefused(() => lease.materialised()),
      true,
      'materialised after the end',
    );
    equal(
      isRefused(() => lease.renew(5)),
      true,
      'renewed after the end',
    );
  }

  #materialise(side: Side, rest: number): void {
    const leases = side.live.filter(({ lease }) => lease !== undefined);
    const one = leases[rest % Math.max(1, leases.length)];
    if (one === undefined) return;
    const kib = rest % 4 === 0 ? undefined : rest % 40;
    one.lease?.materialised(kib === undefined ? undefined : kib * 1024);
    one.pendingKiB -= Math.min(one.pendingKiB, kib ?? Infinity);
  }

  #renew(side: Side, rest: number): void {
    const leases = side.live.filter(({ lease }) => lease !== undefined);
    const one = leases[rest % Math.max(1, leases.length)];
    if (one === undefined) return;
    const given = rest % 3 === 0 ? undefined : 1 + (rest % 80);
    const isUntimed = given === undefined && one.expiresMs === Infinity;
    if (isUntimed) one.lease?.renew();
    if (isUntimed) return;
    one.lease?.renew(given ?? ttlMs);
    one.expiresMs = this.clock.ms + (given ?? ttlMs);
    equal(one.lease?.expiresAtMs === undefined, false, 'expiresAtMs');
  }

  /** Both environments see the same sample, now or at their next look. */
  #sample(rest: number): void {
    const id = deviceIds[rest % 3] ?? '';
    for (const { rig } of this.sides) rig.record(id, this.#usedKiB(id));
  }

  #pass(ms: number): void {
    this.clock.ms += ms;
    vi.advanceTimersByTime(ms);
    for (const side of this.sides) {
      side.end(side.live.filter(({ expiresMs }) => expiresMs <= this.clock.ms));
    }
  }

  #collect(side: Side, rest: number): void {
    const leases = side.live.filter(({ lease }) => lease !== undefined);
    const one = leases[rest % Math.max(1, leases.length)];
    if (one?.lease === undefined) return;
    side.rig.collect(one.lease);
    side.rig.collect(one.lease);
    side.end([one]);
  }

  /** The device goes, and comes back as another one in the same row. */
  #lose(rest: number): void {
    const id = deviceIds[rest % 3] ?? '';
    for (const side of this.sides) {
      side.rig.unregister(id);
      side.end(side.live.filter((one) => one.deviceIds.includes(id)));
    }
    for (const { rig } of this.sides) rig.register(id);
    this.#lost.push(id);
    this.#sample(rest);
  }

  #shutDown(side: Side): void {
    side.rig.close();
    side.end([...side.live]);
    this.check();
    side.rig.ledger.close();
    // Another book begins to count its tokens anew.
    side.over.splice(0, side.over.length, ...side.over.filter(({ token }) => token === 0));
    side.rig = this.#rig();
    // So that devices have the same seats as in the other book.
    for (const id of this.#lost) {
      side.rig.unregister(id);
      side.rig.register(id);
    }
    this.#sampleAll();
  }

  #sampleAll(): void {
    for (const place of deviceIds.keys()) this.#sample(place);
  }

  /** Everything ends; then, once samples show it, all memory can be had again. */
  finish(): void {
    for (const side of this.sides) {
      while (side.live.length > 0) this.#release(side, 0);
    }
    this.#pass(64);
    this.#sampleAll();
    this.check();
    const most = { kib: totalKiB - othersKiB, count: deviceIds.length, weight: 1, ttlMs: 0 };
    equal(this.sides[0]?.grant(most)?.release(), true, 'all memory is to be had');
  }

  #all(): readonly Modelled[] {
    return this.sides.flatMap(({ live }) => live);
  }

  #leasedKiB(id: string): number {
    return sum(this.#on(id).map(({ kib }) => kib));
  }

  /** What is allocated in truth. */
  #usedKiB(id: string): number {
    return othersKiB + sum(this.#on(id).map(({ kib, pendingKiB }) => kib - pendingKiB));
  }

  #on(id: string): readonly Modelled[] {
    return this.#all().filter((one) => one.deviceIds.includes(id));
  }

  check(): void {
    for (const id of deviceIds) {
      equal(this.#leasedKiB(id) + othersKiB <= totalKiB, true, 'within memory');
      for (const side of this.sides) this.#checkRow(id, side);
    }
    for (const { rig, live, over } of this.sides) {
      equal(rig.desk.book.live.count, live.length, 'live leases');
      for (const { lease } of over) equal(lease?.released ?? true, true, 'released');
    }
  }

  #checkRow(id: string, { rig, live }: Side): void {
    const mine = live.filter((one) => one.deviceIds.includes(id));
    const { row, number } = rig.cluster.seatOf(id);
    const cells = rig.ledger.row(row);
    const isOurs = cells.number === number;
    equal(isOurs ? cells.leaseCount : 0, mine.length, 'leaseCount');
    if (!isOurs) return;
    equal(cells.inFlight, sum(mine.map(({ weight }) => weight)), 'inFlight');
    equal(cells.leasedKiB, sum(mine.map(({ kib }) => kib)), 'leasedKiB');
    equal(cells.pendingKiB, sum(mine.map(({ pendingKiB }) => pendingKiB)), 'pendingKiB');
  }
}

/** `expect` takes a hundred times as long, and there are millions of these. */
function equal<T>(actual: T, expected: T, what: string): void {
  if (!Object.is(actual, expected)) throw new Error(`${what}: ${expected} expected, got ${actual}`);
}

function isRefused(call: () => void): boolean {
  try {
    call();
  } catch (error) {
    return error instanceof GPUError && error.code === 'ERR_GPU_LEASE_ENDED';
  }
  return false;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

describe('two books on one ledger', () => {
  beforeAll(() => {
    vi.spyOn(process, 'emitWarning').mockReturnValue();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterAll(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('keep it the sum of what is live, and never promise memory twice', {
    timeout: 300_000,
  }, () => {
    const choices = fc.array(fc.nat({ max: 2 ** 20 }), { maxLength: 16 });
    let spare: World | undefined;
    let runs = 0;
    fc.assert(
      fc.property(choices, (steps) => {
        const world = spare ?? new World();
        // One in which something went wrong is not used again.
        spare = undefined;
        for (const choice of steps) {
          world.step(choice);
          world.check();
        }
        world.finish();
        runs += 1;
        spare = runs % 64 === 0 ? undefined : world;
      }),
      { numRuns: 100_000 },
    );
  });
});
