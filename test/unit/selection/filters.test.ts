import { describe, expect, it } from 'vitest';
import { Decision } from '../../../lib/selection/decision.js';
import type { Outlook, RejectionCode } from '../../../lib/selection/filters/filter.js';
import { Random } from '../../../lib/selection/random.js';
import type { SelectionRequest } from '../../../lib/selection/request.js';
import type { DeviceHealth } from '../../../lib/telemetry/health-state.js';
import { type PipelineSetup, pipeline, type ViewChanges, view } from '../../support/views.js';

function codeOf(
  changes: ViewChanges,
  request: SelectionRequest = {},
  setup: PipelineSetup = {},
): RejectionCode | undefined {
  const [explained] = pipeline(request, { policy: 'least-loaded', ...setup }).explain({
    views: [view('a', changes)],
    nowMs: 1000,
  });
  return explained?.status === 'rejected' ? (explained.code as RejectionCode) : undefined;
}

type Case = readonly [RejectionCode | undefined, ViewChanges, SelectionRequest];

function check(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    it.each(cases)('%s: %o under %o', (code, changes, request) => {
      expect(codeOf(changes, request)).toBe(code);
    });
  });
}

check('what a device is', [
  ['mig-parent', { about: { migEnabled: true } }, {}],
  [undefined, {}, { deviceIds: ['b', 'a'] }],
  ['not-listed', {}, { deviceIds: ['b'] }],
  ['not-listed', {}, { deviceIds: [] }],
  ['excluded', {}, { excludeDeviceIds: ['a'] }],
  [undefined, {}, { excludeDeviceIds: ['b'] }],
  [undefined, { about: { name: 'NVIDIA H100' } }, { names: ['A100', 'h100'] }],
  [undefined, { about: { name: 'NVIDIA H100' } }, { names: [/H\d+$/] }],
  ['name-mismatch', { about: { name: 'NVIDIA H100' } }, { names: ['A100', /^H/] }],
  [undefined, { about: { labels: { a: '1', b: '2' } } }, { labels: { b: '2' } }],
  ['label-mismatch', { about: { labels: { b: '1' } } }, { labels: { b: '2' } }],
  ['label-mismatch', {}, { labels: { toString: 'x' } }],
  ['mig-instance', { about: { parentDeviceId: 'p' } }, { mig: false }],
  [undefined, { about: { parentDeviceId: 'p' } }, { mig: true }],
  [undefined, { about: { parentDeviceId: 'p' } }, {}],
  ['not-mig-instance', {}, { mig: true }],
  [undefined, { about: { computeCapability: '10.0' } }, { minComputeCapability: '9.0' }],
  [undefined, { about: { computeCapability: '9.10' } }, { minComputeCapability: '9.2' }],
  [
    'compute-capability-too-low',
    { about: { computeCapability: '8.9' } },
    { minComputeCapability: '9.0' },
  ],
  ['compute-capability-unknown', {}, { minComputeCapability: '9.0' }],
  [
    'compute-capability-unknown',
    { about: { computeCapability: 'x' } },
    { minComputeCapability: '9.0' },
  ],
  [undefined, {}, { minComputeCapability: '9.0', unknown: 'allow' }],
  [undefined, {}, { minMemoryTotalBytes: 24e9 }],
  ['memory-total-too-small', {}, { minMemoryTotalBytes: 24e9 + 1 }],
  [undefined, { about: { memoryBytes: 0, memoryUnknown: true } }, { minMemoryTotalBytes: 24e9 }],
  [
    'memory-total-unknown',
    { about: { memoryBytes: 0, memoryUnknown: true }, sampled: null },
    { minMemoryTotalBytes: 1 },
  ],
  [undefined, { about: { numaNode: 0 } }, { numaNode: 0 }],
  ['numa-mismatch', { about: { numaNode: 1 } }, { numaNode: 0 }],
  ['numa-unknown', {}, { numaNode: 0 }],
  [undefined, {}, { numaNode: 0, unknown: 'allow' }],
]);

const ill: DeviceHealth = { state: 'hung', reason: 'hung', message: 'no answer', sinceMs: 0 };
const meek: DeviceHealth = { state: 'degraded', reason: 'suspect', message: 'odd', sinceMs: 0 };
const well: DeviceHealth = { state: 'ok', sinceMs: 0 };

