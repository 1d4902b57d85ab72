import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../lib/leases/ledger.js';
import { type Holding, noFigures } from '../../../lib/leases/ledger-entries.js';
import { isSeen, SampleClock } from '../../../lib/leases/sample-clock.js';
import { SharedLedger } from '../../support/shared-ledger.js';

function holding(more: Partial<Holding> = {}): Holding {
  return { row: 2, number: 7, weight: 64, kib: 0, ...more };
}

function figures(ledger: Ledger, { row = 2, number = 7, seen = 0 } = {}) {
  const into = noFigures();
  ledger.readInto({ row, number }, seen, into);
  return into;
}

function changes(ledger: Ledger): readonly number[] {
  const rows: number[] = [];
  ledger.changes((row) => rows.push(row));
  return rows;
}

const ways = [
  { how: 'memory of its own', open: () => Ledger.private() },
  { how: 'the published block', open: () => new SharedLedger().open().ledger },
  {
    how: 'the published block, where nobody can fence the process',
    open: () => new SharedLedger().open({ hasProcessFence: false }).ledger,
  },
  {
    how: 'native calls, where external memory is refused',
    open: () => new SharedLedger().open({ refuseExternal: true }).ledger,
  },
];

describe.each(ways)('a ledger over $how', ({ open }) => {
  it('is the sum of what was entered and not struck out', () => {
    const ledger = open();
    expect(ledger.claim()).toBe(true);
    expect(ledger.add(holding())).toBe(64);
    expect(ledger.add(holding({ weight: 32, kib: 100 }))).toBe(96);
    expect(figures(ledger)).toEqual({
      inFlight: 96,
      leaseCount: 2,
      leasedKiB: 100,
      pendingKiB: 100,
      unseenKiB: 0,
    });
    expect(ledger.inFlight(holding())).toBe(96);
    expect(ledger.remove(holding({ weight: 32, kib: 100 }), 100)).toBe(64);
    expect(ledger.remove(holding(), 0)).toBe(0);
    expect(figures(ledger)).toEqual(noFigures());
  });

  it('counts memory as reserved, then as materialised until a sample shows it', () => {
    const ledger = open();
    ledger.claim();
    const lease = holding({ kib: 100 });
    ledger.add(lease);
    ledger.materialise(lease, 60, { now: 500, seen: 400 });
    expect(figures(ledger, { seen: 499 })).toMatchObject({ pendingKiB: 40, unseenKiB: 60 });
    expect(figures(ledger, { seen: 500 })).toMatchObject({ pendingKiB: 40, unseenKiB: 0 });
    ledger.materialise(lease, 30, { now: 600, seen: 500 });
    expect(figures(ledger, { seen: 599 })).toMatchObject({ pendingKiB: 10, unseenKiB: 30 });
    ledger.fold(lease, 599);
    expect(figures(ledger, { seen: 599 })).toMatchObject({ unseenKiB: 30 });
    ledger.fold(lease, 600);
    expect(figures(ledger, { seen: 0 })).toMatchObject({ unseenKiB: 0, leasedKiB: 100 });
    expect(ledger.remove(lease, 10)).toBe(0);
    expect(figures(ledger)).toEqual(noFigures());
  });

  it('keeps nothing of the device that had the row before', () => {
    const ledger = open();
    ledger.claim();
    ledger.add(holding({ kib: 5 }));
    ledger.add(holding({ number: 8, weight: 1 }));
    expect(figures(ledger)).toEqual(noFigures());
    expect(figures(ledger, { number: 8 })).toMatchObject({ inFlight: 1, leasedKiB: 0 });
    expect(ledger.remove(holding({ kib: 5 }), 5)).toBe(-1);
    expect(figures(ledger, { number: 8 })).toMatchObject({ inFlight: 1, leaseCount: 1 });
  });

  it('refuses what does not fit into its cells, and enters nothing of it', () => {
    const ledger = open();
    ledger.claim();
    const greatest = holding({ weight: 2 ** 31 - 1, kib: 2 ** 32 - 1 });
    expect(ledger.add(greatest)).toBe(2 ** 31 - 1);
    expect(ledger.add(holding({ weight: 1 }))).toBe(-1);
    expect(ledger.remove(greatest, 2 ** 32 - 1)).toBe(0);
    ledger.add(holding({ kib: 2 ** 32 - 1 }));
    expect(ledger.add(holding({ kib: 1 }))).toBe(-1);
    expect(figures(ledger)).toMatchObject({ leaseCount: 1, leasedKiB: 2 ** 32 - 1 });
  });
});

