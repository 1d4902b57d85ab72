import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignByScan } from '../../../../lib/distribution/earliest.js';
import { type DistributionJob, usualSettings } from '../../../../lib/distribution/job.js';
import type { Plan } from '../../../../lib/distribution/plan.js';
import { cost } from '../../../../lib/distribution/strategies/cost.js';
import {
  assignedCount,
  leastMakespan,
  ownersOf,
  plannedMakespan,
} from '../../../support/exact-plans.js';
import { jobOf } from '../../../support/jobs.js';
import { planProblem } from '../../../support/plan-check.js';
import { randomFrom } from '../../../support/random.js';

/** Sums are compared that were added up in different orders. */
const slack = 1 + 1e-12;

const byCost = (job: DistributionJob): Plan => cost(job, assignByScan);

function improving(job: DistributionJob): DistributionJob {
  return { ...job, settings: { ...usualSettings, improve: true } };
}

function jobWith(
  speeds: readonly number[],
  costs: readonly number[],
  part: Partial<DistributionJob> = {},
): DistributionJob {
  const named = Object.fromEntries(speeds.map((speed, place) => [`d${place}`, speed]));
  return jobOf(named, { costs: Float64Array.from(costs), ...part });
}

const costs = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0, max: 9, noNaN: true })),
  {
    minLength: 1,
    maxLength: 8,
  },
);
const sameSpeed = fc.integer({ min: 1, max: 4 }).map((count) => new Array<number>(count).fill(1));
const anySpeed = fc.array(fc.constantFrom(1, 1, 2, 3, 5, 0.25, 132), {
  minLength: 1,
  maxLength: 4,
});

describe('items that cost', () => {
  it('go costliest first to the device that has them finished first', () => {
    const job = jobWith([2, 1], [1, 6, 4, 2]);
    // After 6, 4 is done at 5 at speed 2 and at 4 at speed 1.
    expect(ownersOf(job, byCost(job))).toEqual([0, 0, 1, 0]);
    expect(plannedMakespan(job, byCost(job))).toBe(4.5);
  });

  it.each([2, 3, 4, 5])('are at the bound of %i devices where that is reached', (count) => {
    // 2m-1, 2m-1, ..., m+1, m+1, m, m, m: the optimum is 3m, the plan 4m-1.
    const pairs = Array.from({ length: count - 1 }, (_, step) => 2 * count - 1 - step);
    const job = jobWith(new Array(count).fill(1), [...pairs, ...pairs, count, count, count]);
    expect(plannedMakespan(job, byCost(job))).toBe(4 * count - 1);
    expect(plannedMakespan(job, byCost(improving(job)))).toBeLessThan(4 * count - 1);
  });

  it('are within 4/3 - 1/(3m) of the optimum on devices of one speed', () => {
    fc.assert(
      fc.property(sameSpeed, costs, (speeds, own) => {
        const job = jobWith(speeds, own);
        const bound = 4 / 3 - 1 / (3 * speeds.length);
        expect(planProblem(job, byCost(job))).toBeUndefined();
        expect(assignedCount(job, byCost(job))).toBe(own.length);
        const most = bound * leastMakespan(job) * slack;
        expect(plannedMakespan(job, byCost(job))).toBeLessThanOrEqual(most);
      }),
      { numRuns: 1500 },
    );
  });

  it('are within 2m/(m + 1) of it on devices of different speed', () => {
    fc.assert(
      fc.property(anySpeed, costs, (speeds, own) => {
        const job = jobWith(speeds, own);
        const bound = (2 * speeds.length) / (speeds.length + 1);
        const most = bound * leastMakespan(job) * slack;
        expect(plannedMakespan(job, byCost(job))).toBeLessThanOrEqual(most);
      }),
      { numRuns: 1500 },
    );
  });

  it('are within 2 - 1/m of it on devices of one speed that have load', () => {
    const loads = fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(sameSpeed, costs, loads, (speeds, own, given) => {
        const job = jobWith(speeds, own, {
          loads: Float64Array.from(speeds, (_, place) => given[place] ?? 0),
        });
        const most = (2 - 1 / speeds.length) * leastMakespan(job) * slack;
        expect(plannedMakespan(job, byCost(job))).toBeLessThanOrEqual(most);
      }),
      { numRuns: 1000 },
    );
  });

  it('are counted out where they are all alike, by any rounding of capacities', () => {
    const settings = { ...usualSettings, rounding: 'largest-remainder' } as const;
    const job = jobOf({ a: 5, b: 3, c: 1 }, { itemCount: 4, itemCost: 2.5, settings });
    expect(byCost(job)).toEqual({ kind: 'counts', counts: Float64Array.of(3, 1, 0) });
  });

  it('stay within limits, and where those leave some over the largest go first', () => {
    const job = jobWith([1, 1], [9, 8, 1, 1], {
      bytes: Float64Array.of(1, 1, 4, 3),
      byteLimits: Float64Array.of(5, 4),
    });
    // Costliest first, 9 and 8 take a byte of each device, and the last one has no room left.
    expect(planProblem(job, byCost(job))).toBeUndefined();
    expect(assignedCount(job, byCost(job))).toBe(4);
  });
});

