import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DistributionJob, usualSettings } from '../../../../lib/distribution/job.js';
import { hash } from '../../../../lib/distribution/strategies/hash.js';
import type { ItemKey } from '../../../../lib/distribution/strategy.js';
import { usageOf } from '../../../../lib/distribution/usage.js';
import { assignedCount, mostItems, ownersOf } from '../../../support/exact-plans.js';
import { jobOf } from '../../../support/jobs.js';
import { planProblem } from '../../../support/plan-check.js';

type Speeds = Readonly<Record<string, number>>;

const thousands: readonly ItemKey[] = Array.from({ length: 20_000 }, (_, place) =>
  place % 2 === 0 ? `session-${place}` : place,
);
const jumping = { ...usualSettings, hashing: 'jump' } as const;

function jobWith(
  speeds: Speeds,
  keys: readonly ItemKey[],
  part: Partial<DistributionJob> = {},
): DistributionJob {
  return jobOf(speeds, { keys, ...part });
}

/** Device ids by item. */
function idsOf(job: DistributionJob): (string | undefined)[] {
  return ownersOf(job, hash(job)).map((owner) => job.deviceIds[owner ?? -1]);
}

function partsOf(job: DistributionJob): number[] {
  return Array.from(usageOf(job, hash(job)).items, (count) => count / job.itemCount);
}

function equalDevices(count: number): Speeds {
  return Object.fromEntries(Array.from({ length: count }, (_, place) => [`gpu-${place}`, 1]));
}

describe('items by the hash of their keys', () => {
  it.each([3, 40])('go to the same of %i devices as all others of their key', (count) => {
    const keys = ['x', 'y', 1, 'x', '1', 1, 'y'];
    const ids = idsOf(jobWith(equalDevices(count), keys));
    expect([ids[3], ids[5], ids[6]]).toEqual([ids[0], ids[2], ids[1]]);
    expect(ids).toEqual(keys.map((key) => idsOf(jobWith(equalDevices(count), [key]))[0]));
  });

  it('go where the ids say, whatever the order of devices', () => {
    const speeds = { a: 1, b: 2, c: 5, d: 1 };
    const reversed = Object.fromEntries(Object.entries(speeds).toReversed());
    expect(idsOf(jobWith(reversed, thousands))).toEqual(idsOf(jobWith(speeds, thousands)));
  });

  it('are shared out as the speeds are', () => {
    const [a = 0, b = 0, c = 0, d = 0] = partsOf(jobWith({ a: 1, b: 2, c: 5, d: 0 }, thousands));
    // Six standard deviations of a binomial.
    const off = (part: number, share: number) =>
      Math.abs(part - share) / Math.sqrt((share * (1 - share)) / thousands.length);
    expect([off(a, 1 / 8), off(b, 2 / 8), off(c, 5 / 8)].every((value) => value < 6)).toBe(true);
    expect(d).toBe(0);
  });

  it('move away from a device that goes, to one that comes, and not at all else', () => {
    const speeds = { a: 1, b: 2, c: 5, d: 1 };
    const before = idsOf(jobWith(speeds, thousands));
    const { c: _, ...less } = speeds;
    const without = idsOf(jobWith(less, thousands));
    expect(without.filter((id, item) => before[item] !== 'c' && id !== before[item])).toEqual([]);
    const faster = idsOf(jobWith({ ...speeds, b: 3 }, thousands));
    const moved = faster.filter((id, item) => id !== before[item]);
    expect(new Set(moved)).toEqual(new Set(['b']));
    const slower = idsOf(jobWith({ ...speeds, b: 1 }, thousands));
    const left = before.filter((id, item) => id !== slower[item]);
    expect(new Set(left)).toEqual(new Set(['b']));
  });

  it('move only to the last device where they jump', () => {
    for (const count of [1, 2, 7, 30]) {
      const before = idsOf(jobWith(equalDevices(count), thousands, { settings: jumping }));
      const after = idsOf(jobWith(equalDevices(count + 1), thousands, { settings: jumping }));
      const moved = after.filter((id, item) => id !== before[item]);
      expect(new Set(moved)).toEqual(new Set([`gpu-${count}`]));
      const part = moved.length / thousands.length;
      expect(Math.abs(part - 1 / (count + 1))).toBeLessThan(0.02);
    }
  });

  it('are as many on every device that works where they jump', () => {
    const job = jobWith({ a: 9, b: 0, c: 1, d: 1 }, thousands, { settings: jumping });
    const [a = 0, b, c = 0, d = 0] = partsOf(job);
    expect(b).toBe(0);
    for (const part of [a, c, d]) expect(Math.abs(part - 1 / 3)).toBeLessThan(0.02);
  });

  it.each([usualSettings, jumping])(
    'go to the next in rank where a device is full ($hashing)',
    (settings) => {
      const keys = thousands.slice(0, 3000);
      const speeds = { a: 1, b: 1, c: 1, d: 1 };
      const open = idsOf(jobWith(speeds, keys, { settings }));
      const itemLimits = Float64Array.of(Infinity, 100, Infinity, Infinity);
      const limited = idsOf(jobWith(speeds, keys, { settings, itemLimits }));
      expect(limited.filter((id) => id === 'b')).toHaveLength(100);
      const moved = limited.filter((id, item) => id !== open[item]);
      expect(moved).toHaveLength(open.filter((id) => id === 'b').length - 100);
      expect(new Set(moved)).toEqual(new Set(['a', 'c', 'd']));
    },
  );

  it('have no device where none works', () => {
    expect(idsOf(jobWith({ a: 0 }, ['x']))).toEqual([undefined]);
    expect(idsOf(jobWith({}, ['x'], { settings: jumping }))).toEqual([undefined]);
  });
});

describe('any items by the hash of their keys', () => {
  const limit = fc.oneof(fc.constant(Infinity), fc.nat({ max: 8 }));
  const devices = fc.array(
    fc.record({ speed: fc.nat({ max: 3 }), items: limit, cost: limit, bytes: limit }),
    { maxLength: 4 },
  );
  const items = fc.array(
    fc.record({ key: fc.nat({ max: 4 }), cost: fc.nat({ max: 5 }), bytes: fc.nat({ max: 5 }) }),
    { maxLength: 8 },
  );

  it('pass no limit, and are left out only where no device has room', () => {
    const inputs = [devices, items, fc.constantFrom(usualSettings, jumping)] as const;
    fc.assert(
      fc.property(...inputs, (places, given, settings) => {
        const column = (key: 'speed' | 'items' | 'cost' | 'bytes') =>
          Float64Array.from(places, (place) => place[key]);
        const job: DistributionJob = {
          ...jobWith({}, []),
          itemCount: given.length,
          keys: given.map(({ key }) => key),
          deviceIds: places.map((_, place) => `d${place}`),
          speeds: column('speed'),
          itemLimits: column('items'),
          costLimits: column('cost'),
          byteLimits: column('bytes'),
          costs: Float64Array.from(given, ({ cost }) => cost),
          bytes: Float64Array.from(given, ({ bytes }) => bytes),
          settings,
        };
        const plan = hash(job);
        expect(planProblem(job, plan)).toBeUndefined();
        expect(assignedCount(job, plan) === 0).toBe(mostItems(job) === 0);
      }),
      { numRuns: 3000 },
    );
  });
});
