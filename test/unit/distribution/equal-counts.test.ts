import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EqualDevices, equalCounts } from '../../../lib/distribution/equal-counts.js';

interface Devices {
  readonly speeds: readonly number[];
  readonly loads?: readonly number[] | undefined;
  readonly limits?: readonly number[] | undefined;
}

function typed({ speeds, loads, limits }: Devices): EqualDevices {
  return {
    speeds: Float64Array.from(speeds),
    loads: loads && Float64Array.from(loads),
    limits: limits && Float64Array.from(limits),
  };
}

function counted(itemCount: number, devices: Devices): number[] {
  return [...equalCounts(itemCount, typed(devices))];
}

/** The definition: one item at a time to the smallest (count + 1 + load) / speed. */
function itemByItem(itemCount: number, { speeds, loads, limits }: Devices): number[] {
  const counts = speeds.map(() => 0);
  for (let item = 0; item < itemCount; item += 1) {
    let best = -1;
    let least = Infinity;
    for (const [place, speed] of speeds.entries()) {
      const count = counts[place] ?? 0;
      const bid = (count + 1 + (loads?.[place] ?? 0)) / speed;
      if (speed === 0 || count + 1 > (limits?.[place] ?? Infinity) || bid >= least) continue;
      best = place;
      least = bid;
    }
    if (best < 0) break;
    counts[best] = (counts[best] ?? 0) + 1;
  }
  return counts;
}

function makespan({ speeds, loads }: Devices, counts: readonly number[]): number {
  const finish = (count: number, place: number) =>
    count === 0 ? 0 : (count + (loads?.[place] ?? 0)) / (speeds[place] ?? 0);
  return Math.max(0, ...counts.map(finish));
}

/** The least makespan of all ways to place `left` items on the devices from `place` on. */
function leastMakespan(devices: Devices, left: number, place = 0): number {
  const speed = devices.speeds[place];
  if (speed === undefined) return left === 0 ? 0 : Infinity;
  const most = speed === 0 ? 0 : Math.min(left, Math.floor(devices.limits?.[place] ?? Infinity));
  let least = Infinity;
  for (let count = 0; count <= most; count += 1) {
    const own = count === 0 ? 0 : (count + (devices.loads?.[place] ?? 0)) / speed;
    least = Math.min(least, Math.max(own, leastMakespan(devices, left - count, place + 1)));
  }
  return least;
}

const speed = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 12 }) },
  { weight: 2, arbitrary: fc.double({ min: 1e-6, max: 1e6, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 1, 98, 1e-9, 1e9, 132, 114, 49) },
);
const limit = fc.oneof(
  fc.constant(Infinity),
  fc.integer({ min: 0, max: 60 }),
  fc.double({ min: 0, max: 9, noNaN: true }),
);
const load = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 40 }),
  fc.double({ min: 0, max: 100, noNaN: true }),
);

interface Shape {
  readonly most: number;
  readonly least?: number;
  readonly limit?: fc.Arbitrary<number>;
}

/** Devices with or without loads and limits. */
function devicesOf({ most, least = 0, limit: upTo = limit }: Shape): fc.Arbitrary<Devices> {
  return fc.array(speed, { minLength: least, maxLength: most }).chain((speeds) => {
    const size = { minLength: speeds.length, maxLength: speeds.length };
    const maybe = (values: fc.Arbitrary<number>) =>
      fc.option(fc.array(values, size), { nil: undefined });
    return fc.record({
      speeds: fc.constant(speeds),
      loads: maybe(load),
      limits: maybe(upTo),
    });
  });
}

