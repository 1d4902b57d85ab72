import { describe, expect, it } from 'vitest';
import { assignByScan } from '../../../lib/distribution/earliest.js';
import type { DistributionJob } from '../../../lib/distribution/job.js';
import { type FormerPlan, rebalancePlan } from '../../../lib/distribution/rebalance/rebalancing.js';
import { jobOf } from '../../support/jobs.js';

function counts(deviceIds: readonly string[], each: readonly number[]): FormerPlan {
  return { deviceIds, plan: { kind: 'counts', counts: Float64Array.from(each) } };
}

function rebalance(former: FormerPlan, job: DistributionJob, maxImbalance = 1.05) {
  return rebalancePlan(former, job, { maxImbalance, assign: assignByScan });
}

describe('a plan whose devices changed', () => {
  it('gives the items of a device that is gone to the others', () => {
    const { plan, moves, isMinimal, isBalanced } = rebalance(
      counts(['a', 'b', 'c'], [2, 2, 2]),
      jobOf({ a: 1, c: 1 }, { itemCount: 6 }),
    );
    expect([...plan.owners]).toEqual([0, 0, 0, 1, 1, 1]);
    expect(moves).toEqual([
      { index: 2, from: 'b', to: 'a' },
      { index: 3, from: 'b', to: 'c' },
    ]);
    expect({ isMinimal, isBalanced }).toEqual({ isMinimal: true, isBalanced: true });
  });

  it('moves only as much to a newcomer as the stated imbalance asks for', () => {
    const job = jobOf({ a: 1, b: 1, new: 1 }, { itemCount: 60 });
    expect(rebalance(counts(['a', 'b'], [30, 30]), job, 1).moves).toHaveLength(20);
    expect(rebalance(counts(['a', 'b'], [30, 30]), job, 1.25).moves).toHaveLength(10);
    expect(rebalance(counts(['a', 'b'], [30, 30]), job, 1.5).moves).toEqual([]);
  });

  it('says when it cannot get within the stated imbalance, and is as near as can be', () => {
    const { plan, isBalanced } = rebalance(
      counts(['a', 'b'], [3, 0]),
      jobOf({ a: 1, b: 1 }, { itemCount: 3 }),
      1,
    );
    expect([...plan.owners]).toEqual([0, 0, 1]);
    expect(isBalanced).toBe(false);
  });

  it('takes in what had no device once there is one, and lets go of what has none any more', () => {
    const job = jobOf({ a: 1, b: 1 }, { itemCount: 3 });
    expect(rebalance(counts(['a'], [1]), job).moves).toEqual([
      { index: 1, to: 'a' },
      { index: 2, to: 'b' },
    ]);
    const limited = jobOf({ a: 1 }, { itemCount: 3, itemLimits: Float64Array.of(2) });
    expect(rebalance(counts(['a', 'b'], [2, 1]), limited).moves).toEqual([{ index: 2, from: 'b' }]);
  });

  it('is empty for no items, and whole for no devices', () => {
    expect(rebalance(counts(['a'], [0]), jobOf({ a: 1 }, {})).moves).toEqual([]);
    expect(rebalance(counts(['a'], [2]), jobOf({}, { itemCount: 2 })).moves).toEqual([
      { index: 0, from: 'a' },
      { index: 1, from: 'a' },
    ]);
    const costs = Float64Array.of(1, 2);
    expect(rebalance(counts(['a'], [2]), jobOf({}, { costs })).moves).toHaveLength(2);
  });
});
