import { describe, expect, it } from 'vitest';
import type { NativeColumn, NativeColumnsToCheck } from '../../lib/native-aggregation.js';
import { native } from '../support/native-session.js';

const { statisticsDoubles } = native;
const column = (values: readonly number[], times = values.map((_, at) => 1000 * at)) => ({
  times: Float64Array.from(times),
  values: Float64Array.from(values),
  oldest: 0,
  count: values.length,
});
const window = {
  by: native.windowKinds.indexOf('wall'),
  from: 0,
  to: 10_000,
  percentiles: Float64Array.of(50),
  linear: false,
  ewmaMs: 0,
  pooled: false,
  maxGapMs: Number.POSITIVE_INFINITY,
  counter: false,
};
const room = () => new Float64Array(2 * (statisticsDoubles + 1)).fill(-7);
/** What TypeScript would refuse. */
const wrong = <T>(value: unknown): T => value as T;

function detached(length: number): Float64Array {
  const array = new Float64Array(length);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
}

describe('aggregateColumns', () => {
  it('writes a record for each column', () => {
    const into = room();
    const columns = [column([3, 1, Number.NaN, 2]), column([5])];
    expect(native.aggregateColumns(columns, window, into)).toBe(2);
    expect([...into.subarray(0, 8)]).toEqual([3, 1, 9000, 3, 2, 1, 3, 2]);
    expect(into[statisticsDoubles]).toBe(2);
    expect(into[statisticsDoubles + 1]).toBe(1);
  });

  it('writes one record of all', () => {
    const into = room();
    const columns = [column([3, 1]), column([8])];
    expect(native.aggregateColumns(columns, { ...window, pooled: true }, into)).toBe(1);
    expect([into[0], into[7], into[statisticsDoubles]]).toEqual([3, 4, 3]);
    expect(into[statisticsDoubles + 1]).toBe(-7);
  });

  it('reads rings that wrap, and the newest samples only', () => {
    const into = room();
    const ring = { ...column([3, 4, 1, 2], [2, 3, 0, 1]), oldest: 2 };
    const last = { ...window, by: native.windowKinds.indexOf('last'), from: 3, to: 0 };
    expect(native.aggregateColumns([ring], last, into)).toBe(1);
    expect([into[0], into[3], into[4]]).toEqual([3, 2, 4]);
  });

  const good = column([1, 2]);
  it.each<[string, unknown, object]>([
    ['no list', 7, window],
    ['no column', [7], window],
    ['a column of no arrays', [{ times: [1], values: [1], oldest: 0, count: 1 }], window],
    ['a count beyond its length', [{ ...good, count: 3 }], window],
    ['an oldest beyond its length', [{ ...good, oldest: 2 }], window],
    ['a negative place', [{ ...good, oldest: -1 }], window],
    ['a fraction', [{ ...good, count: 0.5 }], window],
    ['a detached array', [{ ...good, values: detached(2) }], window],
    ['times of another length', [{ ...good, times: new Float64Array(3) }], window],
    ['one bad column of two', [good, { ...good, count: 9 }], window],
    ['another kind of window', [good], { ...window, by: 1 }],
    ['no kind of window', [good], { ...window, by: 99 }],
    ['a window that ends before it begins', [good], { ...window, from: 2, to: 1 }],
    ['no number for an end', [good], { ...window, to: Number.NaN }],
    ['a percentile that is none', [good], { ...window, percentiles: Float64Array.of(101) }],
    ['no percentiles', [good], { ...window, percentiles: [50] }],
    ['no hold limit', [good], { ...window, maxGapMs: 'long' }],
  ])('writes nothing for %s', (_, columns, what) => {
    const into = room();
    expect(native.aggregateColumns(wrong(columns), wrong(what), into)).toBe(0);
    expect(into.every((word) => word === -7)).toBe(true);
  });

  it('writes nothing where there is no room', () => {
    const into = new Float64Array(2 * statisticsDoubles + 1).fill(-7);
    expect(native.aggregateColumns([good, good], window, into)).toBe(0);
    expect(into.every((word) => word === -7)).toBe(true);
  });

  it('survives getters that take the memory away', () => {
    const values = new Float64Array(1 << 16);
    const sly: NativeColumn = {
      times: new Float64Array(1 << 16),
      values,
      oldest: 0,
      get count() {
        structuredClone(values, { transfer: [values.buffer] });
        return 1 << 16;
      },
    };
    expect(native.aggregateColumns([sly], window, room())).toBe(0);
    const thrower = {
      ...window,
      get counter(): boolean {
        throw new Error('mine');
      },
    };
    expect(() => native.aggregateColumns([good], thrower, room())).toThrow('mine');
  });
});

