// The reference itself, against figures worked out by hand.
import { describe, expect, it } from 'vitest';
import {
  type NaiveQuestion,
  type NaiveSample,
  naivePercentile,
  naivePool,
  naiveSlices,
  naiveStatistics,
} from '../../support/naive-statistics.js';

const at = (timeMs: number, value?: number, holdMs = 1000): NaiveSample => ({
  timeMs,
  value,
  holdMs,
});
const samples = [at(0, 10), at(1000, 20), at(2000), at(3000, 40), at(3500, 5), at(9000, 7)];
const question: NaiveQuestion = {
  window: { fromMs: 500, toMs: 4000 },
  percentiles: [0, 50, 100],
  linear: false,
  ewmaMs: 1000,
  counter: true,
};

describe('the naive reference', () => {
  it('is what one works out by hand', () => {
    // Held: 10 for 500 ms, 20 for 1000 ms, nothing for 1000 ms, 40 and 5 for 500 ms each.
    const found = naiveStatistics(samples, question);
    expect(found).toMatchObject({
      count: 3,
      unknownCount: 1,
      coveredMs: 2500,
      first: 20,
      firstMs: 1000,
      last: 5,
      lastMs: 3500,
      min: 5,
      max: 40,
      mean: 65 / 3,
      integral: 5 + 20 + 20 + 2.5,
      timeWeightedMean: 47.5 / 2.5,
      // From 10 to 20, to 40, and from 0 to 5.
      increase: 10 + 20 + 5,
      grownMs: 3500,
      percentiles: [5, 20, 40],
    });
    expect(found.standardDeviation).toBeCloseTo(Math.sqrt((400 + 1600 + 25) / 3 - (65 / 3) ** 2));
    const second = 20 + (1 - Math.exp(-2)) * 20;
    expect(found.ewma).toBeCloseTo(second + (1 - Math.exp(-0.5)) * (5 - second), 12);
  });

  it('holds the last value no longer than it may, and counts both ends', () => {
    const one = { ...question, window: { fromMs: 9000, toMs: 20_000 } };
    expect(naiveStatistics(samples, one)).toMatchObject({ count: 1, coveredMs: 1000, integral: 7 });
    const ends = { ...question, window: { fromMs: 1000, toMs: 3000 } };
    expect(naiveStatistics(samples, ends)).toMatchObject({ count: 2, unknownCount: 1 });
  });

  it('grows from a value that still holds at the start, and from none before', () => {
    const growth = (fromMs: number) =>
      naiveStatistics([at(0, 10, 100), at(1000, 30)], {
        ...question,
        window: { fromMs, toMs: 2000 },
      }).increase;
    expect([growth(100), growth(101)]).toEqual([20, 0]);
    const met = naiveStatistics([at(0, 10), at(1000, 30), at(2000, 35)], {
      ...question,
      window: { fromMs: 1000, toMs: 2000 },
    });
    expect(met).toMatchObject({ increase: 5, grownMs: 1000 });
  });

  it('knows nothing where nothing was known', () => {
    const held = { ...question, window: { fromMs: 9500, toMs: 9600 } };
    expect(naiveStatistics(samples, held)).toEqual({
      count: 0,
      unknownCount: 0,
      coveredMs: 100,
      fromMs: 9500,
      toMs: 9600,
      percentiles: [undefined, undefined, undefined],
    });
    expect(naiveStatistics([], { ...question, window: { last: 3 } })).toMatchObject({ count: 0 });
  });

  it('takes the newest samples whether they know the metric or not', () => {
    const last = { ...question, window: { last: 4 } };
    const expected = { count: 3, unknownCount: 1, fromMs: 2000, toMs: 9000, increase: 20 + 5 + 2 };
    expect(naiveStatistics(samples, last)).toMatchObject(expected);
  });

  it('pools', () => {
    const found = naivePool([samples, [at(1000, 100), at(2000, 101)]], question);
    expect(found).toMatchObject({ count: 5, unknownCount: 1, coveredMs: 4500, max: 101 });
    expect(found).toMatchObject({ increase: 36, percentiles: [5, 40, 101] });
    for (const key of ['first', 'last', 'ewma']) expect(found).not.toHaveProperty(key);
  });

  it('has both kinds of percentiles', () => {
    const sorted = [10, 20, 30, 40];
    const ranks = [0, 25, 26, 50, 75, 100].map((one) => naivePercentile(sorted, one, false));
    expect(ranks).toEqual([10, 10, 20, 20, 30, 40]);
    const between = [0, 25, 50, 100].map((one) => naivePercentile(sorted, one, true));
    expect(between).toEqual([10, 17.5, 25, 40]);
    expect(naivePercentile([], 50, true)).toBeUndefined();
  });

  it('cuts into slices', () => {
    expect(naiveSlices(samples, { fromMs: 0, toMs: 4000 }, 2)).toEqual([
      { fromMs: 0, min: 10, max: 20, mean: 15, count: 2 },
      { fromMs: 2000, min: 5, max: 40, mean: 22.5, count: 2 },
    ]);
  });
});
