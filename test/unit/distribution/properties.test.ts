import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Distribution } from '../../../lib/distribution/distribution.js';
import { WorkloadDistributor } from '../../../lib/distribution/distributor.js';
import { numbers, sizes } from '../../support/cluster.js';

const distributor = new WorkloadDistributor();
const ids = fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 20 });
const itemCount = fc.nat({ max: 500 });
const maximum = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });

/** Every item once, in order, device after device, the unassigned last; no maximum passed. */
function expectSound(shared: Distribution<number>, items: readonly number[], most: number) {
  expect([...shared.assignments.values()].flat().concat(shared.unassigned)).toEqual(items);
  expect(Math.max(0, ...sizes(shared.assignments))).toBeLessThanOrEqual(most);
}

function optionsOf(maxPerDevice: number | undefined) {
  return maxPerDevice === undefined ? {} : { maxPerDevice };
}

describe('a uniform distribution', () => {
  it('is sound, as even as can be, and leaves over only what does not fit', () => {
    fc.assert(
      fc.property(ids, itemCount, maximum, (deviceIds, count, maxPerDevice) => {
        const items = numbers(count);
        const most = maxPerDevice ?? Infinity;
        const shared = distributor.distributeUniform(deviceIds, items, optionsOf(maxPerDevice));
        expectSound(shared, items, most);
        expect([...shared.assignments.keys()]).toEqual(deviceIds);
        const counts = sizes(shared.assignments);
        expect(counts).toEqual(counts.toSorted((a, b) => b - a));
        if (counts.length > 0) {
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
        const room = deviceIds.length === 0 ? 0 : most * deviceIds.length;
        expect(shared.unassigned).toHaveLength(Math.max(0, count - Math.min(count, room)));
      }),
    );
  });
});

describe('a distribution by capacity', () => {
  it('is sound, gives a capacity of 0 nothing, and leaves over only what does not fit', () => {
    const inputs = [ids, fc.infiniteStream(fc.nat({ max: 9 })), itemCount, maximum] as const;
    fc.assert(
      fc.property(...inputs, (deviceIds, stream, count, maxPerDevice) => {
        const capacities = new Map(deviceIds.map((id) => [id, stream.next().value ?? 0]));
        const eligible = [...capacities.values()].filter((capacity) => capacity > 0).length;
        fc.pre(eligible > 0);
        const items = numbers(count);
        const most = maxPerDevice ?? Infinity;
        const shared = distributor.distributeByCapacity(capacities, items, optionsOf(maxPerDevice));
        expectSound(shared, items, most);
        expect([...shared.assignments.keys()]).toEqual(deviceIds);
        for (const [id, capacity] of capacities) {
          if (capacity === 0) expect(shared.assignments.get(id)).toEqual([]);
        }
        expect(shared.unassigned).toHaveLength(
          Math.max(0, count - Math.min(count, most * eligible)),
        );
      }),
    );
  });
});
