import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DistributionJob, loadAt, usualSettings } from '../../../../lib/distribution/job.js';
import { KeyMemory } from '../../../../lib/distribution/key-memory.js';
import { locality } from '../../../../lib/distribution/strategies/locality.js';
import type { ItemKey } from '../../../../lib/distribution/strategy.js';
import { usageOf } from '../../../../lib/distribution/usage.js';
import { assignedCount, mostItems, ownersOf } from '../../../support/exact-plans.js';
import { jobOf } from '../../../support/jobs.js';
import { planProblem } from '../../../support/plan-check.js';

interface Homes {
  readonly placement?: Readonly<Record<string, string>>;
  readonly maxLoadRatio?: number;
}

function settingsOf({ placement = {}, maxLoadRatio = 1.25 }: Homes) {
  return {
    ...usualSettings,
    placement: new Map<ItemKey, string>(Object.entries(placement)),
    maxLoadRatio,
  };
}

function jobWith(
  speeds: Readonly<Record<string, number>>,
  keys: string,
  { part, ...homes }: Homes & { readonly part?: Partial<DistributionJob> },
): DistributionJob {
  return jobOf(speeds, { keys: [...keys], settings: settingsOf(homes), ...part });
}

/** A letter an item: its device, or - */
function ownersText(job: DistributionJob): string {
  const owners = ownersOf(job, locality(job));
  return owners.map((owner) => (owner === undefined ? '-' : job.deviceIds[owner])).join('');
}

describe('items with keys', () => {
  it('stay where their key is at home', () => {
    const placement = { x: 'b', y: 'a', z: 'c' };
    const job = jobWith({ a: 1, b: 1, c: 1 }, 'xyzyx', { placement, maxLoadRatio: 2 });
    expect(ownersText(job)).toBe('bacab');
  });

  it('go elsewhere from where a device has 1.25 times its fair share', () => {
    // Of ten, five would be fair; the seventh is the one by which that device passes 6.25.
    const job = jobWith({ a: 1, b: 1 }, 'xxxxxxxxxx', { placement: { x: 'a' } });
    expect(ownersText(job)).toBe('aaaaaaabbb');
    // Of eight, the fifth is at the guard, and no more come.
    expect(ownersText(jobWith({ a: 1, b: 1 }, 'xxxxxxxx', { placement: { x: 'a' } }))).toBe(
      'aaaaabbb',
    );
    const unguarded = { placement: { x: 'a' }, maxLoadRatio: Infinity };
    expect(ownersText(jobWith({ a: 1, b: 1 }, 'xxxxxxxxxx', unguarded))).toBe('aaaaaaaaaa');
  });

  it('stay together where their key has no home, or one that is gone', () => {
    const job = jobWith({ a: 1, b: 1, c: 1 }, 'xyzxyzxyz', { placement: { y: 'gone' } });
    const text = ownersText(job);
    expect(text).toBe('abcabcabc');
  });

  it('stay together, the costliest key first, on the device that is done first', () => {
    const job = jobWith({ a: 2, b: 1 }, 'xyyxzz', {
      part: { costs: Float64Array.of(1, 4, 4, 1, 2, 2) },
    });
    expect(ownersText(job)).toBe('aaaabb');
  });

  it('go above the guard rather than nowhere where limits leave no other way', () => {
    const job = jobWith({ a: 1, b: 1 }, 'xxxxxxxxxx', {
      part: { itemLimits: Float64Array.of(Infinity, 1) },
    });
    expect(assignedCount(job, locality(job))).toBe(10);
  });

  it('have their home from then on where the first of them went', () => {
    const job = jobWith({ a: 1, b: 1 }, 'xxxxy', {});
    const plan = locality(job);
    expect(ownersText(job)).toBe('aaaab');
    const split = jobWith({ a: 1, b: 1 }, 'xxxx', {});
    expect(ownersText(split)).toBe('aaab');
    expect([plan.homeOf?.('x'), plan.homeOf?.('y'), locality(split).homeOf?.('x')]).toEqual([
      0, 1, 0,
    ]);
  });

  it('keep their home where what is past the guard went elsewhere', () => {
    const memory = new KeyMemory();
    const job = jobWith({ a: 1, b: 1 }, 'xxxxxxxxxx', { placement: { x: 'a' } });
    const plan = locality(job);
    expect(ownersOf(job, plan).at(-1)).toBe(1);
    memory.remember(job, plan);
    expect(memory.placed(jobWith({ a: 1, b: 1 }, 'x', {})).settings.placement?.get('x')).toBe('a');
  });
});

