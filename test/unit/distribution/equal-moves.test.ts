import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unassignedOwner } from '../../../lib/distribution/plan.js';
import { equalMoves } from '../../../lib/distribution/rebalance/equal-moves.js';
import { lostOwner, targetTime } from '../../../lib/distribution/rebalance/relocation.js';
import {
  bestByTrial,
  outcomeOf,
  relocationOf,
  type SmallCase,
  smallCases,
} from '../../support/naive-rebalance.js';

/** What the moves come to, by the same rules as the trial. */
function outcomeOfMoves(one: SmallCase, target: number) {
  const { owners, isMinimal } = equalMoves(relocationOf(one));
  expect(isMinimal).toBe(true);
  const way = Array.from(owners, (owner) => (owner === unassignedOwner ? -1 : owner));
  return outcomeOf(one, way, target);
}

describe('moves of equal items', () => {
  it('are as few as any plan that is as good and as complete needs', () => {
    const cases = smallCases({ mostDevices: 3, mostItems: 6, isEqual: true });
    fc.assert(
      fc.property(cases, (one) => {
        const assigned = one.owners.length - bestByTrial(one, Infinity).unassigned;
        const target = targetTime(relocationOf(one), assigned * Number(one.costs));
        const best = bestByTrial(one, target);
        const outcome = outcomeOfMoves(one, target);
        expect(outcome?.unassigned).toBe(best.unassigned);
        expect(outcome?.moves).toBe(best.moves);
        expect(outcome?.time).toBeCloseTo(best.time, 9);
      }),
      { numRuns: 2000 },
    );
  });

  it('leave a plan that is good enough as it is', () => {
    const one = { speeds: [1, 1], costs: 1, owners: [0, 0, 0, 1, 1], maxImbalance: 1.2 };
    expect([...equalMoves(relocationOf(one)).owners]).toEqual(one.owners);
  });

  it('do so where rounding alone says that it ends late', () => {
    expect((1.2 * 6) / 8).toBeLessThan(4.5 / 5);
    const one = { speeds: [3, 5], loads: [0, 4], costs: 0.5, owners: [0, 0, 1, 0] };
    const { owners } = equalMoves(relocationOf({ ...one, maxImbalance: 1.2 }));
    expect([...owners]).toEqual(one.owners);
  });

  it('take the last items of a device, and keep the others in order', () => {
    const one = { speeds: [1, 1], costs: 1, owners: [0, 0, 0, 0, 0, 0], maxImbalance: 1 };
    expect([...equalMoves(relocationOf(one)).owners]).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it('go over a million items of which an eighth has lost its device', () => {
    const relocation = relocationOf({
      speeds: [1, 1, 1, 1, 1, 1, 1],
      costs: 1,
      owners: Array.from({ length: 1e6 }, (_, index) => (index % 8) - 1),
      maxImbalance: 1.05,
    });
    const lost = relocation.owners.map((owner) => (owner === unassignedOwner ? lostOwner : owner));
    const { owners } = equalMoves({ ...relocation, owners: lost });
    let moves = 0;
    for (const [index, owner] of owners.entries()) if (owner !== lost[index]) moves += 1;
    expect(moves).toBe(125_000);
  });
});
