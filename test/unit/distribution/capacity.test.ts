import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CapacityLimits, capacityCounts } from '../../../lib/distribution/capacity.js';

/** The definition: one item at a time to the smallest (count + 1) / capacity. */
function itemByItem(capacities: readonly number[], limits: CapacityLimits): number[] {
  const counts = capacities.map(() => 0);
  for (let item = 0; item < limits.itemCount; item += 1) {
    let best = -1;
    let least = Infinity;
    for (const [device, capacity] of capacities.entries()) {
      const count = counts[device] ?? 0;
      const cost = (count + 1) / capacity;
      if (capacity === 0 || count >= limits.maxPerDevice || cost >= least) continue;
      best = device;
      least = cost;
    }
    if (best < 0) break;
    counts[best] = (counts[best] ?? 0) + 1;
  }
  return counts;
}

function makespan(capacities: readonly number[], counts: readonly number[]): number {
  return Math.max(
    0,
    ...counts.map((count, device) => (count === 0 ? 0 : count / (capacities[device] ?? 0))),
  );
}

/** The least makespan of all ways to place `left` items on the devices from `device` on. */
function leastMakespan(capacities: readonly number[], left: number, maxPerDevice: number): number {
  const [capacity, ...others] = capacities;
  if (capacity === undefined) return left === 0 ? 0 : Infinity;
  const most = capacity === 0 ? 0 : Math.min(left, maxPerDevice);
  let least = Infinity;
  for (let count = 0; count <= most; count += 1) {
    const rest = leastMakespan(others, left - count, maxPerDevice);
    least = Math.min(least, Math.max(count === 0 ? 0 : count / capacity, rest));
  }
  return least;
}

const capacity = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 12 }) },
  { weight: 2, arbitrary: fc.double({ min: 1e-6, max: 1e6, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 1, 98, 1e-9, 1e9, 132, 114) },
);
const maximum = fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 60 }));

describe('capacityCounts', () => {
  it('is what handing out item by item gives', () => {
    const inputs = [fc.array(capacity, { maxLength: 12 }), fc.nat({ max: 300 }), maximum] as const;
    fc.assert(
      fc.property(...inputs, (capacities, itemCount, maxPerDevice) => {
        const limits = { itemCount, maxPerDevice };
        expect(capacityCounts(capacities, limits)).toEqual(itemByItem(capacities, limits));
      }),
      { numRuns: 3000 },
    );
  });

  it('makes the last to finish finish as early as any placement could', () => {
    const inputs = [
      fc.array(capacity, { minLength: 1, maxLength: 4 }),
      fc.nat({ max: 8 }),
      fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 4 })),
    ] as const;
    fc.assert(
      fc.property(...inputs, (capacities, itemCount, maxPerDevice) => {
        const counts = capacityCounts(capacities, { itemCount, maxPerDevice });
        const placed = counts.reduce((sum, count) => sum + count, 0);
        const room = maxPerDevice * capacities.filter((value) => value > 0).length || 0;
        expect(placed).toBe(Math.min(itemCount, room));
        expect(makespan(capacities, counts)).toBe(leastMakespan(capacities, placed, maxPerDevice));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['the largest doubles', [Number.MAX_VALUE, Number.MAX_VALUE / 2, Number.MAX_VALUE], [4, 2, 4]],
    ['the smallest doubles', [5e-324, 1e-323, 5e-324], [3, 5, 2]],
    ['a spread of 10^600', [5e-324, 1e300], [0, 10]],
  ])('survives %s', (_, capacities, expected) => {
    const limits = { itemCount: 10, maxPerDevice: Infinity };
    expect(capacityCounts(capacities, limits)).toEqual(expected);
  });

  it('shares what the large ones leave evenly among tiny equal ones', () => {
    const limits = { itemCount: 9, maxPerDevice: 5 };
    expect(capacityCounts([5e-324, 1e300, 5e-324], limits)).toEqual([2, 5, 2]);
  });

  it('shares a million items over ten thousand devices without going item by item', () => {
    const devices = 10_000;
    const capacities = Array.from({ length: devices }, (_, device) => 20 + ((device * 37) % 125));
    for (const maxPerDevice of [Infinity, 140, 101]) {
      const begin = performance.now();
      const counts = capacityCounts(capacities, { itemCount: 1_000_000, maxPerDevice });
      const tookMs = performance.now() - begin;
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_000_000);
      // Item by item is 10^10 steps, tens of seconds; this takes some ten milliseconds.
      expect(tookMs).toBeLessThan(2000);
      // No item would rather be elsewhere.
      const worst = makespan(capacities, counts);
      for (const [device, count] of counts.entries()) {
        if (count < maxPerDevice) {
          expect((count + 1) / (capacities[device] ?? 0)).toBeGreaterThanOrEqual(worst);
        }
      }
    }
  });
});
