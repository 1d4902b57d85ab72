// A million plans and more, in plain loops: what holds of every one, whatever was asked.
import { describe, expect, it } from 'vitest';
import { assignByScan } from '../../../lib/distribution/earliest.js';
import type { DistributionJob } from '../../../lib/distribution/job.js';
import { planOf } from '../../../lib/distribution/planning.js';
import { capacity } from '../../../lib/distribution/strategies/equal.js';
import { DistributionStrategy } from '../../../lib/distribution/strategy.js';
import { leastEqualMakespan, plannedMakespan } from '../../support/exact-plans.js';
import { jobOf } from '../../support/jobs.js';
import { planProblem } from '../../support/plan-check.js';
import { jobSource, smallJob } from '../../support/random-jobs.js';

/** Of each strategy; with the cases of equal items below, more than a million. */
const randomPlans = 66_000;
const timeoutMs = 300_000;

/** A batch may be too small, and an exchange may make room. */
function mayLeaveRoom({ settings }: DistributionJob): boolean {
  return settings.minPerDevice > 1 || settings.improve;
}

describe('every plan', () => {
  it.each(Object.values(DistributionStrategy))(
    'of %s has each item once, in order, passes no limit, and leaves none out that has room',
    (strategy) => {
      const source = jobSource(strategy.length);
      const problems: string[] = [];
      for (let run = 0; run < randomPlans && problems.length < 3; run += 1) {
        const job = smallJob(source, strategy);
        const plan = planOf(job, strategy);
        const problem = planProblem(job, plan, { mayLeaveRoom: mayLeaveRoom(job) });
        if (problem !== undefined) problems.push(`${problem}: ${JSON.stringify(job)}`);
      }
      expect(problems).toEqual([]);
    },
    timeoutMs,
  );
});

/** Every list of three of them. */
function triples(values: readonly number[]): Float64Array[] {
  return values.flatMap((a) => {
    return values.flatMap((b) => values.map((c) => Float64Array.of(a, b, c)));
  });
}

describe('every plan of up to four equal items on three devices', () => {
  it(
    'assigns what limits let it, and finishes as early as any way to do that',
    () => {
      const problems: string[] = [];
      let cases = 0;
      const none = jobOf({ a: 0, b: 0, c: 0 }, {});
      for (const speeds of triples([0, 1, 2, 3])) {
        for (const loads of triples([0, 1, 4])) {
          for (const itemLimits of triples([0, 1, 3, Infinity])) {
            const room = itemLimits.reduce(
              (sum, limit, device) => sum + (speeds[device] === 0 ? 0 : limit),
              0,
            );
            for (let itemCount = 0; itemCount <= 4; itemCount += 1) {
              const job = { ...none, itemCount, speeds, loads, itemLimits };
              cases += 1;
              if (!isOptimal(job, Math.min(itemCount, room))) problems.push(JSON.stringify(job));
            }
          }
        }
      }
      expect(problems.slice(0, 3)).toEqual([]);
      expect(cases + 7 * randomPlans).toBeGreaterThan(1e6);
    },
    timeoutMs,
  );
});

function isOptimal(job: DistributionJob, assigned: number): boolean {
  const plan = capacity(job, assignByScan);
  if (plan.kind !== 'counts') return false;
  let sum = 0;
  for (let device = 0; device < 3; device += 1) {
    const count = plan.counts[device] ?? NaN;
    const most = job.speeds[device] === 0 ? 0 : (job.itemLimits?.[device] ?? Infinity);
    if (!(count >= 0 && count <= most)) return false;
    sum += count;
  }
  return sum === assigned && plannedMakespan(job, plan) === leastEqualMakespan(job, assigned);
}
