// What the benchmarks say of what they measured.
import { describe, expect, it } from 'vitest';
import {
  areMet,
  judge,
  median,
  mergeFigures,
  quantile,
  ratios,
  single,
  spread,
} from '../../../bench/harness/figures.mjs';
import { report, table, withUnit } from '../../../bench/harness/report.mjs';
import { compare, compareLater } from '../../../bench/harness/rounds.mjs';

describe('medians', () => {
  it('are of the values in order, whatever order they come in', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 9])).toBe(9.5);
    expect(quantile([40, 10, 30, 20, 50], 0.25)).toBe(20);
    expect(quantile([1, 2], 1)).toBe(2);
    expect(spread([5, 4, 3, 2, 1])).toEqual({ median: 3, low: 2, high: 4 });
  });

  it('do not move with one round that went wrong, and leave the values as they are', () => {
    const samples = [3, 1e9, 1, 2, 2];
    expect(median(samples)).toBe(2);
    expect(samples).toEqual([3, 1e9, 1, 2, 2]);
  });

  it('there is none of nothing', () => {
    expect(() => median([])).toThrow('nothing was measured');
  });
});

const slow = { samples: [20, 400, 30], unit: 'ns', run: 1 };
const fast = { samples: [10, 100, 10], unit: 'ns', run: 1 };
const elsewhere = { ...fast, run: 2 };

describe('ratios', () => {
  it('are taken round by round', () => {
    expect(ratios(slow, fast)).toEqual([2, 4, 3]);
  });

  it('are refused across runs', () => {
    expect(() => ratios(slow, elsewhere)).toThrow('in one run');
    expect(() => ratios(single(1), single(2))).toThrow('in one run');
  });
});

describe('verdicts', () => {
  const none = single(Number.NaN, 'ms');
  const some = { samples: [1, 1, Number.NaN, 1, 1], unit: 'ms', run: undefined };
  const nothing = { samples: [0, 0, 0], unit: 'ns', run: 1 };
  const figures = { slow, fast, elsewhere, none, some, nothing, few: single(3, 'ms') };

  it.each([
    [{ ratio: ['slow', 'fast'], atMost: 3 }, 3, 'met'],
    [{ ratio: ['slow', 'fast'], atMost: 2.9 }, 3, 'missed'],
    [{ ratio: ['slow', 'fast'], atLeast: 3 }, 3, 'met'],
    [{ ratio: ['slow', 'fast'], atLeast: 3.1 }, 3, 'missed'],
    [{ figure: 'few', atMost: 3 }, 3, 'met'],
    [{ figure: 'few', atLeast: 4 }, 3, 'missed'],
    [{ figure: 'none', atMost: 3 }, Number.NaN, 'missed'],
    [{ figure: 'none', atLeast: 3 }, Number.NaN, 'missed'],
    [{ figure: 'some', atMost: 3 }, 1, 'missed'],
    [{ ratio: ['slow', 'nothing'], atLeast: 3 }, Number.NaN, 'missed'],
  ])('%j: %d is %s', (goal, value, verdict) => {
    expect(judge({ name: 'a', ...goal }, figures)).toMatchObject({ value, verdict });
  });

  it('are not those of nobody', () => {
    expect(areMet([])).toBe(false);
    expect(areMet([{ verdict: 'met' }])).toBe(true);
    expect(areMet([{ verdict: 'met' }, { verdict: 'missed' }])).toBe(false);
    expect(report({ notes: [], figures: { slow }, goals: [] })).toMatch(/no goals$/);
  });

  it('are of figures that have a name each', () => {
    expect(mergeFigures({ slow }, { fast })).toEqual({ slow, fast });
    expect(() => mergeFigures({ slow }, { slow: fast })).toThrow('two figures are called: slow');
  });

  it('say in what unit', () => {
    expect(judge({ name: 'a', figure: 'few', atMost: 1 }, figures).unit).toBe('ms');
    expect(judge({ name: 'a', ratio: ['slow', 'fast'], atMost: 1 }, figures).unit).toBe('x');
  });

  it.each([
    [{ figure: 'few' }, 'either at most or at least'],
    [{ figure: 'few', atMost: 1, atLeast: 1 }, 'either at most or at least'],
    [{ figure: 'many', atMost: 1 }, 'called: many'],
    [{ ratio: ['slow', 'many'], atMost: 1 }, 'called: many'],
    [{ ratio: ['slow', 'elsewhere'], atMost: 1 }, 'in one run'],
  ])('are refused where the question is wrong: %j', (goal, message) => {
    expect(() => judge({ name: 'a', ...goal }, figures)).toThrow(message);
  });
});

