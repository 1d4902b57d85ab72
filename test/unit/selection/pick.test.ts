import { describe, expect, it } from 'vitest';
import { Candidates } from '../../../lib/selection/candidates.js';
import { anyLowest, firstLowest, lowerOfTwo } from '../../../lib/selection/pick.js';
import { Random } from '../../../lib/selection/random.js';
import { numbers } from '../../support/cluster.js';
import { view } from '../../support/views.js';

function candidates(keys: readonly number[], tiers: readonly number[] = []): Candidates {
  const made = new Candidates();
  made.reset(keys.map((_, index) => view(`${index}`)));
  for (const index of keys.keys()) made.add(index);
  made.keys.set(keys);
  made.tiers.set(tiers);
  return made;
}

const random = new Random(7);
const source = { random: () => random.next() };
const never = {
  random(): number {
    throw new Error('drawn');
  },
};

/** How often each index comes in 6000 draws. */
function counts(draw: () => number): number[] {
  const found: number[] = [];
  for (const _ of numbers(6000)) {
    const index = draw();
    found[index] = (found[index] ?? 0) + 1;
  }
  return Array.from(found, (count = 0) => count);
}

describe('a pick', () => {
  it('takes the lowest, of equals the first, of tiers the lower', () => {
    expect(firstLowest(candidates([3, 1, 1, 2]))).toBe(1);
    expect(firstLowest(candidates([3, 1, 5], [0, 1, 0]))).toBe(0);
  });

  it('draws among equals, each as likely, and nothing where there are none', () => {
    expect(anyLowest(candidates([3, 1, 2]), never)).toBe(1);
    expect(anyLowest(candidates([1, 1, 1], [1, 0, 1]), never)).toBe(1);
    const [a, b = 0, c = 0, d = 0] = counts(() => anyLowest(candidates([5, 1, 1, 1]), source));
    expect(a).toBe(0);
    for (const count of [b, c, d]) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('counts as equal what is within the tolerance', () => {
    const near = candidates([1, 1.04, 1.06]);
    expect(anyLowest(near, never)).toBe(0);
    expect(counts(() => anyLowest(near, source, { tolerance: 0.05 })).length).toBe(2);
    expect(counts(() => anyLowest(candidates([0, 0]), source)).length).toBe(2);
  });

  it('takes the lower of two that differ', () => {
    expect(lowerOfTwo(candidates([1]), never)).toBe(0);
    const [a = 0, b = 0, c = 0] = counts(() => lowerOfTwo(candidates([1, 2, 3]), source));
    expect(Math.abs(a - 4000)).toBeLessThan(200);
    expect(Math.abs(b - 2000)).toBeLessThan(200);
    expect(c).toBe(0);
  });
});

describe('Random', () => {
  it('repeats with its seed, and differs without', () => {
    const drawn = (seed?: number) =>
      numbers(5).map(
        (
          (made) => () =>
            made.next()
        )(new Random(seed)),
      );
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    expect(drawn(0.1)).not.toEqual(drawn(0.2));
    expect(drawn()).not.toEqual(drawn());
  });

  it('is even, and within 0 and 1', () => {
    const made = new Random(3);
    const buckets = new Array<number>(16).fill(0);
    for (const _ of numbers(160_000)) {
      const drawn = made.next();
      expect(drawn >= 0 && drawn < 1).toBe(true);
      buckets[Math.floor(drawn * 16)] = (buckets[Math.floor(drawn * 16)] ?? 0) + 1;
    }
    // Standard deviation 97.
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('draws again what was only looked at', () => {
    const made = new Random(4);
    const looked = made.peek(() => [made.next(), made.next()]);
    expect([made.next(), made.next()]).toEqual(looked);
    expect(() =>
      made.peek(() => {
        made.next();
        throw new Error('within');
      }),
    ).toThrow('within');
    const again = new Random(4);
    again.next();
    again.next();
    expect(made.next()).toBe(again.next());
  });
});
