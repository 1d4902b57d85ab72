import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WorkloadDistributor } from '../../../lib/distribution/distributor.js';
import { countsWithMinimum } from '../../../lib/distribution/minimum-batch.js';

interface Devices {
  readonly speeds: readonly number[];
  readonly limits?: readonly number[];
}

function counted(itemCount: number, minimum: number, { speeds, limits }: Devices): number[] {
  const devices = {
    speeds: Float64Array.from(speeds),
    limits: limits && Float64Array.from(limits),
  };
  return [...countsWithMinimum(itemCount, minimum, devices)];
}

function makespan(counts: readonly number[], speeds: readonly number[]): number {
  return Math.max(0, ...counts.map((count, place) => count && count / (speeds[place] ?? 0)));
}

/** The least makespan of all ways to hand out all items, each count 0 or at least the minimum. */
function least(itemCount: number, minimum: number, speeds: readonly number[]): number {
  const [speed, ...rest] = speeds;
  if (speed === undefined) return itemCount === 0 ? 0 : Infinity;
  let best = least(itemCount, minimum, rest);
  for (let own = minimum; own <= itemCount && speed > 0; own += 1) {
    best = Math.min(best, Math.max(own / speed, least(itemCount - own, minimum, rest)));
  }
  return best;
}

/** The most items that any plan has a place for, each count 0 or at least the minimum. */
function greatest(itemCount: number, minimum: number, limits: readonly number[]): number {
  const [limit, ...rest] = limits;
  if (limit === undefined) return 0;
  let best = greatest(itemCount, minimum, rest);
  for (let own = minimum; own <= Math.min(limit, itemCount); own += 1) {
    best = Math.max(best, own + greatest(itemCount - own, minimum, rest));
  }
  return best;
}

describe('a minimum batch', () => {
  it('leaves out who would get too few, unless a little more pays', () => {
    expect(counted(4, 2, { speeds: [3, 1] })).toEqual([4, 0]);
    expect(counted(20, 10, { speeds: [10, 9] })).toEqual([10, 10]);
    expect(counted(1, 2, { speeds: [3, 1] })).toEqual([0, 0]);
    expect(counted(7, 2, { speeds: [1, 1, 1] })).toEqual([3, 2, 2]);
    expect(counted(9, 4, { speeds: [9, 1], limits: [3, 9] })).toEqual([0, 9]);
  });

  it('lets nobody join only because a slower one would do so after', () => {
    expect(counted(8, 2, { speeds: [1, 1, 1, 5] })).toEqual([0, 0, 0, 8]);
  });

  it('has the least makespan there is', () => {
    const speeds = fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        speeds,
        fc.nat({ max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        (own, n, minimum) => {
          fc.pre(own.some((speed) => speed > 0));
          const counts = counted(n, minimum, { speeds: own });
          const taken = counts.reduce((sum, count) => sum + count, 0);
          expect(taken).toBe(n < minimum ? 0 : n);
          for (const count of counts) if (count > 0) expect(count).toBeGreaterThanOrEqual(minimum);
          if (taken > 0) expect(makespan(counts, own)).toBe(least(n, minimum, own));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('has a place for as many items as any plan within the limits', () => {
    const limits = fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        limits,
        fc.nat({ max: 16 }),
        fc.integer({ min: 1, max: 4 }),
        (own, n, minimum) => {
          const speeds = own.map((_, place) => [3, 0.3, 1, 0][place] ?? 1);
          const counts = counted(n, minimum, { speeds, limits: own });
          for (const [place, count] of counts.entries()) {
            const isWithin = count === 0 || (count >= minimum && count <= (own[place] ?? 0));
            expect(isWithin && (count === 0 || speeds[place] !== 0)).toBe(true);
          }
          const usable = own.map((limit, place) => (speeds[place] === 0 ? 0 : limit));
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(greatest(n, minimum, usable));
        },
      ),
      { numRuns: 5000 },
    );
    expect(counted(3, 2, { speeds: [0.977, 0.3], limits: [2, 5] })).toEqual([0, 3]);
    expect(counted(5, 2, { speeds: [100, 100, 1], limits: [2, 2, 1000] })).toEqual([2, 0, 3]);
  });

  it("is not all the slow device's because it alone has room for the last item", () => {
    const speeds = [...Array<number>(10).fill(100), 1];
    const limits = [...Array<number>(10).fill(100), 1e6];
    expect(makespan(counted(1000, 100, { speeds, limits }), speeds)).toBe(1);
    expect(makespan(counted(1001, 100, { speeds, limits }), speeds)).toBe(101);
  });

  it('holds for items that are not alike, and says why an item has no device', () => {
    const distributor = new WorkloadDistributor();
    const devices = [{ deviceId: 'a', speed: 5 }, { deviceId: 'b' }, { deviceId: 'c' }];
    const plan = distributor.distribute(devices, 6, {
      strategy: 'capacity',
      costs: [1, 2, 3, 4, 5, 6],
      minPerDevice: 2,
    });
    for (const count of plan.counts.values()) expect(count === 0 || count >= 2).toBe(true);
    expect(plan.unassigned).toEqual([]);
    const none = distributor.distribute(devices, 1, { minPerDevice: 2 });
    expect(none.unassignedReasons.map(({ code }) => code)).toEqual(['min-batch']);
  });
});
