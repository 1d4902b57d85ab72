// The ring of columns against the plainest thing that can be right: a list of samples.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NativeColumn } from '../../../lib/native-aggregation.js';
import {
  type MetricKey,
  type MetricValues,
  metricTable,
} from '../../../lib/telemetry/metrics.generated.js';
import { reading, readSample } from '../../../lib/telemetry/recording.generated.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';
import { SampleColumns } from '../../../lib/telemetry/sample-columns.js';

const keys: readonly MetricKey[] = metricTable.map(({ key }) => key);
const fewKeys: readonly MetricKey[] = ['powerWatts', 'temperatureCelsius', 'performanceState'];

const values = fc.record(
  {
    powerWatts: fc.double({ min: 0, max: 700, noNaN: true }),
    temperatureCelsius: fc.integer({ min: -20, max: 110 }),
    performanceState: fc.nat({ max: 15 }),
    simulated: fc.constant(true as const),
  },
  { requiredKeys: [] },
);
const oneSample = fc.record({ later: fc.nat({ max: 3 }), values });
const step = fc.oneof(
  oneSample.map((sample) => ({ one: [sample], simulated: false })),
  fc.record({
    many: fc.array(oneSample, { maxLength: 40 }),
    simulated: fc.boolean(),
    unknown: fc.subarray([...fewKeys]),
  }),
);

function add(columns: SampleColumns, sample: GPUMetrics) {
  expect(readSample(sample)).toBeUndefined();
  columns.add(reading);
}

function addMany(columns: SampleColumns, samples: readonly GPUMetrics[], simulated: boolean) {
  const known = fewKeys.filter((key) => samples.some((sample) => sample[key] !== undefined));
  if (samples.length === 0) return;
  columns.addMany({
    length: samples.length,
    times: Float64Array.from(samples, ({ timestampMs }) => timestampMs),
    values: new Map(
      known.map((key) => [key, Float64Array.from(samples, (sample) => sample[key] ?? NaN)]),
    ),
    simulated,
  });
}

function unwound({ times, values: column, oldest, count }: NativeColumn) {
  expect(times.length).toBe(column.length);
  return Array.from({ length: count }, (_, index) => {
    const at = (oldest + index) % column.length;
    return [times[at], column[at]];
  });
}

function expectLike(columns: SampleColumns, model: readonly GPUMetrics[]) {
  expect(columns.history()).toStrictEqual(model);
  expect(columns.latest()).toStrictEqual(model.at(-1));
  expect(columns.latestMs).toBe(model.at(-1)?.timestampMs ?? -Infinity);
  expect(columns.count).toBe(model.length);
  expect(columns.simulated).toBe(model.some(({ simulated }) => simulated));
  for (const key of keys) {
    const wanted = model.map((sample) => [sample.timestampMs, sample[key] ?? NaN]);
    expect(unwound(columns.column(key)), key).toEqual(wanted);
  }
}

describe('SampleColumns', () => {
  it('is a list of the newest samples, however they come', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(step, { maxLength: 30 }),
        (n, steps) => {
          const columns = new SampleColumns('a', n);
          let model: GPUMetrics[] = [];
          let timestampMs = 0;
          for (const { simulated, ...given } of steps) {
            const many = 'many' in given;
            const unknown: readonly string[] = many ? given.unknown : [];
            const samples = (many ? given.many : given.one).map((sample) => {
              timestampMs += sample.later;
              const { simulated: itself, ...rest } = sample.values;
              const all = Object.entries(rest).filter(([key]) => !unknown.includes(key));
              const known: MetricValues = Object.fromEntries(all);
              const mark = (many ? simulated : itself) && { simulated: true as const };
              return { deviceId: 'a', timestampMs, ...known, ...mark };
            });
            const { version } = columns;
            if (many) addMany(columns, samples, simulated);
            else for (const sample of samples) add(columns, sample);
            expect(columns.version).toBe(version + (samples.length > 0 ? 1 : 0));
            model = [...model, ...samples].slice(-n);
            expectLike(columns, model);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('makes the latest sample once, frozen', () => {
    const columns = new SampleColumns('a', 3);
    expect(columns.latest()).toBeUndefined();
    add(columns, { deviceId: 'a', timestampMs: 1, powerWatts: -0 });
    expect(columns.latest()).toBe(columns.latest());
    expect(columns.latest()?.powerWatts).toBe(-0);
    expect(columns.history().every(Object.isFrozen)).toBe(true);
  });

  it('reserves no memory for what was not recorded', () => {
    const columns = new SampleColumns('a', Number.MAX_SAFE_INTEGER);
    add(columns, { deviceId: 'a', timestampMs: 1, powerWatts: 5 });
    expect(columns.column('powerWatts').values.length).toBeLessThan(100);
    const { values: unknown } = columns.column('energyJoules');
    expect(unknown.buffer.byteLength).toBeLessThan(1000);
    expect(columns.column('clockRateMhz').values.byteOffset).toBe(unknown.byteOffset);
  });
});
