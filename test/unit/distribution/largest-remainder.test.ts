import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillLevel } from '../../../lib/distribution/fill-level.js';
import { largestRemainderCounts } from '../../../lib/distribution/largest-remainder.js';

function counted(itemCount: number, speeds: readonly number[], limits?: readonly number[]) {
  return [
    ...largestRemainderCounts(itemCount, {
      speeds: Float64Array.from(speeds),
      limits: limits && Float64Array.from(limits),
    }),
  ];
}

describe('shares by largest remainder', () => {
  it('round the exact share down or up', () => {
    // Where the last one is to finish early, 5:3:1 of 4 items are 3, 1, 0; by quota 2, 1, 1.
    expect(counted(4, [5, 3, 1])).toEqual([2, 1, 1]);
    expect(counted(10, [1, 1, 1])).toEqual([4, 3, 3]);
    expect(counted(10, [1.9, 1.9, 2, 1.9])).toEqual([3, 2, 3, 2]);
    expect(counted(3, [0, 1])).toEqual([0, 3]);
    expect(counted(3, [0, 0])).toEqual([0, 0]);
    expect(counted(0, [1, 2])).toEqual([0, 0]);
  });

  it('hand on what a limit keeps from a device', () => {
    expect(counted(10, [98, 1, 2], [4, 9, 9])).toEqual([4, 2, 4]);
    expect(counted(10, [1, 1], [2, 3])).toEqual([2, 3]);
  });

  it('never are more than there is, however slow a device', () => {
    expect(counted(2, [5e-324], [1e290])).toEqual([2]);
    expect(counted(4, [5e-324, 1e300])).toEqual([0, 4]);
    const one = (value: number) => Float64Array.of(value);
    const slow = { speeds: one(1e-300), loads: one(1e300), limits: one(Infinity) };
    expect([...largestRemainderCounts(3, slow)]).toEqual([3]);
  });

  it('give away all that there is room for, within one item of the share', () => {
    const device = fc.record({
      speed: fc.nat({ max: 9 }),
      load: fc.nat({ max: 5 }),
      limit: fc.nat({ max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(device, { maxLength: 6 }), fc.nat({ max: 40 }), (devices, count) => {
        const speeds = Float64Array.from(devices, ({ speed }) => speed);
        const loads = Float64Array.from(devices, ({ load }) => load);
        const limits = Float64Array.from(devices, ({ limit }) => limit);
        const counts = largestRemainderCounts(count, { speeds, loads, limits });
        const room = devices.reduce((sum, { speed, limit }) => sum + (speed > 0 ? limit : 0), 0);
        const taken = counts.reduce((sum, each) => sum + each, 0);
        expect(taken).toBe(Math.min(count, room));
        const level = fillLevel(count, { speeds, loads, limits });
        for (const [place, each] of counts.entries()) {
          const { speed = 0, load = 0, limit = 0 } = devices[place] ?? {};
          expect(each).toBeLessThanOrEqual(speed > 0 ? limit : 0);
          if (speed === 0) continue;
          const share = Math.min(limit, Math.max(0, level * speed - load));
          expect(Math.abs(each - share)).toBeLessThan(1 + 1e-9);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