check('how it stands', [
  ['unavailable', { failure: () => 'ERR_GPU_DEVICE_ASLEEP' }, { staleness: 'allow' }],
  [undefined, { failure: () => 'ERR_GPU_TRY_AGAIN' }, {}],
  ['unhealthy', { health: ill }, { staleness: 'ledger-only' }],
  ['unhealthy', { parentHealth: ill }, {}],
  [undefined, { health: meek }, {}],
  ['degraded', { health: meek }, { worstHealth: 'ok' }],
  ['degraded', { health: well, parentHealth: meek }, { worstHealth: 'ok' }],
  [undefined, { health: well }, { worstHealth: 'ok' }],
  ['health-unknown', {}, { worstHealth: 'ok' }],
  [undefined, {}, { worstHealth: 'ok', unknown: 'allow' }],
]);

describe('leases', () => {
  const leases = { newLeases: 'pause', runningLeases: 'keep' } as const;
  const paused: DeviceHealth = { ...meek, leases: { ...leases, scope: 'device' } };
  const apart: DeviceHealth = { ...meek, leases: { ...leases, scope: 'links' } };

  it('are barred where health bars new ones, of several devices where links are meant', () => {
    const one = { forLease: true };
    const two = { forLease: true, count: 2 };
    expect(codeOf({ health: paused })).toBeUndefined();
    expect(codeOf({ health: paused }, {}, one)).toBe('no-new-leases');
    expect(codeOf({ parentHealth: paused }, {}, one)).toBe('no-new-leases');
    expect(codeOf({ health: apart }, {}, one)).toBeUndefined();
    expect(codeOf({ health: apart }, {}, two)).toBe('no-new-leases');
    expect(codeOf({ health: meek }, {}, two)).toBeUndefined();
  });

  it('of several devices take no MIG instance, unless asked to', () => {
    const instance = { about: { parentDeviceId: 'p' } };
    expect(codeOf(instance, {}, { count: 2 })).toBe('mig-instance');
    expect(codeOf(instance, { mig: true }, { count: 2 })).toBeUndefined();
  });
});

const old = { sampled: { timestampMs: 400, memoryUsedBytes: 20e9 } };
const mute = { freeMemoryBytes: undefined };

check('what its sensors say', [
  ['sensor-frozen', { sensor: 'frozen' }, {}],
  ['sensor-implausible', { sensor: 'implausible' }, {}],
  [undefined, { sensor: 'frozen' }, { sensors: 'trust' }],
  ['no-metrics', { sampled: null }, {}],
  [undefined, { sampled: null }, { staleness: 'allow' }],
  [undefined, { sampled: null }, { staleness: 'ledger-only' }],
  ['too-old', old, { maxAgeMs: 599 }],
  [undefined, old, { maxAgeMs: 600 }],
  [undefined, old, { maxAgeMs: 100, staleness: 'allow' }],
  [undefined, old, { maxAgeMs: 100, staleness: 'ledger-only' }],
  [undefined, { sampled: { memoryUsedBytes: 20e9 } }, { minMemoryBytes: 4e9 }],
  ['not-enough-memory', { sampled: { memoryUsedBytes: 20e9 } }, { minMemoryBytes: 4e9 + 1 }],
  ['memory-unknown', mute, { minMemoryBytes: 1 }],
  [undefined, mute, { minMemoryBytes: 1, unknown: 'allow' }],
  ['not-enough-memory', mute, { minMemoryBytes: 25e9, unknown: 'allow' }],
  ['not-enough-memory', { ...mute, leasedBytes: 20e9 }, { minMemoryBytes: 5e9, unknown: 'allow' }],
  [undefined, { sampled: { computeUtilizationPercent: 50 } }, { maxUtilizationPercent: 50 }],
  ['too-utilized', { sampled: { computeUtilizationPercent: 51 } }, { maxUtilizationPercent: 50 }],
  ['utilization-unknown', { sampled: null }, { maxUtilizationPercent: 50, staleness: 'allow' }],
  [undefined, { slowdownMarginCelsius: 10 }, { temperatureMarginCelsius: 10 }],
  ['too-hot', { slowdownMarginCelsius: 9 }, { temperatureMarginCelsius: 10 }],
  ['temperature-margin-unknown', {}, { temperatureMarginCelsius: 10 }],
  [undefined, {}, { temperatureMarginCelsius: 10, unknown: 'allow' }],
]);