describe.each(ways)('what was materialised, over $how', ({ open }) => {
  it('is forgotten once it is seen, however fast more follows', () => {
    const ledger = open();
    ledger.claim();
    const lease = holding({ kib: 10 });
    let most = 0;
    for (let tick = 0; tick < 1000; tick += 1) {
      ledger.add(lease);
      // Samples take a while: in none of them is what was materialised last.
      const seen = tick - (tick % 10) - 3;
      ledger.materialise(lease, 10, { now: tick, seen });
      ledger.remove(lease, 0);
      const { unseenKiB } = figures(ledger, { seen });
      expect(unseenKiB).toBeGreaterThanOrEqual(10 * (tick - Math.max(-1, seen)));
      most = Math.max(most, unseenKiB);
    }
    expect(most).toBeLessThanOrEqual(10 * 3 * 10);
    ledger.fold(lease, 998);
    expect(figures(ledger, { seen: 998 })).toMatchObject({ unseenKiB: expect.any(Number) });
    ledger.fold(lease, 999);
    expect(figures(ledger)).toEqual(noFigures());
  });

  it('counts as much as its cells hold while no sample has seen it', () => {
    const ledger = open();
    ledger.claim();
    const lease = holding({ kib: 2 ** 32 - 1 });
    for (const now of [1, 1, 2, 3]) {
      ledger.add(lease);
      ledger.materialise(lease, lease.kib, { now, seen: 0 });
      ledger.remove(lease, 0);
      const { unseenKiB, pendingKiB } = figures(ledger);
      expect(unseenKiB).toBeGreaterThanOrEqual(2 ** 32 - 1);
      expect(pendingKiB).toBe(0);
    }
  });
});

describe.each([true, false])('a newcomer, where the process can be fenced: %s', (isThere) => {
  it('finds what was entered before, and is told of what is entered after', () => {
    const shared = new SharedLedger();
    const [first, second] = [0, 1].map(() => shared.open({ hasProcessFence: isThere }).ledger);
    first?.claim();
    expect(first?.add(holding())).toBe(64);
    second?.claim();
    expect(second && changes(second)).toEqual([-1]);
    expect(second?.inFlight(holding())).toBe(64);
    expect(first?.isAlone).toBe(true);
    expect(first?.add(holding())).toBe(128);
    expect(first?.isAlone).toBe(false);
    expect(second && changes(second)).toEqual([2]);
    expect(second?.add(holding())).toBe(192);
    expect(first?.remove(holding(), 0)).toBe(128);
  });
});

