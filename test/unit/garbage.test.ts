// Whatever comes in: a public call succeeds or throws an error with one of the public codes, and
// what is stored stays sound.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { summarize } from '../../lib/aggregation/summarize.js';
import { WorkloadDistributor } from '../../lib/distribution/distributor.js';
import { GPUClusteringManager } from '../../lib/manager.js';
import { DeviceSelector } from '../../lib/selection/selector.js';
import { TelemetryCollector } from '../../lib/telemetry/collector.js';
import { metricTable } from '../../lib/telemetry/metrics.generated.js';
import { recordMany } from '../../lib/telemetry/record-many.js';
import { SampleStore } from '../../lib/telemetry/sample-store.js';
import { clusterOf, gpu, sample, untyped } from '../support/cluster.js';
import { FakeBlock, FakeNative, FakeSession } from '../support/fake-native.js';
import { liveWindows } from '../support/live-windows.js';
import { naiveCheck } from '../support/naive-check.js';
import { isOrderly } from '../support/refusal.js';

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
}

function hostile(target: object): object {
  const refuse = () => {
    throw new Error('hostile');
  };
  return new Proxy(target, { get: refuse, ownKeys: refuse, has: refuse, getPrototypeOf: refuse });
}

// Handed out by functions, so that no reporter looks into them.
const oddities: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => NaN,
  () => -0,
  () => Infinity,
  () => 1n,
  () => Symbol('odd'),
  () => () => 0,
  () => new Array(5),
  () => new Array(2 ** 32 - 1),
  () => new Map([['a', NaN]]),
  () => new Map<unknown, unknown>([[{}, 1]]),
  () => new Proxy(new Map([['a', 1]]), {}),
  () => new Set(['a']),
  () => Object.create(null),
  () => JSON.parse('{"__proto__": 1, "constructor": {"prototype": 1}}'),
  () => new Date(NaN),
  () => new Proxy({}, {}),
  revoked,
  () => hostile({}),
  () => hostile([1]),
  () => new Number(5),
  () => ({ [Symbol.toPrimitive]: () => 5, valueOf: () => 5 }),
];

const odd = fc.nat({ max: oddities.length - 1 }).map((place) => oddities[place]);
const plain = fc.oneof(
  fc.constantFrom('a', 'b', '', '__proto__', 'capacity', 'uniform', 'score'),
  fc.double(),
  fc.integer({ min: -2, max: 200 }),
  fc.anything(),
);
/** A thunk, because the value itself may be a proxy that no tool can look at. */
const anything = fc.oneof(
  odd,
  plain.map((value) => () => value),
);
const keys = [
  ...metricTable.map(({ key }) => key),
  ...['deviceId', 'timestampMs', 'simulated', 'ageMs', 'name', 'vendor', 'memoryBytes', 'index'],
  ...['windowMs', 'from', 'to', 'last', 'percentiles', 'percentileMethod', 'ewmaMs', 'per'],
  ...['devices', 'weighting', 'metric', 'points', 'into'],
  ...['computeUnits', 'device', 'metrics', 'maxPerDevice', 'strategy', 'capacities', 'maxAgeMs'],
  ...[
    'minMemoryBytes',
    'policy',
    'unknown',
    'timestampsMs',
    'maxGapMs',
    'maxHistory',
    'length',
    'a',
    'b',
    '__proto__',
  ],
];
const record = fc
  .tuple(
    fc.constantFrom<object>(
      {},
      gpu('a'),
      sample('a'),
      { device: gpu('a'), metrics: sample('a') },
      { metrics: ['powerWatts'], windowMs: 5, percentiles: [50] },
      { deviceId: 'GPU-0', metric: 'powerWatts', points: 3, last: 7 },
      { deviceId: 'a', timestampsMs: [5, 6], powerWatts: Float64Array.of(1, 2) },
    ),
    fc.array(fc.tuple(fc.constantFrom(...keys), anything, fc.boolean()), { maxLength: 3 }),
  )
  .map(([base, changes]) => () => {
    const value: object = { ...base };
    for (const [key, make, throws] of changes) {
      const get = () => {
        if (throws) throw new Error('from a getter');
        return make?.();
      };
      Object.defineProperty(value, key, { get, enumerable: true, configurable: true });
    }
    return value;
  });
const argument = fc.oneof(
  anything,
  record,
  fc
    .array(fc.oneof(anything, record), { maxLength: 4 })
    .map((list) => () => list.map((make) => make?.())),
);