const stale = { maxAgeMs: 100, staleness: 'ledger-only' } as const;

check('ledger-only, with an old sample', [
  [undefined, old, { ...stale, minMemoryBytes: 4e9 }],
  ['not-enough-memory', old, { ...stale, minMemoryBytes: 4e9 + 1 }],
  [undefined, { sampled: null }, { ...stale, minMemoryBytes: 24e9 }],
  ['not-enough-memory', { sampled: null, leasedBytes: 1 }, { ...stale, minMemoryBytes: 24e9 }],
  [
    undefined,
    { sampled: { ...old.sampled, computeUtilizationPercent: 99 } },
    { ...stale, maxUtilizationPercent: 1 },
  ],
  [undefined, { ...old, slowdownMarginCelsius: 1 }, { ...stale, temperatureMarginCelsius: 10 }],
  ['sensor-frozen', { ...old, sensor: 'frozen' }, stale],
  [
    'memory-unknown',
    { sampled: null, about: { memoryBytes: 0, memoryUnknown: true } },
    { ...stale, minMemoryBytes: 1 },
  ],
]);

check('what is held on it', [
  [undefined, { inFlight: 1 }, { maxInFlight: 2 }],
  ['max-in-flight', { inFlight: 1.5 }, { maxInFlight: 2 }],
  ['max-in-flight', {}, { maxInFlight: 1, weight: 1.01 }],
  ['filter:mine', {}, { filters: [{ name: 'mine', reject: () => 'no' }] }],
  ['filter:mine', {}, { filters: [{ name: 'mine', reject: () => '' }] }],
  [undefined, {}, { filters: [{ name: 'mine', reject: () => undefined }] }],
]);

describe('a reason', () => {
  const reasonOf = (changes: ViewChanges, request: SelectionRequest) =>
    pipeline(request).explain({ views: [view('a', changes)], nowMs: 1000 })[0];

  it.each<readonly [string, ViewChanges, SelectionRequest]>([
    [
      'the label "a" for pool, "b" wanted',
      { about: { labels: { pool: 'a' } } },
      { labels: { pool: 'b' } },
    ],
    ['no label pool, "b" wanted', {}, { labels: { pool: 'b' } }],
    ['no label toString, "b" wanted', { about: { labels: {} } }, { labels: { toString: 'b' } }],
    ['its name "Test GPU" matches none of /H100/i', {}, { names: ['H100'] }],
    ['compute capability unknown, at least 9.0 wanted', {}, { minComputeCapability: '9.0' }],
    ['hung (hung): no answer', { health: ill }, {}],
    ['nobody watches over its health', {}, { worstHealth: 'ok' }],
    [
      'no sample yet; its latest reading failed: ERR_GPU_TIMEOUT',
      { sampled: null, failure: () => 'ERR_GPU_TIMEOUT' },
      {},
    ],
    ['too full', {}, { filters: [{ name: 'mine', reject: () => 'too full' }] }],
  ])('%s', (reason, changes, request) => {
    expect(reasonOf(changes, request)?.reason).toBe(reason);
  });

  it.each<readonly [string, readonly [number, number], ViewChanges, SelectionRequest]>([
    ['its sample is 600 ms old, at most 10 ms count', [600, 10], old, { maxAgeMs: 10 }],
    ['22.35 GiB of memory, 23.28 GiB wanted', [24e9, 25e9], {}, { minMemoryTotalBytes: 25e9 }],
    [
      '0.93 GiB free (1.86 GiB reserved), 4.66 GiB wanted',
      [1e9, 5e9],
      { freeMemoryBytes: 1e9, reservedBytes: 2e9 },
      { minMemoryBytes: 5e9 },
    ],
    [
      '75.5 % utilised, at most 50 % wanted',
      [75.5, 50],
      { sampled: { computeUtilizationPercent: 75.5 } },
      { maxUtilizationPercent: 50 },
    ],
    [
      '3 °C below its slowdown temperature, at least 10 °C wanted',
      [3, 10],
      { slowdownMarginCelsius: 3 },
      { temperatureMarginCelsius: 10 },
    ],
    [
      '2 in flight and 1.5 more, at most 3',
      [3.5, 3],
      { inFlight: 2 },
      { maxInFlight: 3, weight: 1.5 },
    ],
    ['NUMA node 1, 0 wanted', [1, 0], { about: { numaNode: 1 } }, { numaNode: 0 }],
  ])('%s', (reason, [actual, wanted], changes, request) => {
    expect(reasonOf(changes, request)).toMatchObject({ reason, actual, wanted });
  });
});