describe('improved', () => {
  const limit = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 14 }));
  const few = fc.array(limit, { minLength: 4, maxLength: 4 });
  const someLimits = fc.record({ items: few, cost: few, bytes: few });

  it('is never worse, leaves out no other items and passes no limit', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(anySpeed, costs, sizes, someLimits, (speeds, own, bytes, limits) => {
        const column = (values: readonly number[]) =>
          Float64Array.from(speeds, (_, place) => values[place] ?? Infinity);
        const job = jobWith(speeds, own, {
          bytes: Float64Array.from(own, (_, item) => bytes[item] ?? 0),
          itemLimits: column(limits.items),
          costLimits: column(limits.cost),
          byteLimits: column(limits.bytes),
        });
        const [plain, better] = [byCost(job), byCost(improving(job))];
        expect(planProblem(job, plain)).toBeUndefined();
        expect(planProblem(job, better, { mayLeaveRoom: true })).toBeUndefined();
        const isOut = (owner: number | undefined) => owner === undefined;
        expect(ownersOf(job, better).map(isOut)).toEqual(ownersOf(job, plain).map(isOut));
        expect(plannedMakespan(job, better)).toBeLessThanOrEqual(plannedMakespan(job, plain));
      }),
      { numRuns: 3000 },
    );
  });

  it('finds the optimum more often, and comes nearer to it', () => {
    const random = randomFrom(7);
    const below = (end: number) => Math.floor(random() * end);
    const tally = { plain: 0, better: 0, plainRatio: 0, betterRatio: 0 };
    const cases = 500;
    for (let run = 0; run < cases; run += 1) {
      const speeds = Array.from({ length: 2 + below(3) }, () => [1, 2, 3, 5][below(4)] ?? 1);
      const job = jobWith(
        speeds,
        Array.from({ length: 4 + below(6) }, () => 1 + below(30)),
      );
      const optimum = leastMakespan(job);
      const [plain, better] = [byCost(job), byCost(improving(job))].map(
        (plan) => plannedMakespan(job, plan) / optimum,
      ) as [number, number];
      tally.plain += plain <= slack ? 1 : 0;
      tally.better += better <= slack ? 1 : 0;
      tally.plainRatio += plain / cases;
      tally.betterRatio += better / cases;
    }
    expect(tally.better).toBeGreaterThan(1.2 * tally.plain);
    expect(tally.plainRatio).toBeLessThan(1.05);
    expect(tally.betterRatio).toBeLessThan(1.02);
  });

  it('ends with many items, and changes nothing that it was given', () => {
    const random = randomFrom(11);
    const own = Array.from({ length: 20_000 }, () => 1 + random() ** 4 * 1000);
    const speeds = Array.from({ length: 64 }, () => 1 + Math.floor(random() * 9));
    const job = jobWith(speeds, own);
    const plain = byCost(job);
    const better = byCost(improving(job));
    expect(plannedMakespan(job, better)).toBeLessThanOrEqual(plannedMakespan(job, plain));
    expect(byCost(improving(job))).toEqual(better);
    expect(byCost(job)).toEqual(plain);
  });
});
