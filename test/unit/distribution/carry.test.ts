import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Carry } from '../../../lib/distribution/carry.js';
import { assignByScan } from '../../../lib/distribution/earliest.js';
import type { DistributionJob } from '../../../lib/distribution/job.js';
import { usageOf } from '../../../lib/distribution/usage.js';
import { jobOf } from '../../support/jobs.js';

/** One batch of equal items; returns what each device got. */
function count(carry: Carry, job: DistributionJob): Record<string, number> {
  const counts = carry.countsFor(job);
  carry.settle(job, usageOf(job, { kind: 'counts', counts }));
  return Object.fromEntries(job.deviceIds.map((id, place) => [id, counts[place] ?? 0]));
}

/** One batch of items with costs, each to whom it is done first. */
function share(carry: Carry, job: DistributionJob): Float64Array {
  const { speeds, loads, itemLimits, costs = new Float64Array(0) } = carry.loaded(job);
  const owners = assignByScan({
    costs,
    speeds,
    ...(loads && { loads }),
    ...(itemLimits && { itemLimits }),
    order: 'descending',
  });
  const usage = usageOf(job, { kind: 'owners', owners });
  carry.settle(job, usage);
  return usage.costs;
}

function totalsOf(batches: readonly Record<string, number>[]): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const batch of batches) {
    for (const [id, items] of Object.entries(batch)) totals[id] = (totals[id] ?? 0) + items;
  }
  return totals;
}

