// The store's devices against a Map of lists, in whatever order they come and go.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSample } from '../../../lib/telemetry/recording.generated.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';
import { SampleStore } from '../../../lib/telemetry/sample-store.js';

const ids = ['a', 'b', 'c', '__proto__'];
const id = fc.constantFrom(...ids);
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ record: id, timestampMs: fc.nat({ max: 30 }) }) },
  { weight: 2, arbitrary: fc.record({ remove: id }) },
  { weight: 1, arbitrary: fc.record({ clear: fc.constant(true) }) },
);

function storeOf(maxHistory: number): SampleStore {
  return new SampleStore({ maxHistory, maxGapMs: Infinity });
}

describe('SampleStore', () => {
  it('keeps devices apart, whichever comes after which', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const store = storeOf(3);
        const model = new Map<string, GPUMetrics[]>();
        for (const given of steps) {
          if ('clear' in given) {
            store.clear();
            model.clear();
          } else if ('remove' in given) {
            expect(store.remove(given.remove)).toBe(model.delete(given.remove));
          } else {
            const sample = { deviceId: given.record, timestampMs: given.timestampMs };
            const list = model.get(given.record) ?? [];
            const record = () => store.add(readSample(sample));
            if (sample.timestampMs < (list.at(-1)?.timestampMs ?? 0)) {
              expect(record).toThrow('timestampMs: expected at least');
            } else {
              record();
              model.set(given.record, [...list, sample].slice(-3));
            }
          }
          for (const each of ids) {
            expect(store.getMetricsHistory(each)).toStrictEqual(model.get(each) ?? []);
            expect(store.columnsOf(each)?.count).toBe(model.get(each)?.length);
          }
          expect([...store.latest()]).toStrictEqual([...model.values()].map((list) => list.at(-1)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives a removed device other columns when it comes back', () => {
    const store = storeOf(3);
    store.add(readSample({ deviceId: 'a', timestampMs: 5 }));
    const columns = store.columnsOf('a');
    store.remove('a');
    store.add(readSample({ deviceId: 'a', timestampMs: 1 }));
    expect(store.columnsOf('a')).not.toBe(columns);
    expect(columns?.count).toBe(1);
  });
});
