// Columns through the addon: its check against one that is plain, and what is stored.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadNative } from '../../lib/native.js';
import { TelemetryCollector } from '../../lib/telemetry/collector.js';
import { clusterOf, gpu, numbers } from '../support/cluster.js';
import { naiveCheck } from '../support/naive-check.js';
import { refusal } from '../support/refusal.js';

const odd = fc.constantFrom(NaN, Infinity, -Infinity, -0, 0.5, -1, 5, 6, Number.MIN_VALUE, 1e300);
const rule = fc.record({
  minimum: fc.constantFrom(0, 1, -5, -Infinity),
  maximum: fc.constantFrom(5, Number.MAX_SAFE_INTEGER, Infinity),
  above: fc.nat({ max: 1 }),
  integer: fc.nat({ max: 1 }),
});
/** Mostly right, so that faults are met at any position, also far from the start. */
const column = fc.record({
  rule,
  fill: fc.constantFrom(1, 2, 5),
  faults: fc.array(fc.tuple(fc.nat({ max: 300 }), odd), { maxLength: 2 }),
  unknown: fc.option(fc.array(fc.nat({ max: 300 }), { maxLength: 5 }), { nil: undefined }),
});
const question = fc.record({
  length: fc.nat({ max: 300 }),
  columns: fc.array(column, { maxLength: 5 }),
  late: fc.array(fc.tuple(fc.nat({ max: 300 }), odd), { maxLength: 1 }),
  afterMs: fc.constantFrom(-Infinity, 0, 3),
  pair: fc.tuple(fc.integer({ min: -1, max: 4 }), fc.integer({ min: -1, max: 4 })),
});

function put(values: Float64Array, changes: readonly (readonly [number, number])[]) {
  for (const [position, value] of changes) if (position < values.length) values[position] = value;
  return values;
}

describe('checkColumns', () => {
  it('finds what a plain check finds', () => {
    let found = 0;
    fc.assert(
      fc.property(question, ({ length, columns, late, afterMs, pair }) => {
        const times = put(Float64Array.from(numbers(length)), late);
        const [used, total] = pair.map((place) => (place < columns.length ? place : -1));
        const what = {
          columns: columns.map(({ fill, faults, unknown }) => {
            const values = put(new Float64Array(length).fill(fill), faults);
            if (unknown === undefined) return { values };
            const known = new Uint8Array(length).fill(1);
            for (const position of unknown) {
              if (position < length) known[position] = 0;
            }
            return { values, known };
          }),
          rules: Float64Array.from(
            columns.flatMap(({ rule: { minimum, maximum, above, integer } }) => {
              return [minimum, maximum, above, integer];
            }),
          ),
          afterMs,
          used: used ?? -1,
          total: total ?? -1,
        };
        const expected = naiveCheck(times, what);
        expect(loadNative().checkColumns(times, what)).toEqual(expected);
        found += expected === undefined ? 0 : 1;
      }),
      { numRuns: 3000 },
    );
    expect(found).toBeGreaterThan(300);
  });
});

describe('recordMany', () => {
  it('stores columns, and of columns with a bad value nothing', () => {
    const powerWatts = Float64Array.from(numbers(50));
    const columns = { deviceId: 'a', timestampsMs: numbers(50), powerWatts };
    const bad = { ...columns, timestampsMs: numbers(50).map((time) => time + 50) };
    const temperatureCelsius = numbers(50).map((at) => (at === 41 ? -300 : undefined));
    for (const store of [clusterOf(gpu('a')), new TelemetryCollector()]) {
      store.recordMany(columns);
      const message = refusal('ERR_GPU_OUT_OF_RANGE', () =>
        store.recordMany({ ...bad, temperatureCelsius }),
      );
      expect(message).toContain('columns.temperatureCelsius[41]: expected');
      refusal('ERR_GPU_TIMESTAMP_ORDER', () => store.recordMany(columns));
      expect(store.getMetricsHistory('a')).toStrictEqual(
        numbers(50).map((at) => ({ deviceId: 'a', timestampMs: at, powerWatts: at })),
      );
    }
  });
});