describe('a ledger that environments share', () => {
  it('says that all may have changed when others went between two looks', () => {
    const shared = new SharedLedger();
    const [first, second] = [shared.open(), shared.open()];
    first.ledger.claim();
    second.ledger.claim();
    second.ledger.add(holding());
    expect(first.ledger.add(holding())).toBe(128);
    second.close();
    expect(first.ledger.inFlight(holding())).toBe(64);
    expect(first.ledger.isAlone).toBe(false);
    expect(changes(first.ledger)).toEqual([-1]);
    expect(first.ledger.isAlone).toBe(true);
  });

  it('knows by its claim whether others are there', () => {
    const shared = new SharedLedger();
    const [first, second] = [shared.open().ledger, shared.open().ledger];
    expect(first.isShared).toBe(false);
    second.claim();
    second.add(holding());
    first.claim();
    expect(first.isAlone).toBe(false);
    expect(changes(first)).toEqual([-1]);
  });

  it('sums over all of them, those without a shard included', () => {
    const shared = new SharedLedger();
    const [one, other, reader] = [shared.open(), shared.open(), shared.open()];
    one.ledger.claim();
    expect(one.ledger.isShared).toBe(false);
    expect(reader.ledger.isShared).toBe(true);
    other.ledger.claim();
    one.ledger.add(holding());
    other.ledger.add(holding({ weight: 1, kib: 3 }));
    for (const { ledger } of [one, other, reader]) {
      expect(figures(ledger)).toMatchObject({ inFlight: 65, leaseCount: 2, pendingKiB: 3 });
    }
    other.close();
    expect(figures(one.ledger)).toMatchObject({ inFlight: 64, leaseCount: 1 });
    expect(one.ledger.isShared).toBe(false);
  });

  it('tells each of the others which rows have changed, once', () => {
    const shared = new SharedLedger();
    const [one, other] = [shared.open(), shared.open()];
    one.ledger.claim();
    expect(changes(one.ledger)).toEqual([]);
    other.ledger.claim();
    expect(changes(one.ledger)).toEqual([-1]);
    expect(changes(one.ledger)).toEqual([]);
    other.ledger.add(holding({ row: 3 }));
    other.ledger.add(holding({ row: 5 }));
    expect(changes(one.ledger)).toEqual([3, 5]);
    expect(changes(one.ledger)).toEqual([]);
    for (let turn = 0; turn < 256; turn += 1) other.ledger.add(holding({ row: turn % 8 }));
    expect(changes(one.ledger)).toEqual([-1]);
    other.close();
    expect(changes(one.ledger)).toEqual([-1]);
    expect(changes(one.ledger)).toEqual([]);
  });

  it('looks at all rows while it has no shard, for nobody tells it, and once after that', () => {
    const shared = new SharedLedger();
    const [one, other] = [shared.open(), shared.open()];
    expect(changes(one.ledger)).toEqual([]);
    other.ledger.claim();
    other.ledger.add(holding());
    expect(changes(one.ledger)).toEqual([-1]);
    other.ledger.remove(holding(), 0);
    expect(changes(one.ledger)).toEqual([-1]);
    other.ledger.add(holding());
    one.ledger.claim();
    expect(changes(one.ledger)).toEqual([-1]);
    expect(changes(one.ledger)).toEqual([]);
    other.close();
    expect(changes(one.ledger)).toEqual([-1]);
  });

  it('goes on telling when its clock wraps', () => {
    const shared = new SharedLedger();
    const [one, other] = [shared.open(), shared.open()];
    one.ledger.claim();
    other.ledger.claim();
    shared.tick(2 ** 31 - 300);
    changes(one.ledger);
    for (let turn = 0; turn < 200; turn += 1) {
      other.ledger.add(holding({ row: turn % 8 }));
      other.ledger.add(holding({ row: 3 }));
      expect(changes(one.ledger)).toEqual([turn % 8, 3]);
    }
  });

  it('looks at all rows where an entry is not written yet', () => {
    const shared = new SharedLedger();
    const [one, other] = [shared.open(), shared.open()];
    one.ledger.claim();
    other.ledger.claim();
    changes(one.ledger);
    other.ledger.add(holding({ row: 3 }));
    shared.tick();
    expect(changes(one.ledger)).toEqual([3, -1]);
  });

  it('says when every shard is taken', () => {
    const shared = new SharedLedger();
    const all = Array.from({ length: 64 }, () => shared.open());
    expect(all.map(({ ledger }) => ledger.claim())).not.toContain(false);
    const late = shared.open();
    expect(late.ledger.claim()).toBe(false);
    all[17]?.close();
    expect(late.ledger.claim()).toBe(true);
  });

  it('knows whether a shard above has leases on a device', () => {
    const shared = new SharedLedger();
    const [low, high] = [shared.open(), shared.open()];
    low.ledger.claim();
    high.ledger.claim();
    expect(low.ledger.isHeldAbove(holding())).toBe(false);
    high.ledger.add(holding());
    low.ledger.add(holding());
    expect(low.ledger.isHeldAbove(holding())).toBe(true);
    expect(low.ledger.isHeldAbove(holding({ number: 8 }))).toBe(false);
    expect(high.ledger.isHeldAbove(holding())).toBe(false);
  });
});

describe('a private ledger', () => {
  it('grows, and keeps what is in it', () => {
    const ledger = Ledger.private(2);
    ledger.add(holding({ row: 1, kib: 9 }));
    ledger.makeRoom(1000);
    ledger.add(holding({ row: 999 }));
    expect(figures(ledger, { row: 1 })).toMatchObject({ inFlight: 64, leasedKiB: 9 });
    expect(figures(ledger, { row: 999 })).toMatchObject({ inFlight: 64 });
    expect(ledger.isShared).toBe(false);
  });
});

describe('the clock of samples', () => {
  it.each([0, 1, 16, 17, 2 ** 35 - 8, 2 ** 35 + 3])(
    'at %d ms, a later sample has seen it',
    (ms) => {
      const clock = new SampleClock(() => ms);
      const tick = clock.now();
      expect(isSeen(tick, clock.seenBy(ms))).toBe(false);
      expect(isSeen(tick, clock.seenBy(ms - 40))).toBe(false);
      expect(isSeen(tick, clock.seenBy(ms + 17))).toBe(true);
    },
  );

  it('takes no sample of another age of the world for one that has seen it', () => {
    const now = 1_700_000_000_000;
    const clock = new SampleClock(() => now, now);
    expect(isSeen(clock.now(), clock.seenBy(1000))).toBe(false);
    expect(isSeen(clock.now(), clock.seenBy(-Infinity))).toBe(false);
    expect(isSeen(clock.now(), clock.seenBy(now + 100))).toBe(true);
  });

  it.each([0, 2 ** 35, 2 ** 35 + 2 ** 34])('up for %d ms, takes no sample for none', (ms) => {
    const clock = new SampleClock(() => ms);
    expect(isSeen(clock.now(), clock.seenBy(-Infinity))).toBe(false);
  });
});
