import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueCounts, sharesOf } from '../../../lib/distribution/due-counts.js';

const speedsOf = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 9 });
const batches = fc.array(fc.nat({ max: 7 }), { maxLength: 60 });

/** Batch after batch, credits carried; calls `after` with totals of counts and of shares. */
function carryOver(
  sizes: readonly number[],
  devices: { speeds: Float64Array; limits?: Float64Array; minPerDevice?: number },
  after: (totals: Float64Array, shares: Float64Array, counts: Float64Array) => void,
): void {
  const totals = devices.speeds.map(() => 0);
  const shared = devices.speeds.map(() => 0);
  for (const size of sizes) {
    const credits = shared.map((share, place) => share - (totals[place] ?? 0));
    const counts = dueCounts(size, { ...devices, credits });
    const given = counts.reduce((sum, count) => sum + count, 0);
    for (const [place, share] of sharesOf(given, devices).entries()) {
      shared[place] = (shared[place] ?? 0) + share;
      totals[place] = (totals[place] ?? 0) + (counts[place] ?? 0);
    }
    after(totals, shared, counts);
  }
}

describe('counts that are due', () => {
  it('are less than one item from the shares after every batch', () => {
    fc.assert(
      fc.property(speedsOf, batches, (speeds, sizes) => {
        const sum = speeds.reduce((a, b) => a + b, 0);
        let all = 0;
        let batch = 0;
        carryOver(sizes, { speeds: Float64Array.from(speeds) }, (totals, _shares, counts) => {
          all += sizes[batch] ?? 0;
          expect(counts.reduce((a, b) => a + b, 0)).toBe(sizes[batch]);
          batch += 1;
          for (const [place, total] of totals.entries()) {
            const off = Math.abs(total - (all * (speeds[place] ?? 0)) / sum);
            if (off >= 1) throw new Error(`device ${place} is off by ${off}`);
          }
        });
      }),
      { numRuns: 5000 },
    );
  });

  it('are that too where a batch is one item: the last of many small devices gets its own', () => {
    const speeds = Float64Array.of(91, ...new Array<number>(9).fill(1));
    let most = 0;
    carryOver(new Array<number>(1000).fill(1), { speeds }, (totals, shares) => {
      for (const [place, total] of totals.entries()) {
        most = Math.max(most, Math.abs(total - (shares[place] ?? 0)));
      }
    });
    expect(most).toBeLessThan(1);
  });

  it('keep to limits, fill them, and stay within two items where shares change with them', () => {
    const limits = fc.array(fc.nat({ max: 4 }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(speedsOf, limits, batches, (speeds, most, sizes) => {
        const devices = {
          speeds: Float64Array.from(speeds),
          limits: Float64Array.from(most.slice(0, speeds.length)),
        };
        const room = devices.limits.reduce((a, b) => a + b, 0);
        let batch = 0;
        carryOver(sizes, devices, (totals, shares, counts) => {
          expect(counts.reduce((a, b) => a + b, 0)).toBe(Math.min(sizes[batch] ?? 0, room));
          batch += 1;
          for (const [place, count] of counts.entries()) {
            expect(count).toBeLessThanOrEqual(devices.limits[place] ?? 0);
            expect(Math.abs((totals[place] ?? 0) - (shares[place] ?? 0))).toBeLessThan(2);
          }
        });
      }),
      { numRuns: 3000 },
    );
  });

  it('are none or enough, and every device gets a batch in its turn', () => {
    const devices = { speeds: Float64Array.of(8, 4, 1), minPerDevice: 4 };
    const sizes = Array.from({ length: 200 }, (_, batch) => 4 + (batch % 5));
    let end: readonly (readonly [number, number])[] = [];
    carryOver(sizes, devices, (totals, shares, counts) => {
      for (const count of counts) expect(count === 0 || count >= 4).toBe(true);
      end = Array.from(totals, (total, place) => [total, shares[place] ?? 0] as const);
    });
    for (const [total, share] of end) expect(Math.abs(total - share)).toBeLessThan(8);
  });

  it('leave everything over where a batch is too small for any device', () => {
    const devices = { speeds: Float64Array.of(2, 1), credits: new Float64Array(2) };
    expect([...dueCounts(3, { ...devices, minPerDevice: 4 })]).toEqual([0, 0]);
    expect([...dueCounts(4, { ...devices, minPerDevice: 4 })]).toEqual([4, 0]);
  });

  it('give devices of speed 0 nothing, and nobody anything where there is no other', () => {
    const credits = new Float64Array(2);
    expect([...dueCounts(5, { speeds: Float64Array.of(0, 3), credits })]).toEqual([0, 5]);
    expect([...dueCounts(5, { speeds: new Float64Array(2), credits })]).toEqual([0, 0]);
    expect([
      ...dueCounts(5, { speeds: new Float64Array(0), credits: new Float64Array(0) }),
    ]).toEqual([]);
  });
});
