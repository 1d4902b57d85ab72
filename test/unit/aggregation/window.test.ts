import { describe, expect, it } from 'vitest';
import { nativeBounds, readWindow } from '../../../lib/aggregation/window.js';
import { refusal } from '../../support/refusal.js';

const read = (given: object) => readWindow(new Map(Object.entries(given)), () => 5000);
const kinds = ['wall', 'monotonic', 'last'];

describe('a window', () => {
  it('is said in one way', () => {
    expect(read({ windowMs: 10 })).toEqual({ kind: 'recent', windowMs: 10 });
    expect(read({ from: 10, to: 20 })).toEqual({ kind: 'between', fromMs: 10, toMs: 20 });
    expect(read({ from: 10 })).toEqual({ kind: 'between', fromMs: 10, toMs: 5000 });
    expect(read({ last: 3 })).toEqual({ kind: 'last', count: 3 });
    expect(read({})).toEqual({ kind: 'last', count: Infinity });
    expect(read({ windowMs: undefined, last: 3 })).toEqual({ kind: 'last', count: 3 });
  });

  it.each([
    [{ windowMs: 10, last: 2 }, 'options.last: expected no last beside windowMs, got 2'],
    [{ windowMs: 10, from: 2 }, 'options.from: expected no from beside windowMs, got 2'],
    [{ from: 10, last: 2 }, 'options.last: expected no last beside from, got 2'],
    [{ to: 10 }, 'options.to: expected from, and no other window, beside to, got 10'],
    [{ to: 10, last: 1 }, 'options.to: expected from, and no other window, beside to, got 10'],
    [{ from: 20, to: 10 }, 'options.from: expected less than to (10), got 20'],
    [{ from: 10, to: 10 }, 'options.from: expected less than to (10), got 10'],
    [{ from: 6000 }, 'options.from: expected less than to (5000, now), got 6000'],
  ])('%o is refused', (given, message) => {
    expect(refusal('ERR_GPU_OUT_OF_RANGE', () => read(given))).toBe(message);
  });

  it.each([
    ...[0, -1, NaN, Infinity, 1e300].map((windowMs) => ({ windowMs })),
    ...[0, -1, 1.5, NaN, Infinity].map((last) => ({ last })),
    ...[NaN, -Infinity, Infinity, 1e300].flatMap((from) => [{ from }, { from: 0, to: from }]),
  ])('%o is no window', (given) => {
    refusal('ERR_GPU_OUT_OF_RANGE', () => read(given));
  });

  it.each([{ windowMs: '10' }, { from: null }, { from: 1, to: new Date(5) }, { last: 3n }])(
    '%o has a wrong type',
    (given) => {
      refusal('ERR_GPU_INVALID_TYPE', () => read(given));
    },
  );
});

describe('its bounds', () => {
  it('are of the clock by which samples are looked up', () => {
    const wall = { kind: 'wall', nowMs: () => 100 } as const;
    const ends = { fromMs: 90, toMs: 100 };
    const recent = { kind: 'recent', windowMs: 10 } as const;
    expect(nativeBounds(recent, kinds, wall)).toEqual({ by: 0, from: 90, to: 100, ends });
    const sampler = { kind: 'monotonic', nowMs: () => 100 } as const;
    const bounds = nativeBounds(recent, kinds, sampler);
    expect(bounds).toMatchObject({ by: 1, from: 90, to: 100 });
    expect((bounds.ends?.toMs ?? 0) - (bounds.ends?.fromMs ?? 0)).toBe(10);
    expect(Math.abs((bounds.ends?.toMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('follow from the samples where those are counted', () => {
    const wall = { kind: 'wall', nowMs: () => 100 } as const;
    const all = { kind: 'last', count: Infinity } as const;
    const most = Number.MAX_SAFE_INTEGER;
    expect(nativeBounds(all, kinds, wall)).toEqual({ by: 2, from: most, to: 0 });
    const between = { kind: 'between', fromMs: 1, toMs: 2 } as const;
    expect(nativeBounds(between, kinds, wall)).toMatchObject({ by: 0, from: 1, to: 2 });
  });
});
