import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignByScan } from '../../../lib/distribution/earliest.js';
import { costAt } from '../../../lib/distribution/job.js';
import { unassignedOwner } from '../../../lib/distribution/plan.js';
import { exactMoves } from '../../../lib/distribution/rebalance/exact-moves.js';
import { greedyMoves } from '../../../lib/distribution/rebalance/greedy-moves.js';
import { movesOf } from '../../../lib/distribution/rebalance/moves.js';
import { type Relocation, targetTime } from '../../../lib/distribution/rebalance/relocation.js';
import {
  bestByTrial,
  numberOf,
  outcomeOf,
  relocationOf,
  type SmallCase,
  smallCases,
} from '../../support/naive-rebalance.js';
import { randomFrom } from '../../support/random.js';

const small = smallCases({ mostDevices: 3, mostItems: 6, isEqual: false });

/** By the cost of all items that some device may take alone. */
function targetOf(one: SmallCase): number {
  let cost = 0;
  for (const index of one.owners.keys()) {
    const isTakable = one.speeds.some(
      (speed, place) =>
        speed > 0 &&
        (one.itemLimits?.[place] ?? 1) >= 1 &&
        numberOf(one.costs, index) <= (one.costLimits?.[place] ?? Infinity) &&
        numberOf(one.bytes, index) <= (one.byteLimits?.[place] ?? Infinity),
    );
    if (isTakable) cost += numberOf(one.costs, index);
  }
  return targetTime(relocationOf(one), cost);
}

function outcome(one: SmallCase, owners: Uint32Array, target: number) {
  const way = Array.from(owners, (owner) => (owner === unassignedOwner ? -1 : owner));
  return outcomeOf(one, way, target);
}

describe('moves of items with costs and bytes', () => {
  it('are as few as any plan that is as good and as complete needs', () => {
    let proved = 0;
    let all = 0;
    fc.assert(
      fc.property(small, (one) => {
        const { owners, isMinimal } = movesOf(relocationOf(one), assignByScan);
        const target = targetOf(one);
        const found = outcome(one, owners, target);
        const best = bestByTrial(one, target);
        expect(found?.unassigned).toBe(best.unassigned);
        expect(found?.moves).toBe(best.moves);
        expect(found?.time).toBeCloseTo(best.time, 9);
        all += 1;
        if (isMinimal) proved += 1;
      }),
      { numRuns: 2000 },
    );
    expect(proved).toBe(all);
  });

  it('keep to limits where they are greedy, and say when they are proved to be the fewest', () => {
    fc.assert(
      fc.property(small, (one) => {
        const relocation = relocationOf(one);
        const time = targetOf(one);
        const owners = greedyMoves(relocation, { time, assign: assignByScan });
        expect(outcome(one, owners, time)).toBeDefined();
      }),
      { numRuns: 2000 },
    );
  });

  it('find the best from the worst start', () => {
    fc.assert(
      fc.property(small, (one) => {
        const relocation = relocationOf(one);
        const target = targetOf(one);
        const none = relocation.owners.map(() => unassignedOwner);
        const { owners, isMinimal } = exactMoves(relocation, target, none);
        expect(isMinimal).toBe(true);
        expect(outcome(one, owners, target)?.moves).toBe(bestByTrial(one, target).moves);
      }),
      { numRuns: 1000 },
    );
  });
});

/** Devices that were in balance, and one that has lost half of its speed. */
function degraded(itemCount: number, deviceCount: number): Relocation {
  const random = randomFrom(itemCount);
  return relocationOf({
    speeds: Array.from({ length: deviceCount }, (_, place) => (place === 0 ? 0.5 : 1)),
    costs: Array.from({ length: itemCount }, () => 1 + Math.floor(9 * random())),
    owners: Array.from({ length: itemCount }, (_, index) => index % deviceCount),
    maxImbalance: 1.05,
  });
}

describe('moves of many items', () => {
  it('get within the stated imbalance, and are few', () => {
    const relocation = degraded(20_000, 8);
    const { owners } = movesOf(relocation, assignByScan);
    const { job } = relocation;
    const costs = new Float64Array(8);
    let moves = 0;
    for (const [index, owner] of owners.entries()) {
      costs[owner] = (costs[owner] ?? 0) + costAt(job, index);
      if (owner !== relocation.owners[index]) moves += 1;
    }
    const work = costs.reduce((a, b) => a + b, 0);
    const makespan = Math.max(...costs.map((cost, place) => cost / (job.speeds[place] ?? 1)));
    expect(makespan / (work / 7.5)).toBeLessThanOrEqual(1.05 + 1e-9);
    expect(moves).toBeLessThan(1000);
  });

  it('are not said to be the fewest where that is not known', () => {
    const random = randomFrom(7);
    const items = 40;
    const relocation = relocationOf({
      speeds: [1, 1.3, 0.7, 1.1],
      costs: Array.from({ length: items }, () => 1 + random()),
      bytes: Array.from({ length: items }, () => 1 + random()),
      byteLimits: [17, 16, 15, 14],
      owners: Array.from({ length: items }, (_, index) => index % 4),
      maxImbalance: 1,
    });
    expect(movesOf(relocation, assignByScan).isMinimal).toBe(false);
  });
});