const devices = fc.array(
  fc.record({
    speed: fc.constantFrom(0, 1, 1, 2, 5),
    load: fc.constantFrom(0, 0, 0, 1, 7),
    items: fc.oneof(fc.constant(Infinity), fc.nat({ max: 4 })),
    cost: fc.oneof(fc.constant(Infinity), fc.nat({ max: 12 })),
  }),
  { minLength: 1, maxLength: 4 },
);
const items = fc.array(
  fc.record({ key: fc.constantFrom('x', 'y', 'z', 'w'), cost: fc.nat({ max: 6 }) }),
  { maxLength: 8 },
);
const homes = fc.dictionary(
  fc.constantFrom('x', 'y', 'z'),
  fc.constantFrom('d0', 'd1', 'd2', 'gone'),
);
const ratio = fc.constantFrom(1, 1.25, 2, Infinity);
type Devices = typeof devices extends fc.Arbitrary<infer D> ? D : never;
type Items = typeof items extends fc.Arbitrary<infer I> ? I : never;

function randomJob(places: Devices, given: Items, settings: Homes): DistributionJob {
  const column = (key: keyof Devices[number]) => Float64Array.from(places, (one) => one[key]);
  return {
    ...jobOf({}, { keys: given.map(({ key }) => key), settings: settingsOf(settings) }),
    deviceIds: places.map((_, place) => `d${place}`),
    speeds: column('speed'),
    loads: column('load'),
    itemLimits: column('items'),
    costLimits: column('cost'),
    costs: Float64Array.from(given, ({ cost }) => cost),
  };
}

describe('any items with keys', () => {
  it('pass no limit, and are left out only where no device has room', () => {
    fc.assert(
      fc.property(devices, items, fc.tuple(homes, ratio), (places, given, [placement, most]) => {
        const job = randomJob(places, given, { placement, maxLoadRatio: most });
        const plan = locality(job);
        expect(planProblem(job, plan)).toBeUndefined();
        expect(assignedCount(job, plan) === 0).toBe(mostItems(job) === 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('leave their home only where that is at the guard, and pass it by one item at most', () => {
    fc.assert(
      fc.property(devices, items, fc.tuple(homes, ratio), (places, given, [placement, most]) => {
        const free = places.map((place) => ({ ...place, items: Infinity, cost: Infinity }));
        const job = randomJob(free, given, { placement, maxLoadRatio: most });
        const plan = locality(job);
        const { costs } = usageOf(job, plan);
        const working = free.filter(({ speed }) => speed > 0);
        const work = [...given.map(({ cost }) => cost), ...working.map(({ load }) => load)];
        const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
        const guard = (most * sum(work)) / sum(working.map(({ speed }) => speed));
        const owners = ownersOf(job, plan);
        for (const [place, { speed }] of free.entries()) {
          const load = loadAt(job, place) + (costs[place] ?? 0);
          const isAtGuard = load > 0 && !(load < guard * speed);
          const greatest = Math.max(
            0,
            ...given.filter((_, item) => owners[item] === place).map(({ cost }) => cost),
          );
          if ((costs[place] ?? 0) > 0) {
            expect(load - greatest).toBeLessThanOrEqual(guard * speed + 1e-9);
          }
          for (const [item, { key }] of given.entries()) {
            if (placement[key] !== `d${place}` || speed === 0) continue;
            if (owners[item] !== place) expect(isAtGuard).toBe(true);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