describe('downsampleColumn', () => {
  it('writes slices with data', () => {
    const into = new Float64Array(20).fill(-7);
    const columns = column([3, 1, Number.NaN, 2]);
    expect(native.downsampleColumn(columns, { from: 0, to: 4000 }, into)).toBe(3);
    expect([...into.subarray(0, 5)]).toEqual([0, 3, 3, 3, 1]);
    expect([...into.subarray(10, 15)]).toEqual([3000, 2, 2, 2, 1]);
    expect(into[15]).toBe(-7);
  });

  it('writes nothing for what is none', () => {
    const into = new Float64Array(20).fill(-7);
    const range = { from: 0, to: 4000 };
    expect(native.downsampleColumn(wrong({}), range, into)).toBe(0);
    expect(native.downsampleColumn(column([1]), { from: 1, to: 0 }, into)).toBe(0);
    expect(native.downsampleColumn(column([1]), wrong({}), into)).toBe(0);
    expect(native.downsampleColumn(column([1]), range, wrong([]))).toBe(0);
    expect(into.every((word) => word === -7)).toBe(true);
  });
});

describe('checkColumns', () => {
  const times = Float64Array.of(1, 2, 3);
  const check = (change: Partial<NativeColumnsToCheck>) =>
    native.checkColumns(times, {
      columns: [{ values: Float64Array.of(0, 50, 100) }],
      rules: Float64Array.of(0, 100, 0, 0),
      afterMs: Number.NEGATIVE_INFINITY,
      used: -1,
      total: -1,
      ...change,
    });

  it('finds nothing wrong, or the first that is', () => {
    expect(check({})).toBeUndefined();
    expect(check({ afterMs: 1 })).toBeUndefined();
    expect(check({ afterMs: 2 })).toEqual({ column: -1, position: 0, reason: 'order' });
    const values = Float64Array.of(0, 1, 101);
    const range = { column: 0, position: 2, reason: 'range' };
    expect(check({ columns: [{ values }] })).toEqual(range);
    expect(check({ columns: [{ values, known: Uint8Array.of(1, 1, 0) }] })).toBeUndefined();
    expect(check({ columns: [{ values, known: Uint8Array.of(0, 0, 1) }] })).toEqual(range);
  });

  it('finds used memory above the total, and nothing where one is unknown', () => {
    const columns = [{ values: Float64Array.of(9, 9, 9) }, { values: Float64Array.of(9, 8, 9) }];
    const rules = Float64Array.of(0, 100, 0, 0, 0, 100, 0, 1);
    const fault = { column: 0, position: 1, reason: 'used-above-total' };
    expect(check({ columns, rules, used: 0, total: 1 })).toEqual(fault);
    const [used, { values = times } = {}] = columns;
    const unsure = [used ?? { values }, { values, known: Uint8Array.of(1, 0, 1) }];
    expect(check({ columns: unsure, rules, used: 0, total: 1 })).toBeUndefined();
  });

  const nothing = { column: 0, position: 0, reason: 'not-finite' };
  it.each<[string, object, object]>([
    ['a column that is none', { columns: [7] }, nothing],
    ['a column of no array', { columns: [{ values: [1, 2, 3] }] }, nothing],
    ['a detached column', { columns: [{ values: detached(3) }] }, nothing],
    ['a short column', { columns: [{ values: times.slice(1) }] }, { ...nothing, position: 2 }],
    ['marks that are none', { columns: [{ values: times, known: [1, 1, 1] }] }, nothing],
    ['no rules', { rules: new Float64Array(3) }, { ...nothing, reason: 'range' }],
  ])('trusts nothing: %s', (_, change, fault) => {
    expect(check(change)).toEqual(fault);
  });

  it('takes no times for wrong ones', () => {
    const fault = { column: -1, position: 0, reason: 'not-finite' };
    expect(native.checkColumns(wrong(undefined), wrong({}))).toEqual(fault);
    expect(native.checkColumns(wrong(Int32Array.of(1)), wrong({}))).toEqual(fault);
  });
});

describe('summarize', () => {
  const what = { percentiles: Float64Array.of(50), linear: true };

  it.each([
    Float64Array,
    Float32Array,
    Int32Array,
    Uint32Array,
    Int16Array,
    Uint16Array,
    Int8Array,
    Uint8Array,
  ])('sums up %o', (Numbers) => {
    const into = new Float64Array(7).fill(-7);
    expect(native.summarize(Numbers.of(4, 1, 3, 2), what, into)).toBe(6);
    expect([...into]).toEqual([4, 1, 4, 2.5, Math.sqrt(1.25), 2.5, -7]);
  });

  it('writes nothing for what is none', () => {
    const into = new Float64Array(6).fill(-7);
    expect(native.summarize(wrong([1, 2]), what, into)).toBe(0);
    expect(native.summarize(wrong(BigInt64Array.of(1n)), what, into)).toBe(0);
    expect(native.summarize(wrong(new DataView(new ArrayBuffer(8))), what, into)).toBe(0);
    expect(native.summarize(Uint8Array.of(1), wrong({}), into)).toBe(0);
    expect(native.summarize(Uint8Array.of(1), what, into.subarray(1))).toBe(0);
    expect(into.every((word) => word === -7)).toBe(true);
    expect(native.summarize(detached(4), what, into)).toBe(6);
    expect(into[0]).toBe(0);
  });
});
