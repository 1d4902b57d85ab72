// What is shown of the results: rendered from them, and nothing else.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  chart,
  compact,
  fullTable,
  shortTable,
  withTable,
} from '../../../bench/harness/published.mjs';
import { publish, published, rendered } from '../../../scripts/publish-bench.mjs';

const goal = { id: 'G3', name: 'a | b', unit: 'x', values: [4, 5, 6], low: 4, high: 6 };
const results = {
  at: '2026-01-02T03:04:05.000Z',
  machine: {
    processor: 'P',
    cores: 2,
    platform: 'linux-x64',
    kernel: '6.1',
    node: 'v20.1.0',
    load: [3, 2, 1.04],
  },
  processes: 3,
  isWhole: true,
  goals: [
    { ...goal, value: 5, atLeast: 2, verdict: 'met', headline: true },
    { ...goal, value: 5, atLeast: 10.123456789, verdict: 'missed' },
    { id: 'G4', name: 'none', values: [], verdict: 'missed' },
  ],
  questions: {
    silent: { figures: [] },
    reading: {
      figures: [{ name: 'ours', unit: 'ns', value: 60 }],
      chart: {
        title: 'reading <all>',
        bars: [
          { name: 'ours', unit: 'ns', value: 60.1234567, ratio: 1 },
          { name: 'theirs & others', unit: 'ns', value: 6e6, ratio: 1e5 },
        ],
      },
    },
  },
};

describe('what is kept', () => {
  it('is goals and bars, in as many digits as matter', () => {
    const kept = compact(results);
    expect(kept.charts).toHaveLength(1);
    expect(kept.charts[0].bars[0].value).toBe(60.123);
    expect(kept.goals[1].atLeast).toBe(10.123);
    expect(kept).not.toHaveProperty('questions');
  });

  it('renders to the same again after a while in a file', () => {
    const kept = compact(results);
    expect(compact({ ...kept, questions: results.questions })).toEqual(kept);
  });
});

describe('the tables', () => {
  it('have a line for every goal', () => {
    const text = fullTable(compact(results));
    expect(text).toContain('| G3 | a \\| b | 5x | 4x to 6x | at least 2x | met by 2.5x |');
    expect(text).toContain('| G3 | a \\| b | 5x | 4x to 6x | at least 10.1x | missed by 2.02x |');
    expect(text).toContain('| G4 | none | - |  |  | missed |');
    expect(text).toContain('2 cores of P, linux-x64, kernel 6.1, Node 20.1.0; load 1.0 of');
    expect(text).toMatch(/^3 goals: 1 met, 2 missed, 0 missed within noise\.$/m);
  });

  it('in short have those that a reader is to see first, and say how many are missed', () => {
    const text = shortTable(compact(results));
    expect(text.match(/^\| a /gm)).toHaveLength(1);
    expect(text).toContain('All 3 goals, 2 of them missed');
    expect(text).toContain('npm run bench -- --check');
  });

  it('stand between marks, and leave the rest of the text alone', () => {
    const text = 'before\n<!-- bench: generated -->\nold $1\n<!-- /bench -->\nafter\n';
    expect(withTable(text, 'new $& $1')).toBe(
      'before\n<!-- bench: generated -->\nnew $& $1\n<!-- /bench -->\nafter\n',
    );
    expect(() => withTable('no marks', 'new')).toThrow('no place');
  });
});

describe('the chart', () => {
  const svg: string = chart(compact(results));
  const widths = [...svg.matchAll(/class="(?:ours|bar)".*? width="([\d.]+)"/g)].map(([, width]) =>
    Number(width),
  );

  it('has a bar each, longer by what lies between them', () => {
    expect(widths).toHaveLength(2);
    const [ours = 0, theirs = 0] = widths;
    const decades = (value: number) => Math.log10(value) - 1; // its scale begins at 10 ns
    expect(theirs / ours).toBeCloseTo(decades(6e6) / decades(60.123), 1);
  });

  it('says what they are, as text that XML takes', () => {
    expect(svg).toContain('reading &#60;all&#62;');
    expect(svg).toContain('theirs &#38; others');
    expect(svg).toContain('6 ms, 100000x');
    expect(svg.match(/<text/g)?.length).toBe(svg.match(/<\/text>/g)?.length);
  });
});

describe('what is published', () => {
  it.each(Object.entries(rendered(published())))(
    '%s shows the results that are kept',
    (path, text) => {
      expect(readFileSync(join(__dirname, '../../..', path), 'utf8')).toBe(text);
    },
  );

  it('is never a part, nor what one process found', () => {
    expect(() => publish({ ...results, isWhole: false })).toThrow('a whole check');
    expect(() => publish({ ...results, processes: 1 })).toThrow('a whole check');
  });
});