describe('what equal items leave over', () => {
  it('goes to small devices in their turn', () => {
    const carry = new Carry();
    const speeds = { big: 9, small: 1 };
    const got = Array.from({ length: 30 }, () => count(carry, jobOf(speeds, { itemCount: 1 })));
    expect(totalsOf(got)).toEqual({ big: 27, small: 3 });
  });

  it('goes round among equals', () => {
    const carry = new Carry();
    const got = Array.from({ length: 6 }, () =>
      count(carry, jobOf({ a: 1, b: 1, c: 1 }, { itemCount: 1 })),
    );
    const takers = got.map((batch) => Object.keys(batch).find((id) => batch[id] === 1));
    expect(takers).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('is counted in cost: items of another cost come next', () => {
    const carry = new Carry();
    const speeds = { a: 1, b: 1 };
    expect(count(carry, jobOf(speeds, { itemCount: 1, itemCost: 6 }))).toEqual({ a: 1, b: 0 });
    expect(count(carry, jobOf(speeds, { itemCount: 6 }))).toEqual({ a: 0, b: 6 });
    expect(carry.credits.get('b')).toBeCloseTo(0);
  });

  it('lets a newcomer start level, and forgets what is gone', () => {
    const carry = new Carry();
    for (let batch = 0; batch < 99; batch += 1)
      count(carry, jobOf({ a: 1, b: 2 }, { itemCount: 1 }));
    const speeds = { a: 1, b: 2, c: 1 };
    const got = Array.from({ length: 8 }, () => count(carry, jobOf(speeds, { itemCount: 1 })));
    expect(totalsOf(got)).toEqual({ a: 2, b: 4, c: 2 });
    carry.keepOnly(new Set(['a']));
    expect([...carry.credits.keys()]).toEqual(['a']);
  });

  it('does not pile up where a limit keeps a device from its share', () => {
    const carry = new Carry();
    const limited = { itemCount: 10, itemLimits: Float64Array.of(1, Infinity) };
    for (let batch = 0; batch < 100; batch += 1) {
      expect(count(carry, jobOf({ a: 1, b: 1 }, limited))).toEqual({ a: 1, b: 9 });
    }
    expect(count(carry, jobOf({ a: 1, b: 1 }, { itemCount: 10 }))).toEqual({ a: 5, b: 5 });
  });

  it('stays with a device that is out of use for a while', () => {
    const carry = new Carry();
    expect(count(carry, jobOf({ a: 1, b: 1 }, { itemCount: 1 }))).toEqual({ a: 1, b: 0 });
    count(carry, jobOf({ c: 1 }, { itemCount: 5 }));
    expect(count(carry, jobOf({ a: 1, b: 1 }, { itemCount: 1 }))).toEqual({ a: 0, b: 1 });
  });

  it('is at most an item, whatever comes, goes, fails or changes speed', () => {
    const device = fc.record({
      speed: fc.constantFrom(0, 0.5, 1, 3, 90),
      limit: fc.constantFrom(0, 1, 2, Infinity, Infinity),
      isThere: fc.boolean(),
    });
    const batch = fc.tuple(fc.array(device, { minLength: 5, maxLength: 5 }), fc.nat({ max: 9 }));
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 30 }), (batches) => {
        const carry = new Carry();
        for (const [devices, itemCount] of batches) {
          const there = [...devices.entries()].filter(([, { isThere }]) => isThere);
          const speeds = Object.fromEntries(there.map(([id, { speed }]) => [`d${id}`, speed]));
          const itemLimits = Float64Array.from(there, ([, { limit }]) => limit);
          const got = count(carry, jobOf(speeds, { itemCount, itemLimits }));
          for (const [id, { speed, limit }] of there) {
            expect(got[`d${id}`]).toBeLessThanOrEqual(speed === 0 ? 0 : limit);
          }
          for (const credit of carry.credits.values()) expect(credit).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('numbers of any size', () => {
  it('leave counts whole and credits finite', () => {
    const size = fc.constantFrom(0, 5e-324, 1e-300, 1e-9, 1, 3, 2 ** 53, 1e17, 1e300);
    const device = fc.record({ speed: size, load: size });
    const batch = fc.record({
      devices: fc.array(device, { minLength: 3, maxLength: 3 }),
      itemCount: fc.constantFrom(0, 1, 5, 1000, 1e6, 2 ** 32 - 1),
      itemCost: fc.constantFrom(0, 1e-300, 1, 1e17, 1e280),
    });
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 5 }), (batches) => {
        const carry = new Carry();
        for (const { devices, itemCount, itemCost } of batches) {
          const speeds = Object.fromEntries(devices.map(({ speed }, id) => [`d${id}`, speed]));
          const loads = Float64Array.from(devices, ({ load }) => load);
          const got = Object.values(count(carry, jobOf(speeds, { itemCount, itemCost, loads })));
          const canTake = devices.some(({ speed }) => speed > 0);
          expect(got.reduce((a, b) => a + b, 0)).toBe(canTake ? itemCount : 0);
          for (const credit of carry.credits.values()) expect(credit).toSatisfy(Number.isFinite);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('do not make a batch of small items wait for those that are far behind', () => {
    const carry = new Carry();
    const speeds = { a: 1, b: 1, c: 1 };
    count(carry, jobOf(speeds, { itemCount: 1, itemCost: 3e9 }));
    const small = count(carry, jobOf(speeds, { itemCount: 1e6 }));
    expect(small).toEqual({ a: 0, b: 5e5, c: 5e5 });
  });
});

describe('what items with costs leave over', () => {
  it('is the load that the next ones start from', () => {
    const carry = new Carry();
    const speeds = { a: 1, b: 1 };
    expect([...share(carry, jobOf(speeds, { costs: Float64Array.of(8) }))]).toEqual([8, 0]);
    expect([...share(carry, jobOf(speeds, { costs: Float64Array.of(5, 2) }))]).toEqual([0, 7]);
    expect([...share(carry, jobOf(speeds, { costs: Float64Array.of(1) }))]).toEqual([0, 1]);
  });

  it('is behind by one item at most after many batches, by shares', () => {
    const cost = fc.integer({ min: 1, max: 20 });
    const batches = fc.array(fc.array(cost, { maxLength: 4 }), { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(batches, (all) => {
        const carry = new Carry();
        const speeds = { a: 5, b: 2, c: 1 };
        const totals = [0, 0, 0];
        for (const costs of all) {
          const got = share(carry, jobOf(speeds, { costs: Float64Array.from(costs) }));
          for (const [place, cost] of got.entries()) totals[place] = (totals[place] ?? 0) + cost;
        }
        const sum = totals.reduce((a, b) => a + b, 0);
        for (const [place, speed] of [5, 2, 1].entries()) {
          expect((totals[place] ?? 0) - (sum * speed) / 8).toBeGreaterThan(-20.001);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('does not pile up where a limit keeps a device from its share', () => {
    const carry = new Carry();
    const costs = Float64Array.of(4, 4, 4, 4);
    for (let batch = 0; batch < 50; batch += 1) {
      share(carry, jobOf({ a: 1, b: 1 }, { costs, itemLimits: Float64Array.of(0, Infinity) }));
    }
    expect(carry.credits.get('a')).toBe(4);
    expect([...share(carry, jobOf({ a: 1, b: 1 }, { costs }))]).toEqual([12, 4]);
  });
});
