import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignByScan } from '../../../../lib/distribution/earliest.js';
import { type DistributionJob, usualSettings } from '../../../../lib/distribution/job.js';
import type { Plan } from '../../../../lib/distribution/plan.js';
import { memory } from '../../../../lib/distribution/strategies/memory.js';
import { usageOf } from '../../../../lib/distribution/usage.js';
import { assignedCount, mostItems, ownersOf } from '../../../support/exact-plans.js';
import { jobOf } from '../../../support/jobs.js';
import { planProblem } from '../../../support/plan-check.js';
import { randomFrom } from '../../../support/random.js';

const byMemory = (job: DistributionJob): Plan => memory(job, assignByScan);

function jobWith(
  free: readonly number[],
  bytes: readonly number[],
  part: Partial<DistributionJob> = {},
): DistributionJob {
  const named = Object.fromEntries(free.map((_, place) => [`d${place}`, 1]));
  return jobOf(named, {
    bytes: Float64Array.from(bytes),
    byteLimits: Float64Array.from(free),
    ...part,
  });
}

function countsOf(job: DistributionJob): number[] {
  return [...usageOf(job, byMemory(job)).items];
}

describe('items that take memory', () => {
  it('fill devices in proportion to what is free, whatever their speeds', () => {
    const free = { itemCount: 6, itemBytes: 10, byteLimits: Float64Array.of(80, 40, 19) };
    expect(countsOf(jobOf({ a: 1, b: 9, c: 5 }, free))).toEqual([4, 2, 0]);
    const job = jobWith([80, 40], [10, 20, 30]);
    expect(ownersOf(job, byMemory(job))).toEqual([0, 1, 0]);
  });

  it('go nowhere where none fits, and to no device of speed 0', () => {
    const job = jobOf(
      { a: 1, b: 0, c: 1 },
      { bytes: Float64Array.of(50, 9, 11, 0), byteLimits: Float64Array.of(10, 100, 0) },
    );
    expect(ownersOf(job, byMemory(job)).slice(0, 3)).toEqual([undefined, 0, undefined]);
    expect(assignedCount(job, byMemory(job))).toBe(2);
  });

  it('are packed more tightly where some would be left over', () => {
    // In proportion, 6 goes to the larger device, and 10 and then 3 to none.
    const job = jobWith([10, 9], [6, 10, 3]);
    expect(assignedCount(job, byMemory(job))).toBe(3);
  });

  it('are rather many than large', () => {
    const job = jobWith([10], [10, 4, 6]);
    expect(ownersOf(job, byMemory(job))).toEqual([undefined, 0, 0]);
  });

  it('are alike with a minimum batch: a device takes none or at least so many', () => {
    const settings = { ...usualSettings, minPerDevice: 3 };
    const job = jobOf(
      { a: 1, b: 1, c: 1 },
      { itemCount: 7, itemBytes: 10, byteLimits: Float64Array.of(50, 29, 40), settings },
    );
    expect(countsOf(job)).toEqual([4, 0, 3]);
  });

  it('count where no device has a limit, or none takes any bytes', () => {
    expect(countsOf(jobWith([Infinity, Infinity], [1, 2, 3, 4]))).toEqual([2, 2]);
    const job = jobOf({ a: 1, b: 1 }, { itemCount: 4, byteLimits: Float64Array.of(0, 0) });
    expect(countsOf(job)).toEqual([2, 2]);
  });

  const limit = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 12 }));
  const devices = fc.array(fc.record({ free: limit, items: limit, cost: limit }), {
    minLength: 1,
    maxLength: 3,
  });
  const items = fc.array(fc.record({ bytes: fc.nat({ max: 9 }), cost: fc.nat({ max: 4 }) }), {
    maxLength: 7,
  });

  it('never take more than there is, and are half of the most that fit at least', () => {
    fc.assert(
      fc.property(devices, items, (places, sizes) => {
        const job = jobWith(
          places.map(({ free }) => free),
          sizes.map(({ bytes }) => bytes),
          { itemLimits: Float64Array.from(places, (place) => place.items) },
        );
        const plan = byMemory(job);
        expect(planProblem(job, plan)).toBeUndefined();
        const most = mostItems(job);
        expect(assignedCount(job, plan)).toBeGreaterThanOrEqual(most / 2);
      }),
      { numRuns: 3000 },
    );
  });

  it('leave the places on large devices to large items', () => {
    const job = jobWith([Infinity, 7], [7, 7, 1, 1, 7, 7], {
      itemLimits: Float64Array.of(2, 3),
    });
    expect(assignedCount(job, byMemory(job))).toBe(4);
  });

  it('never pass any limit', () => {
    fc.assert(
      fc.property(devices, items, (places, sizes) => {
        const job = jobWith(
          places.map(({ free }) => free),
          sizes.map(({ bytes }) => bytes),
          {
            itemLimits: Float64Array.from(places, (place) => place.items),
            costLimits: Float64Array.from(places, ({ cost }) => cost),
            costs: Float64Array.from(sizes, ({ cost }) => cost),
          },
        );
        expect(planProblem(job, byMemory(job))).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  it('are as many as fit in nearly all cases where memory is short', () => {
    const random = randomFrom(3);
    const below = (end: number) => Math.floor(random() * end);
    const tally = { best: 0, short: 0, missing: 0 };
    for (let run = 0; run < 400; run += 1) {
      const free = Array.from({ length: 2 + below(2) }, () => 10 + below(30));
      const bytes = Array.from({ length: 7 }, () => 3 + below(20));
      const job = jobWith(free, bytes);
      const [most, found] = [mostItems(job), assignedCount(job, byMemory(job))];
      tally.short += most < bytes.length ? 1 : 0;
      tally.best += found === most ? 1 : 0;
      tally.missing = Math.max(tally.missing, most - found);
    }
    expect(tally.short).toBeGreaterThan(300);
    expect(tally.best).toBeGreaterThanOrEqual(370);
    expect(tally.missing).toBeLessThanOrEqual(1);
  });

  it('leave hardly any memory over where there are many more of them', () => {
    const random = randomFrom(5);
    const job = jobWith(
      Array.from({ length: 200 }, () => 1000 + random() * 9000),
      Array.from({ length: 20_000 }, () => 1 + random() * 500),
    );
    const plan = byMemory(job);
    expect(planProblem(job, plan)).toBeUndefined();
    const sum = (values: Float64Array | undefined) => values?.reduce((a, b) => a + b) ?? NaN;
    expect(sum(usageOf(job, plan).bytes) / sum(job.byteLimits)).toBeGreaterThan(0.99);
  });
});