describe('the outlook', () => {
  it.each<readonly [Outlook, ViewChanges, SelectionRequest & { readonly held?: true }]>([
    ['passes', {}, {}],
    ['never', {}, { deviceIds: ['b'] }],
    ['never', {}, { minMemoryBytes: 25e9 }],
    ['never', {}, { weight: 3, maxInFlight: 2 }],
    ['never', { health: ill, about: { name: 'A' } }, { names: ['H'] }],
    ['never', {}, { worstHealth: 'ok' }],
    ['later', { health: ill }, { worstHealth: 'ok' }],
    ['never', {}, { temperatureMarginCelsius: 5 }],
    ['later', { health: well }, { temperatureMarginCelsius: 5 }],
    ['later', { slowdownMarginCelsius: 2 }, { temperatureMarginCelsius: 5 }],
    ['busy', { inFlight: 2 }, { maxInFlight: 2 }],
    ['busy', { leaseCount: 1, freeMemoryBytes: 1e9 }, { minMemoryBytes: 2e9 }],
    ['busy', {}, { held: true }],
    ['later', { freeMemoryBytes: 1e9 }, { minMemoryBytes: 2e9 }],
    ['later', { sampled: null }, {}],
    ['later', { health: ill }, {}],
    ['later', {}, { policy: { name: 'mute', cost: () => undefined } }],
  ])('%s: %o under %o', (outlook, changes, { held, ...request }) => {
    const setup = held === undefined ? {} : { isWithheld: () => held };
    const scene = { views: [view('a', changes)], nowMs: 1000 };
    expect(pipeline(request, setup).outlook(scene)).toEqual([outlook]);
  });
});

describe('the usual filters in one look', () => {
  const troubles: readonly ViewChanges[] = [
    {},
    { about: { migEnabled: true } },
    { failure: () => 'ERR_GPU_SUSPENDED' },
    { failure: () => 'ERR_GPU_TRY_AGAIN' },
    { health: ill },
    { health: meek },
    { health: well, parentHealth: ill },
    { parentHealth: meek },
    { sensor: 'frozen' },
    { sensor: 'implausible' },
    { sampled: null },
    old,
  ];
  const requests: readonly SelectionRequest[] = [
    {},
    { maxAgeMs: 100 },
    { maxAgeMs: 100, staleness: 'allow' },
    { sensors: 'trust', maxInFlight: 0.5 },
    { minMemoryBytes: 25e9 },
    { deviceIds: ['b'] },
  ];

  it.each(requests)('come to what they come to one by one, under %o', (request) => {
    const chooser = pipeline({ ...request, policy: 'least-loaded' });
    const views = troubles.map((changes) => view('a', changes));
    const decision = new Decision(chooser.criteria, new Random(1));
    decision.begin(chooser.criteria, { views, nowMs: 1000 });
    const explained = chooser.explain({ views, nowMs: 1000 });
    for (const [position, each] of views.entries()) {
      const first = chooser.filters.find((filter) => filter.reject(each, decision) !== undefined);
      const { status, code } = explained[position] ?? {};
      expect(status === 'rejected' ? code : undefined).toBe(first?.reject(each, decision));
    }
  });
});

describe('only what a request asks for', () => {
  it('is looked at', () => {
    const names = (request: SelectionRequest) => pipeline(request).filters.map(({ name }) => name);
    const always = ['split', 'available', 'healthy', 'sensors', 'age'];
    expect(names({})).toEqual(always);
    expect(names({ staleness: 'allow', sensors: 'trust' })).toEqual(always.slice(0, 3));
    expect(names({ minMemoryBytes: 1, mig: false, maxInFlight: 4 })).toEqual([
      'split',
      'mig',
      'available',
      'healthy',
      'sensors',
      'age',
      'free-memory',
      'in-flight',
    ]);
  });
});