type Call = (manager: GPUClusteringManager, given: readonly [unknown, unknown, unknown]) => unknown;
const distributor = new WorkloadDistributor();
const collector = new TelemetryCollector({ maxHistory: 3 });

const native = new FakeNative(new FakeSession({ block: new FakeBlock() }));
const windows = liveWindows().manager;
const store = new SampleStore({ maxHistory: 3, maxGapMs: Infinity });
const host = { load: () => ({ checkColumns: naiveCheck }) };

const calls: Readonly<Record<string, Call>> = {
  'new GPUClusteringManager': (_, [a]) => new GPUClusteringManager(untyped(a)),
  registerDevice: (manager, [a]) => manager.registerDevice(untyped(a)),
  unregisterDevice: (manager, [a]) => manager.unregisterDevice(untyped(a)),
  getDevice: (manager, [a]) => manager.getDevice(untyped(a)),
  recordMetrics: (manager, [a]) => manager.recordMetrics(untyped(a)),
  getMetrics: (manager, [a]) => manager.getMetrics(untyped(a)),
  getMetricsHistory: (manager, [a]) => manager.getMetricsHistory(untyped(a)),
  rankDevices: (manager, [a]) => manager.rankDevices(untyped(a)),
  selectBestDevice: (manager, [a]) => manager.selectBestDevice(untyped(a)),
  explainSelection: (manager, [a]) => manager.explainSelection(untyped(a)),
  distributeWorkload: (manager, [a, b]) => manager.distributeWorkload(untyped(a), untyped(b)),
  'new TelemetryCollector': (_, [a]) => new TelemetryCollector(untyped(a)),
  'TelemetryCollector.recordMetrics': (_, [a]) => collector.recordMetrics(untyped(a)),
  recordMany: (_, [a]) => recordMany(store, untyped(a), host),
  aggregate: (_, [a]) => windows.aggregate(untyped(a)),
  series: (_, [a]) => windows.series(untyped(a)),
  watchWindow: (_, [a]) => windows.watchWindow(untyped(a)),
  summarize: (_, [a, b]) => summarize(untyped(a), untyped(b), native),
  'TelemetryCollector.getMetrics': (_, [a]) => collector.getMetrics(untyped(a)),
  'TelemetryCollector.removeDevice': (_, [a]) => collector.removeDevice(untyped(a)),
  'new DeviceSelector': (_, [a, b]) => new DeviceSelector(untyped(a)).rankDevices(untyped(b)),
  distributeUniform: (_, [a, b, c]) =>
    distributor.distributeUniform(untyped(a), untyped(b), untyped(c)),
  distributeByCapacity: (_, [a, b, c]) =>
    distributor.distributeByCapacity(untyped(a), untyped(b), untyped(c)),
};

function expectFinite(values: object) {
  for (const [key, value] of Object.entries(values)) {
    if (typeof value === 'number') expect(value, key).toSatisfy(Number.isFinite);
  }
}

function expectSound(manager: GPUClusteringManager) {
  for (const device of manager.listDevices()) {
    expect(typeof device.deviceId === 'string' && device.deviceId !== '').toBe(true);
    expectFinite(device);
    const history = manager.getMetricsHistory(device.deviceId);
    for (const [place, metrics] of history.entries()) {
      expect(metrics.deviceId).toBe(device.deviceId);
      expect(metrics.timestampMs).toBeGreaterThanOrEqual(
        history[place - 1]?.timestampMs ?? -Infinity,
      );
      expectFinite(metrics);
    }
  }
  for (const { score } of manager.rankDevices()) {
    expect(score >= 0 && score <= 1).toBe(true);
  }
  expectFinite(manager.getAggregatedMetrics() ?? {});
  for (const metrics of store.latest()) expectFinite(metrics);
  const { assignments, unassigned } = manager.distributeWorkload([1, 2, 3]);
  expect([...assignments.values()].flat().concat(unassigned)).toEqual([1, 2, 3]);
}

describe.each(Object.entries(calls))('%s, given anything', (_, call) => {
  it('succeeds or throws an error with a public code, and leaves the cluster sound', () => {
    const manager = clusterOf(gpu('a'), gpu('b', { computeUnits: 2 }));
    manager.recordMetrics(sample('a'));
    fc.assert(
      fc.property(argument, argument, argument, (a, b, c) => {
        expect(isOrderly(() => call(manager, [a?.(), b?.(), c?.()]))).toBe(true);
        expectSound(manager);
      }),
      { numRuns: 300 },
    );
  });
});
