// One verdict from several processes, and the one table of all goals.
import { describe, expect, it } from 'vitest';
import { judge } from '../../../bench/harness/figures.mjs';
import { checkRows, counts, record } from '../../../bench/harness/report.mjs';
import { combined, numbers, summary } from '../../../bench/harness/verdicts.mjs';

const goal = { id: 'G1', name: 'quick', figure: 'one', atMost: 10 };

/** What a process says that measured these rounds. */
function judged(samples: readonly number[], limit: object = { atMost: 10 }) {
  const { atMost: _, ...rest } = goal;
  return judge({ ...rest, ...limit }, { one: { samples, unit: 'ns' } });
}

const once = (...values: readonly number[]) => values.map((value) => judged([value]));

describe('a goal that several processes judged', () => {
  it.each([
    [[7, 9, 8], 'met'],
    [[10, 10, 10], 'met'],
    [[11, 13, 12], 'missed'],
    [[9, 9, 11], 'missed (within noise)'],
    [[9, 11, 11], 'missed (within noise)'],
    [[1, 2, Number.NaN], 'missed'],
    [[Number.POSITIVE_INFINITY, 20, 20], 'missed'],
  ])('%j, at most 10: %s', (values, verdict) => {
    expect(combined(once(...values)).verdict).toBe(verdict);
  });

  it('is as noisy as the rounds of the process in the middle', () => {
    const calm = judged([8, 8, 8, 8, 8]);
    const wild = judged([1, 6, 8.5, 12, 30]);
    expect(combined([calm, calm, calm]).verdict).toBe('met');
    expect(combined([calm, wild, judged([9])])).toMatchObject({
      verdict: 'missed (within noise)',
      value: 8.5,
      low: 6,
      high: 12,
    });
    expect(combined([wild, judged([9]), judged([9.5])])).toMatchObject({
      verdict: 'met',
      value: 9,
      low: 8.5,
      high: 9.5,
    });
  });

  it('is met by at least as much, where that is asked', () => {
    const atLeast = (...values: readonly number[]) =>
      combined(values.map((value) => judged([value], { atLeast: 10 }))).verdict;
    expect(atLeast(11, 12, 13)).toBe('met');
    expect(atLeast(9, 12, 13)).toBe('missed (within noise)');
    expect(atLeast(9, 8, 7)).toBe('missed');
  });

  it('of one process is what that says: nothing is known of noise', () => {
    const wild = judged([1, 6, 8.5, 12, 30]);
    expect(combined([wild])).toMatchObject({ verdict: 'met', value: 8.5, low: 8.5, high: 8.5 });
    expect(combined(once(12))).toMatchObject({ verdict: 'missed', values: [12] });
  });

  it('does not depend on which process came first', () => {
    const [a, b, c] = [judged([1, 2, 3]), judged([9, 12, 14]), judged([4, 5, 6])];
    const expected = { value: 5, low: 2, high: 12, verdict: 'missed (within noise)' };
    for (const order of [
      [a, b, c],
      [b, c, a],
      [c, b, a],
    ]) {
      expect(combined(order)).toMatchObject(expected);
    }
  });
});

/** What asking a question gave, as it stands in its file. */
function answer(goals: readonly object[], samples: readonly number[]) {
  const figures = {
    one: { samples, unit: 'ns', run: 1 },
    two: { samples: samples.map((sample) => sample * 4), unit: 'ns', run: 1 },
  };
  const chart = { title: 'both', figures: ['one', 'two'] };
  const all = goals.map((each) => judge({ ...goal, ...each }, figures));
  return JSON.parse(JSON.stringify(record('a', { notes: [], figures, goals: all, chart })));
}

describe('the summary of a check', () => {
  const rows = (answers: object) => summary(answers, { isWhole: false }).goals;

  it('has all goals by number, then the others', () => {
    const none = { id: undefined, name: 'without' };
    const goals = rows({
      a: [answer([none, { id: 'G11' }], [5])],
      b: [answer([{ id: 'G2' }], [15])],
    });
    expect(goals.map(({ id, question, verdict }) => [id, question, verdict])).toEqual([
      ['G2', 'b', 'missed'],
      ['G11', 'a', 'met'],
      ['a', 'a', 'met'],
    ]);
  });

  it('hides no question that failed, and no goal that nobody answered', () => {
    expect(rows({ a: [answer([{}], [5]), undefined, answer([{}], [5])], b: [] })).toMatchObject([
      { id: 'a', name: 'a: the question failed', verdict: 'missed' },
      { id: 'b', name: 'b: the question failed', verdict: 'missed' },
    ]);
    expect(rows({ a: [answer([], [5])] })).toMatchObject([{ id: 'a', verdict: 'missed' }]);
    const whole = summary({ a: [answer([{ id: 'G3' }], [5])] }).goals;
    expect(whole.map(({ id }) => id)).toEqual(numbers);
    expect(whole.filter(({ verdict }) => verdict === 'met').map(({ id }) => id)).toEqual(['G3']);
    expect(whole[0]).toMatchObject({ name: 'no question answers it', verdict: 'missed' });
  });

  it('refuses answers to different questions', () => {
    const answers = { a: [answer([{}], [5]), answer([{ name: 'slow' }], [5])] };
    expect(() => summary(answers)).toThrow('did not answer the same: quick');
  });

  it('takes figures and bars from the process in the middle', () => {
    const { a } = summary({ a: [[7], [5], [30]].map((one) => answer([{}], one)) }).questions;
    expect(a.figures).toEqual([
      { name: 'one', unit: 'ns', value: 7 },
      { name: 'two', unit: 'ns', value: 28 },
    ]);
    expect(a.chart).toEqual({
      title: 'both',
      bars: [
        { name: 'one', unit: 'ns', value: 7, ratio: 1 },
        { name: 'two', unit: 'ns', value: 28, ratio: 4 },
      ],
    });
  });

  it('is a line a goal, which says by how much', () => {
    const processes = (...values: readonly number[]) =>
      values.map((value) => answer([{ id: 'G3' }], [value]));
    const goals = rows({
      a: processes(5, 4, 6),
      b: processes(15, 20, 25),
      c: processes(9, 9, 11),
      d: [undefined],
    });
    expect(checkRows(goals).slice(1)).toEqual([
      ['G3', 'quick', '5 ns', '4 ns to 6 ns', 'at most 10 ns', 'met by 2x'],
      ['G3', 'quick', '20 ns', '15 ns to 25 ns', 'at most 10 ns', 'missed by 2x'],
      ['G3', 'quick', '9 ns', '9 ns to 11 ns', 'at most 10 ns', 'missed (within noise)'],
      ['d', 'd: the question failed', '-', '', '', 'missed'],
    ]);
    expect(counts(goals)).toBe('1 met, 2 missed, 1 missed within noise');
  });
});