describe('the report', () => {
  const goals = [
    { name: 'quick', figure: 'fast', unit: 'ns', value: 1500, atMost: 2000, verdict: 'met' },
    { name: 'large', ratio: ['slow', 'fast'], unit: 'x', value: 3, atLeast: 4, verdict: 'missed' },
  ];

  it('shows times in the unit that suits them', () => {
    expect([0.5, 12.345, 1500, 2.5e6, 3e9].map((value) => withUnit(value, 'ns'))).toEqual([
      '0.5 ns',
      '12.3 ns',
      '1.5 us',
      '2.5 ms',
      '3 s',
    ]);
    expect([withUnit(1.0449, 'x'), withUnit(1234.5, 'x'), withUnit(7)]).toEqual([
      '1.04x',
      '1235x',
      '7',
    ]);
  });

  it('stands in columns', () => {
    expect(
      table([
        ['a', '1'],
        ['bcd', '100'],
      ]),
    ).toEqual(['a      1', 'bcd  100']);
  });

  it('says of every goal whether it was met', () => {
    const text = report({ notes: ['a note'], figures: { slow }, goals });
    expect(text).toMatch(/^a note\n/);
    expect(text).toMatch(/^slow +30 ns +25 ns to 215 ns$/m);
    expect(text).toMatch(/^quick +1\.5 us +at most 2 us +met by 1\.33x$/m);
    expect(text).toMatch(/^large +3x +at least 4x +missed by 1\.33x$/m);
    expect(text).toMatch(/2 goals: 1 missed$/);
  });

  it.each([
    [{ value: 3, atMost: 4, aim: 3, verdict: 'met' }, 'at most 4x, aim 3x +met by 1.33x, aim too'],
    [{ value: 3.5, atMost: 4, aim: 3, verdict: 'met' }, 'at most 4x, aim 3x +met by 1.14x'],
    [{ value: 90, atLeast: 75, aim: 100, verdict: 'met' }, 'at least 75x, aim 100x +met by 1.2x'],
    [{ value: 8, atMost: 4, aim: 3, verdict: 'missed' }, 'at most 4x, aim 3x +missed by 2x'],
    [{ value: 1, atMost: 0, verdict: 'missed' }, 'at most 0x +missed'],
    [{ value: Number.NaN, atLeast: 4, verdict: 'missed' }, 'at least 4x +missed'],
  ])('says by how much it was missed, and whether the aim was reached: %j', (goal, text) => {
    const lines = report({ notes: [], figures: {}, goals: [{ name: 'a', unit: 'x', ...goal }] });
    expect(lines).toMatch(new RegExp(`^a +\\S+ +${text}$`, 'm'));
  });
});

describe('rounds', () => {
  it('are in turns, beginning with another one each time, and count what was asked', () => {
    const order: string[] = [];
    const tell = (name: string, ns: number) => ({
      inside: () => {
        order.push(name);
        return ns;
      },
    });
    const figures = compare({ a: tell('a', 1), b: tell('b', 2), c: tell('c', 3) }, { rounds: 12 });
    expect(order.join('')).toBe('abcbcacab'.repeat(4));
    expect(figures.b?.samples).toEqual(new Array(12).fill(2));
    expect(ratios(figures.b, figures.a)).toEqual(new Array(12).fill(2));
    expect(() => ratios(figures.a, compare({ a: tell('a', 1) }).a)).toThrow('in one run');
  });

  it('time what does not time itself, an item at a time', () => {
    const data = Float64Array.from({ length: 1e5 }, (_, index) => index);
    const run = () => data.reduce((sum, value) => sum + value, 0);
    const figures = compare({ whole: { run }, each: { run, items: data.length } });
    expect(figures.whole?.samples.length).toBe(11);
    expect(Math.min(...(figures.whole?.samples ?? []))).toBeGreaterThan(1000);
    expect(median(figures.whole?.samples)).toBeGreaterThan(median(figures.each?.samples) * 100);
  });

  it('wait for what answers later, in turns with what does not', async () => {
    let began = 0;
    let ended = 0;
    const runLater = async () => {
      began += 1;
      expect(began).toBe(ended + 1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      ended += 1;
    };
    const figures = await compareLater({ later: { runLater }, now: { run: () => 1 } });
    expect(figures.later?.samples.length).toBe(11);
    expect(Math.min(...ratios(figures.later, figures.now))).toBeGreaterThan(100);
  });

  it('are eleven at least', async () => {
    expect(() => compare({}, { rounds: 10 })).toThrow('at least 11 rounds');
    await expect(compareLater({}, { rounds: 10 })).rejects.toThrow('at least 11 rounds');
  });
});
