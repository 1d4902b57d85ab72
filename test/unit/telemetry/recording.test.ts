// The generated reader against the exact checker that it stands in for.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metricTable, recordedOrder } from '../../../lib/telemetry/metrics.generated.js';
import { limits, rules } from '../../../lib/telemetry/recorded-rules.js';
import { reading, readSample } from '../../../lib/telemetry/recording.generated.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';
import { checkMetrics } from '../../../lib/telemetry/validation.js';
import { clusterOf, gpu, sample, untyped } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

const keys = metricTable.map(({ key }) => key);
const edges = [...rules.values()].flatMap(({ minimum = 0, above = 0, maximum = 0 }) => {
  return [minimum, above, maximum].flatMap((edge) => [edge, edge - 1e-9, edge + 1e-9, edge + 1]);
});
const value = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...edges, 2 ** 53, -0, Number.MIN_VALUE) },
  { weight: 3, arbitrary: fc.double() },
  fc.constantFrom<unknown>(NaN, Infinity, -Infinity, null, '1', 1n, true, {}, [], undefined),
);
const good = fc.record(
  {
    deviceId: fc.constant('a'),
    timestampMs: fc.double({ noNaN: true, noDefaultInfinity: true }),
    simulated: fc.boolean(),
    ...Object.fromEntries(keys.map((key) => [key, fc.constantFrom(1, 2, 15, undefined)])),
  },
  { requiredKeys: ['deviceId', 'timestampMs'] },
);
const oddity = fc.oneof(
  fc.tuple(fc.constantFrom(...keys), value),
  fc.tuple(fc.constant('deviceId'), fc.constantFrom<unknown>('', 5, undefined)),
  fc.tuple(fc.constant('timestampMs'), fc.constantFrom<unknown>(NaN, Infinity, '1', undefined)),
  fc.tuple(fc.constant('simulated'), fc.constantFrom<unknown>(undefined, 1, null)),
);
/** Right but for few properties, so that each rule is the only one that is broken at times. */
const given = fc.tuple(good, fc.array(oddity, { maxLength: 2 })).map(([base, odd]) => {
  return { ...base, ...Object.fromEntries(odd) };
});

function keyed(): GPUMetrics {
  const known = keys.flatMap((key, index) => {
    const at = reading.values[index] ?? NaN;
    expect((reading.known & (1 << index)) !== 0).toBe(!Number.isNaN(at));
    return Number.isNaN(at) ? [] : [[key, at]];
  });
  const { deviceId, timestampMs } = reading;
  const mark = reading.simulated && { simulated: true as const };
  return { deviceId, timestampMs, ...Object.fromEntries(known), ...mark };
}

function expectAgreement(source: object) {
  const unchecked = readSample(source);
  if (unchecked !== undefined) {
    expect(() => checkMetrics(unchecked)).toThrow(/^metrics\.\w+: expected/);
    return;
  }
  const read = (key: string): unknown => Reflect.get(source, key);
  const values = recordedOrder.map(read);
  const [deviceId, timestampMs, simulated] = ['deviceId', 'timestampMs', 'simulated'].map(read);
  expect(keyed()).toStrictEqual(checkMetrics({ deviceId, timestampMs, simulated, values }));
}

describe('readSample', () => {
  it('takes what the checker takes, and nothing else', () => {
    fc.assert(fc.property(given, expectAgreement), { numRuns: 3000 });
  });

  it.each(keys)('agrees with the checker at every edge: %s', (key) => {
    for (const edge of [...edges, 0.5, -0, NaN, Infinity, -Infinity, Number.MIN_VALUE]) {
      expectAgreement({ deviceId: 'a', timestampMs: 1, [key]: edge });
    }
  });

  it.each([[{}], [{ powerWatts: -1 }], [{ simulated: 5 }]])('reads each key once: %o', (more) => {
    const reads: string[] = [];
    const source = new Proxy(
      { ...sample('a'), ...more },
      {
        get: (target, key, receiver) => {
          reads.push(String(key));
          return Reflect.get(target, key, receiver);
        },
      },
    );
    const manager = clusterOf(gpu('a'));
    try {
      manager.recordMetrics(untyped(source));
    } catch {
      // What is wrong is another test's question.
    }
    expect(reads).toEqual(['deviceId', 'timestampMs', 'simulated', ...recordedOrder]);
  });

  it('names the property whose getter throws', () => {
    const manager = clusterOf(gpu('a'));
    for (const key of ['deviceId', 'timestampMs', 'simulated', ...recordedOrder]) {
      const get = () => {
        throw new Error('no');
      };
      const source = Object.defineProperty({ ...sample('a') }, key, { get });
      const message = refusal('ERR_GPU_INVALID_TYPE', () => manager.recordMetrics(source));
      expect(message).toBe(`metrics.${key}: expected a readable value, but reading threw`);
    }
    expect(manager.getMetrics('a')).toBeUndefined();
  });

  it('is not confused by a getter that records', () => {
    const manager = clusterOf(gpu('a'), gpu('b'));
    const outer = {
      ...sample('a', { computeUtilizationPercent: 7 }),
      get powerWatts() {
        manager.recordMetrics(sample('b', { powerWatts: 1, energyJoules: 2, simulated: true }));
        return 5;
      },
    };
    manager.recordMetrics(outer);
    const known = sample('a', { computeUtilizationPercent: 7, powerWatts: 5 });
    expect(manager.getMetrics('a')).toStrictEqual(known);
    expect(manager.getMetrics('b')?.energyJoules).toBe(2);
  });

  it('has a limit for each metric', () => {
    expect(limits).toHaveLength(2 * keys.length);
    expect(limits.every((limit) => !Number.isNaN(limit))).toBe(true);
    // What the limits leave out, the reader has to know by the metric's kind.
    const whole = [...rules].filter(([, { integer }]) => integer).map(([key]) => key);
    const kinds = metricTable.filter(({ kind }) => kind === 'state' || kind === 'flags');
    expect(whole).toEqual(kinds.map(({ key }) => key));
    expect([...rules.values()].every(({ above }) => above === undefined || above === 0)).toBe(true);
  });
});
