import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ColumnError } from '../../../lib/errors.js';
import { type MetricKey, recordedOrder } from '../../../lib/telemetry/metrics.generated.js';
import { recordMany } from '../../../lib/telemetry/record-many.js';
import { readSample } from '../../../lib/telemetry/recording.generated.js';
import { SampleStore } from '../../../lib/telemetry/sample-store.js';
import { numbers, untyped } from '../../support/cluster.js';
import { naiveCheck } from '../../support/naive-check.js';
import { refusal } from '../../support/refusal.js';

const host = { load: () => ({ checkColumns: naiveCheck }) };

function storeOf(maxHistory = 100): SampleStore {
  return new SampleStore({ maxHistory, maxGapMs: Infinity });
}

function record(store: SampleStore, columns: object) {
  recordMany(store, { deviceId: 'a', ...columns }, host);
}

/** The error that says where, of columns that are refused. */
function refused(columns: object, store = storeOf()): ColumnError {
  try {
    record(store, columns);
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return untyped(error);
  }
  throw new Error('expected a refusal');
}

const fewKeys: readonly MetricKey[] = [
  'memoryUsedBytes',
  'memoryTotalBytes',
  'powerWatts',
  'performanceState',
];
const few = fc.constantFrom<unknown>(0, 1, 2, 15, 15, undefined, undefined);
const rare = fc.constantFrom<unknown>(16, 0.5, -1, NaN, Infinity, '1', null);
const value = fc.oneof({ weight: 60, arbitrary: few }, { weight: 1, arbitrary: rare });
const time = fc.oneof(
  { weight: 60, arbitrary: fc.nat({ max: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(-1, NaN, '1', undefined) },
);
const row = fc.record({ later: time, values: fc.tuple(value, value, value, value) });
const batch = fc.record({
  rows: fc.array(row, { maxLength: 20 }),
  simulated: fc.boolean(),
  typed: fc.boolean(),
});

/** Float64Array where its items are all numbers and that is wanted. */
function columnOf(items: readonly unknown[], typed: boolean): unknown {
  const isPlain = items.some((item) => typeof item !== 'number');
  return typed && !isPlain ? Float64Array.from(items, Number) : items;
}

describe('recordMany', () => {
  it('does what one recordMetrics after the other does, or tells the first that is refused', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 6 }), fc.integer({ min: 1, max: 30 }), (all, n) => {
        const [store, model] = [storeOf(n), storeOf(n)];
        let clock = 0;
        for (const { rows, simulated, typed } of all) {
          const samples = rows.map(({ later, values }) => {
            const timestampMs = typeof later === 'number' ? clock + later : later;
            if (typeof timestampMs === 'number' && timestampMs > clock) clock = timestampMs;
            const known = fewKeys.map((key, place) => [key, values[place]]);
            return { deviceId: 'a', timestampMs, simulated, ...Object.fromEntries(known) };
          });
          const columns = {
            timestampsMs: columnOf(
              samples.map(({ timestampMs }) => timestampMs),
              typed,
            ),
            simulated,
            ...Object.fromEntries(
              fewKeys.map((key) => [
                key,
                columnOf(
                  samples.map((each) => each[key]),
                  typed,
                ),
              ]),
            ),
          };
          const before = store.getMetricsHistory('a');
          const trial = storeOf(n);
          for (const sample of model.getMetricsHistory('a')) trial.add(readSample(sample));
          const bad = samples.findIndex((sample) => !isTaken(trial, sample));
          if (bad < 0) {
            record(store, columns);
            for (const sample of samples) model.add(readSample(sample));
          } else {
            expect(refused(columns, store).position).toBe(bad);
            expect(store.getMetricsHistory('a')).toStrictEqual(before);
          }
          expect(store.getMetricsHistory('a')).toStrictEqual(model.getMetricsHistory('a'));
        }
      }),
      { numRuns: 400 },
    );
  });

  it.each<[string, object, Partial<ColumnError> & { readonly message: string }]>([
    [
      'a value out of range',
      { timestampsMs: [1, 2, 3], powerWatts: [1, 2, -3] },
      {
        code: 'ERR_GPU_OUT_OF_RANGE',
        position: 2,
        metric: 'powerWatts',
        message:
          'columns.powerWatts[2]: expected a finite number of at least 0 and ' +
          'of at most 9007199254740991, got -3',
      },
    ],
    [
      'NaN',
      { timestampsMs: [1, 2], performanceState: Float64Array.of(0, NaN) },
      {
        code: 'ERR_GPU_OUT_OF_RANGE',
        position: 1,
        metric: 'performanceState',
        message:
          'columns.performanceState[1]: expected an integer of at least 0 and of at most 15, ' +
          'got NaN',
      },
    ],
    [
      'a time before the one before it',
      { timestampsMs: [5, 6, 4] },
      {
        code: 'ERR_GPU_TIMESTAMP_ORDER',
        position: 2,
        metric: 'timestampsMs',
        message: 'columns.timestampsMs[2]: expected at least 6, the one before it, got 4',
      },
    ],
    [
      'a time that is none',
      { timestampsMs: [1, undefined], powerWatts: [1, -1] },
      {
        code: 'ERR_GPU_INVALID_TYPE',
        position: 1,
        metric: 'timestampsMs',
        message: 'columns.timestampsMs[1]: expected a number, got undefined',
      },
    ],
    [
      'a value that is no number, before a later one out of range',
      { timestampsMs: [1, 2, 3], computeUtilizationPercent: [0, 0, 101], powerWatts: [1, '2', 3] },
      {
        code: 'ERR_GPU_INVALID_TYPE',
        position: 1,
        metric: 'powerWatts',
        message: 'columns.powerWatts[1]: expected a number or undefined, got "2"',
      },
    ],
    [
      'more memory used than there is',
      { timestampsMs: [1, 2], memoryUsedBytes: [5, 6], memoryTotalBytes: [undefined, 5] },
      {
        code: 'ERR_GPU_OUT_OF_RANGE',
        position: 1,
        metric: 'memoryUsedBytes',
        message: 'columns.memoryUsedBytes[1]: expected at most memoryTotalBytes (5), got 6',
      },
    ],
  ])('says where and why: %s', (_, columns, { message, ...where }) => {
    const error = refused(columns);
    expect(error).toMatchObject(where);
    expect(error.message).toBe(message);
    const isType = where.code === 'ERR_GPU_INVALID_TYPE';
    expect(error).toBeInstanceOf(isType ? TypeError : RangeError);
  });

  it("refuses a first time before the device's latest", () => {
    const store = storeOf();
    record(store, { timestampsMs: [5, 5] });
    record(store, { timestampsMs: [5] });
    const error = refused({ timestampsMs: [4, 6] }, store);
    expect(error.message).toBe(
      "columns.timestampsMs[0]: expected at least 5, the device's latest, got 4",
    );
    expect(store.getMetricsHistory('a')).toHaveLength(3);
  });

  it('keeps the newest of more than there is room for, and nothing of none', () => {
    const store = storeOf(10);
    record(store, { timestampsMs: [] });
    expect(store.columnsOf('a')).toBeUndefined();
    record(store, { timestampsMs: numbers(25), powerWatts: Float64Array.from(numbers(25)) });
    expect(store.getMetricsHistory('a').map(({ powerWatts }) => powerWatts)).toEqual(
      numbers(25).slice(15),
    );
  });

  it('keeps a copy, and of a metric that nobody knows no column', () => {
    const store = storeOf();
    const powerWatts = Float64Array.of(1, 2);
    const energyJoules = new Array<number>(2);
    record(store, { timestampsMs: [1, 2], powerWatts, energyJoules, mood: ['good'] });
    powerWatts.fill(9);
    expect(store.getMetrics('a')).toStrictEqual({ deviceId: 'a', timestampMs: 2, powerWatts: 2 });
    const { byteOffset } = store.columnsOf('a')?.column('energyJoules').values ?? powerWatts;
    expect(store.columnsOf('a')?.column('clockRateMhz').values.byteOffset).toBe(byteOffset);
  });

  it('looks at no more than what a typed array really holds', () => {
    class Boastful extends Float64Array {
      override get length(): number {
        return 5;
      }
    }
    const store = storeOf();
    record(store, { timestampsMs: [1, 2], powerWatts: new Boastful([3, 4]) });
    expect(store.getMetrics('a')?.powerWatts).toBe(4);
    const short = storeOf(3);
    const later = new Boastful([1, 2, 3, 4, 5, 6]).subarray(1);
    record(short, { timestampsMs: later, powerWatts: later });
    record(short, { timestampsMs: new Boastful([7, 8]), powerWatts: new Boastful([7, 8]) });
    expect(short.getMetricsHistory('a').map(({ powerWatts }) => powerWatts)).toEqual([6, 7, 8]);
  });

  it('stores what it checked, whatever another thread writes meanwhile', () => {
    const store = storeOf();
    const powerWatts = new Float64Array(new SharedArrayBuffer(16));
    const checkColumns = () => {
      powerWatts.fill(-1);
      return undefined;
    };
    const columns = { deviceId: 'a', timestampsMs: [3, 4], powerWatts };
    recordMany(store, columns, { load: () => ({ checkColumns }) });
    expect(store.getMetrics('a')?.powerWatts).toBe(0);
  });

  it('refuses what are no columns, and lengths that differ', () => {
    const store = storeOf();
    const type = (columns: unknown) =>
      refusal('ERR_GPU_INVALID_TYPE', () => recordMany(store, columns, host));
    for (const columns of [undefined, null, 5, [], () => 0, {}]) type(columns);
    const good = { deviceId: 'a', timestampsMs: [1] };
    for (const column of [
      null,
      5,
      '1',
      {},
      new Set([1]),
      new Float32Array(1),
      new DataView(new ArrayBuffer(8)),
    ]) {
      type({ ...good, powerWatts: column });
      type({ ...good, timestampsMs: column });
    }
    type({ ...good, simulated: 1 });
    type({ ...good, deviceId: 5 });
    const length = refusal('ERR_GPU_OUT_OF_RANGE', () =>
      recordMany(store, { ...good, powerWatts: [1, 2] }, host),
    );
    expect(length).toBe('columns.powerWatts.length: expected 1, as many as timestampsMs, got 2');
    refusal('ERR_GPU_OUT_OF_RANGE', () => recordMany(store, { ...good, deviceId: '' }, host));
    refusal('ERR_GPU_OUT_OF_RANGE', () =>
      recordMany(store, { ...good, powerWatts: new Array(2 ** 32 - 1) }, host),
    );
    expect(store.columnsOf('a')).toBeUndefined();
  });

  it('is not deceived by items that take the memory of another column away', () => {
    const store = storeOf();
    const powerWatts = Float64Array.of(1, 2);
    const thief = new Proxy([1, 2], {
      get: (target, key, receiver) => {
        structuredClone(powerWatts.buffer, { transfer: [powerWatts.buffer] });
        return Reflect.get(target, key, receiver);
      },
    });
    const columns = { timestampsMs: [1, 2], computeUtilizationPercent: [1, 2], powerWatts };
    const message = refused({ ...columns, energyJoules: thief }, store).message;
    expect(message).toBe('columns.powerWatts.length: expected 2, as many as timestampsMs, got 0');
  });

  it('reads each property once, in the order of checks', () => {
    const reads: string[] = [];
    const columns = new Proxy(
      { deviceId: 'a', timestampsMs: [1], powerWatts: [1] },
      {
        get: (target, key, receiver) => {
          reads.push(String(key));
          return Reflect.get(target, key, receiver);
        },
      },
    );
    recordMany(storeOf(), columns, host);
    expect(reads).toEqual(['deviceId', 'timestampsMs', 'simulated', ...recordedOrder]);
  });
});

function isTaken(store: SampleStore, sample: object): boolean {
  try {
    store.add(readSample(sample));
    return true;
  } catch {
    return false;
  }
}
