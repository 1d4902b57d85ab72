import { describe, expect, it } from 'vitest';
import { type CarriedStrategy, Carrying } from '../../../lib/distribution/carrying.js';
import { assignByScan } from '../../../lib/distribution/earliest.js';
import type { DistributionJob } from '../../../lib/distribution/job.js';
import type { Plan } from '../../../lib/distribution/plan.js';
import type { ItemKey } from '../../../lib/distribution/strategy.js';
import { jobOf } from '../../support/jobs.js';

/** Remembers what it was asked. */
class Asked implements CarriedStrategy {
  readonly jobs: DistributionJob[] = [];
  constructor(
    readonly name: string,
    readonly isOwn: boolean,
    readonly planFor: (job: DistributionJob) => Plan,
  ) {}

  plan(job: DistributionJob): Plan {
    this.jobs.push(job);
    return this.planFor(job);
  }
}

function carryOut(carrying: Carrying, job: DistributionJob, strategy: CarriedStrategy): Plan {
  const plan = carrying.plan(job, strategy);
  carrying.settle(job, plan, strategy);
  return plan;
}

function ownersOf(plan: Plan): number[] {
  return plan.kind === 'owners' ? [...plan.owners] : [];
}

const first: (job: DistributionJob) => Plan = ({ itemCount }) => ({
  kind: 'owners',
  owners: new Uint32Array(itemCount),
});

const longest = (job: DistributionJob): Plan => ({
  kind: 'owners',
  owners: assignByScan({
    costs: job.costs ?? new Float64Array(job.itemCount).fill(1),
    speeds: job.speeds,
    ...(job.loads && { loads: job.loads }),
    order: 'descending',
  }),
});

describe('plans one after another', () => {
  it.each(['uniform', 'capacity', 'least-loaded', 'cost'])('carry equal items by %s', (name) => {
    const carrying = new Carrying();
    const strategy = new Asked(name, false, first);
    const counts = Array.from({ length: 4 }, () => {
      const plan = carryOut(carrying, jobOf({ a: 3, b: 1 }, { itemCount: 1 }), strategy);
      return plan.kind === 'counts' ? [...plan.counts] : [];
    });
    expect(counts.map(([a]) => a).reduce((sum = 0, a = 0) => sum + a)).toBe(3);
    expect(strategy.jobs).toEqual([]);
  });

  it('carry nothing where free memory or keys decide', () => {
    for (const name of ['memory', 'hash']) {
      const carrying = new Carrying();
      const strategy = new Asked(name, false, first);
      const job = jobOf({ a: 1, b: 1 }, { itemCount: 5 });
      carryOut(carrying, job, strategy);
      carryOut(carrying, job, strategy);
      expect(strategy.jobs).toEqual([job, job]);
      expect(carrying.credits.size).toBe(0);
    }
  });

  it('tell a strategy of your own what was there before as load', () => {
    const carrying = new Carrying();
    const strategy = new Asked('uniform', true, first);
    const job = jobOf({ a: 1, b: 1 }, { itemCount: 4 });
    carryOut(carrying, job, strategy);
    carryOut(carrying, { ...job, itemCount: 1 }, strategy);
    expect(strategy.jobs[0]?.loads).toBeUndefined();
    // More than one item behind is forgotten.
    expect([...(strategy.jobs[1]?.loads ?? [])]).toEqual([2, 0]);
  });

  it('remember nothing of a plan that was not carried out', () => {
    const carrying = new Carrying();
    const strategy = new Asked('capacity', false, first);
    const job = jobOf({ a: 1, b: 1 }, { itemCount: 1 });
    expect(carrying.plan(job, strategy)).toEqual(carrying.plan(job, strategy));
    expect(carrying.credits.size).toBe(0);
  });

  it('start the next items with costs from what the last ones left', () => {
    const carrying = new Carrying();
    const strategy = new Asked('cost', false, longest);
    const speeds = { a: 2, b: 1 };
    const batch = (costs: number[]) =>
      ownersOf(carryOut(carrying, jobOf(speeds, { costs: Float64Array.from(costs) }), strategy));
    expect(batch([6])).toEqual([0]);
    expect(batch([2])).toEqual([1]);
    expect(batch([1])).toEqual([1]);
    expect(batch([1])).toEqual([0]);
  });
});

describe('keys', () => {
  const locality = (owners: readonly number[]) =>
    new Asked('locality', false, () => ({ kind: 'owners', owners: Uint32Array.from(owners) }));

  function placementOf(strategy: Asked): ReadonlyMap<ItemKey, string> | undefined {
    return strategy.jobs[0]?.settings.placement;
  }

  it('are remembered where they were last, unless a placement says otherwise', () => {
    const carrying = new Carrying();
    const job = jobOf({ a: 1, b: 1 }, { keys: ['x', 'y', 'x', 'z'], itemCount: 4 });
    carryOut(carrying, job, locality([0, 1, 1, 0xffff_ffff]));
    const placement = new Map<ItemKey, string>([['y', 'a']]);
    const next = locality([0, 0, 0, 0]);
    carrying.plan({ ...job, settings: { ...job.settings, placement } }, next);
    expect([...(placementOf(next) ?? [])]).toEqual([
      ['x', 'b'],
      ['y', 'a'],
    ]);
  });

  it('are forgotten when they were not used for long', () => {
    const carrying = new Carrying();
    const many = Array.from({ length: 2 ** 16 }, (_, key) => key);
    const jobFor = (keys: readonly ItemKey[]) => jobOf({ a: 1 }, { keys, itemCount: keys.length });
    const all = (keys: readonly ItemKey[]) => locality(keys.map(() => 0));
    carryOut(carrying, jobFor(['old']), all(['old']));
    carryOut(carrying, jobFor(many), all(many));
    const next = all(['old', 0]);
    carrying.plan(jobFor(['old', 0]), next);
    expect([...(placementOf(next) ?? [])]).toEqual([[0, 'a']]);
  });
});