describe('equalCounts', () => {
  it('is what handing out item by item gives', () => {
    fc.assert(
      fc.property(devicesOf({ most: 12 }), fc.nat({ max: 300 }), (devices, itemCount) => {
        expect(counted(itemCount, devices)).toEqual(itemByItem(itemCount, devices));
      }),
      { numRuns: 6000 },
    );
  });

  it('is that over many devices of few speeds, where many are rounded alike', () => {
    const few = fc.array(fc.constantFrom(0, 1, 2, 3, 108, 132), { minLength: 30, maxLength: 90 });
    fc.assert(
      fc.property(few, fc.nat({ max: 400 }), (speeds, itemCount) => {
        expect(counted(itemCount, { speeds })).toEqual(itemByItem(itemCount, { speeds }));
      }),
      { numRuns: 300 },
    );
  });

  it('makes the last to finish finish as early as any placement could', () => {
    const upTo = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 4 }));
    const shape = { least: 1, most: 4, limit: upTo };
    fc.assert(
      fc.property(devicesOf(shape), fc.nat({ max: 8 }), (devices, itemCount) => {
        const counts = counted(itemCount, devices);
        const placed = counts.reduce((sum, count) => sum + count, 0);
        const room = devices.speeds.reduce(
          (sum, own, place) => sum + (own > 0 ? (devices.limits?.[place] ?? Infinity) : 0),
          0,
        );
        expect(placed).toBe(Math.min(itemCount, room));
        expect(makespan(devices, counts)).toBe(leastMakespan(devices, placed));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['the largest doubles', [Number.MAX_VALUE, Number.MAX_VALUE / 2, Number.MAX_VALUE], [4, 2, 4]],
    ['the smallest doubles', [5e-324, 1e-323, 5e-324], [3, 5, 2]],
    ['a spread of 10^600', [5e-324, 1e300], [0, 10]],
  ])('survives %s', (_, speeds, expected) => {
    expect(counted(10, { speeds })).toEqual(expected);
    expect(counted(10, { speeds, limits: speeds.map(() => 10) })).toEqual(expected);
  });

  it('shares what the large ones leave evenly among tiny equal ones', () => {
    const devices = { speeds: [5e-324, 1e300, 5e-324], limits: [5, 5, 5] };
    expect(counted(9, devices)).toEqual([2, 5, 2]);
  });

  it('takes loads that no item can be told apart from', () => {
    const counts = counted(1e6, { speeds: [1, 1], loads: [1e300, 1e290] });
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(1e6);
    expect(counted(1e6, { speeds: [1, 1], loads: [1e300, 0] })).toEqual([0, 1e6]);
  });

  it('shares 2^32 - 1 items', () => {
    const itemCount = 2 ** 32 - 1;
    const counts = counted(itemCount, { speeds: [1, 2, 132, 108] });
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(itemCount);
    expect(makespan({ speeds: [1, 2, 132, 108] }, counts)).toBeLessThan(itemCount / 243 + 1);
  });

  it('shares a million items over ten thousand devices without going item by item', () => {
    const places = Array.from({ length: 10_000 }, (_, place) => place);
    const various = places.map((place) => 20 + ((place * 37) % 125));
    const loads = places.map((place) => (place * 31) % 70);
    for (const [speeds, most] of [
      [various, Infinity],
      [various, 140],
      [various, 101],
      [places.map(() => 1), Infinity],
      [places.map(() => 7), 101],
    ] as const) {
      for (const itemCount of [1_000_000, 1_004_999, 1_006_000]) {
        const devices = { speeds, limits: places.map(() => most), loads };
        for (const each of [devices, { ...devices, loads: undefined }, { speeds }]) {
          const begin = performance.now();
          const counts = counted(itemCount, each);
          // Item by item is 10^10 steps, tens of seconds; this takes some ten milliseconds.
          expect(performance.now() - begin).toBeLessThan(2000);
          expectSettled(each, counts, itemCount);
        }
      }
    }
  });
});

/** No item would rather be elsewhere. */
function expectSettled(devices: Devices, counts: readonly number[], itemCount: number): void {
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(itemCount);
  const worst = makespan(devices, counts);
  const better = counts.filter((count, place) => {
    if (count >= (devices.limits?.[place] ?? Infinity)) return false;
    return (count + 1 + (devices.loads?.[place] ?? 0)) / (devices.speeds[place] ?? 0) < worst;
  });
  expect(better).toEqual([]);
}
