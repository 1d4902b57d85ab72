import { describe, expect, it } from 'vitest';
import {
  countText,
  durationText,
  gibibytesText,
  groupDigits,
  pairText,
  percentText,
  wholeText,
} from '../../../lib/cli/format.js';
import { bar, glyphsFor, sparkline } from '../../../lib/cli/glyphs.js';

const unicode = glyphsFor({ unicode: true });
const ascii = glyphsFor({ unicode: false });
const plain = (line: readonly { readonly text: string }[]) => line.map(({ text }) => text).join('');

describe('values as text', () => {
  it('prints an unknown value as a dash, never as 0', () => {
    for (const text of [percentText, gibibytesText, wholeText, durationText]) {
      expect(text(undefined)).toBe('-');
      expect(text(0)).toMatch(/^0/);
    }
    expect(pairText('-', '-')).toBe('-');
    expect(pairText('-', '80.0')).toBe('-/80.0');
  });

  it.each([
    [0, '0 ms'],
    [12.4, '12 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [59_400, '59 s'],
    [59_600, '1 min'],
    [3_569_000, '59 min'],
    [3_571_000, '1 h'],
    [172_700_000, '48 h'],
    [172_900_000, '2 d'],
  ])('prints %d ms as %s, in at most six cells', (ms, text) => {
    expect(durationText(ms)).toBe(text);
    expect(text.length).toBeLessThanOrEqual(6);
  });

  it('groups digits and counts nouns', () => {
    expect(groupDigits(999)).toBe('999');
    expect(groupDigits(1234567)).toBe('1,234,567');
    expect(countText(1, 'device')).toBe('1 device');
    expect(countText(1200, 'device')).toBe('1,200 devices');
  });
});

describe('bar', () => {
  const style = 'good' as const;
  it.each([
    [0, '────'],
    [0.06, '────'],
    [0.13, '╾───'],
    [0.5, '━━──'],
    [1, '━━━━'],
    [1.7, '━━━━'],
  ])('draws %d as %s', (fraction, text) => {
    expect(plain(bar(fraction, 4, { glyphs: unicode, style }))).toBe(text);
  });

  it('leaves an unknown value blank: an empty track would say 0', () => {
    expect(plain(bar(undefined, 4, { glyphs: unicode, style }))).toBe('    ');
  });

  it('has an ASCII form of the same width', () => {
    expect(plain(bar(0.5, 4, { glyphs: ascii, style }))).toBe('##..');
    expect(plain(bar(0.6, 4, { glyphs: ascii, style }))).toBe('##..');
  });
});

describe('sparkline', () => {
  it('tells a known 0 from an unknown value', () => {
    expect(sparkline([undefined, 0, 50, 100, 140], unicode)).toBe(' ▁▅██');
    expect(sparkline([undefined, 0, 50, 100], ascii)).toBe(' _=#');
  });
});
