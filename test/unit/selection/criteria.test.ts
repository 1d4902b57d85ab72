import { describe, expect, it } from 'vitest';
import { readRequest } from '../../../lib/selection/criteria.js';
import { policyNames } from '../../../lib/selection/request.js';
import { untyped } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';
import { criteria, view } from '../../support/views.js';

const filter = { name: 'mine', reject: (): undefined => undefined };
const policy = { name: 'mine', cost: (): number => 1 };

describe('a request', () => {
  it('that says nothing asks for nothing', () => {
    expect(readRequest(undefined, 500)).toStrictEqual({
      minMemoryBytes: 0,
      minMemoryTotalBytes: 0,
      maxUtilizationPercent: undefined,
      temperatureMarginCelsius: undefined,
      minComputeCapability: undefined,
      deviceIds: undefined,
      excludeDeviceIds: undefined,
      names: undefined,
      labels: undefined,
      mig: undefined,
      worstHealth: 'degraded',
      numaNode: undefined,
      maxInFlight: Infinity,
      maxAgeMs: 500,
      staleness: 'exclude',
      sensors: 'check',
      weight: 1,
      affinityKey: undefined,
      filters: [],
      policy: 'score',
      unknown: 'reject',
      count: 1,
      forLease: false,
    });
    expect(readRequest({ weight: undefined, mig: undefined }, 500)).toEqual(readRequest({}, 500));
  });

  it('is read into what is compared', () => {
    const read = criteria({
      minComputeCapability: '10.3',
      deviceIds: ['a', 'b'],
      names: ['H100 (SXM)', /^a/gy],
      labels: { pool: 'train' },
      filters: [
        filter,
        function fits() {
          return undefined;
        },
      ],
    });
    expect(read.minComputeCapability).toEqual({ major: 10, minor: 3 });
    expect(read.deviceIds).toEqual(new Set(['a', 'b']));
    expect(read.names).toEqual([/H100 \(SXM\)/i, /^a/]);
    expect(read.labels).toEqual([['pool', 'train']]);
    expect(read.filters.map(({ name }) => name)).toEqual(['mine', 'fits']);
  });

  it('counts weights in whole 64ths, rounded up', () => {
    expect(criteria({ weight: 0.1 }).weight).toBe(7 / 64);
    expect(criteria({ weight: 1e-9 }).weight).toBe(1 / 64);
    expect(criteria({ weight: 2.5 }).weight).toBe(2.5);
  });

  it('takes the greater of the memories, and the lower of the limits', () => {
    expect(criteria({ minMemoryBytes: 5 }, { memoryBytes: 7 }).minMemoryBytes).toBe(7);
    expect(criteria({ minMemoryBytes: 9 }, { memoryBytes: 7 }).minMemoryBytes).toBe(9);
    expect(criteria({ maxInFlight: 4 }, { maxInFlight: 2 }).maxInFlight).toBe(2);
    expect(criteria({}, { staleness: 'ledger-only', policy: 'pack' })).toMatchObject({
      staleness: 'ledger-only',
      policy: 'pack',
    });
  });

  it.each(policyNames)('may name the policy %s', (name) => {
    expect(criteria({ policy: name }).policy).toBe(name);
  });

  it('may bring a policy as an object, with this as it is, or as a function', () => {
    const mine = {
      name: 'mine',
      offset: 3,
      cost() {
        return this.offset;
      },
    };
    const read = criteria({ policy: mine }).policy;
    expect(typeof read === 'object' && read.cost(view('a'), untyped({}))).toBe(3);
    expect(criteria({ policy: () => 1 }).policy).toMatchObject({ name: 'policy' });
    expect(
      criteria({
        policy: (
          () => () =>
            1
        )(),
      }).policy,
    ).toMatchObject({ name: 'custom' });
  });
});

const [type, range] = ['ERR_GPU_INVALID_TYPE', 'ERR_GPU_OUT_OF_RANGE'] as const;

describe('a request is refused', () => {
  it.each([
    ['ERR_GPU_UNKNOWN_OPTION', { minMemory: 1 }],
    ['ERR_GPU_UNKNOWN_OPTION', { memoryBytes: 1 }],
    [type, { minMemoryBytes: '1' }],
    [range, { minMemoryBytes: -1 }],
    [range, { minMemoryTotalBytes: NaN }],
    [range, { maxUtilizationPercent: 101 }],
    [range, { maxUtilizationPercent: -1 }],
    [range, { temperatureMarginCelsius: Infinity }],
    [type, { minComputeCapability: 8 }],
    [range, { minComputeCapability: '8' }],
    [range, { minComputeCapability: '8.x' }],
    [type, { deviceIds: 'a' }],
    [type, { deviceIds: [1] }],
    [range, { deviceIds: [''] }],
    ['ERR_GPU_DUPLICATE_DEVICE', { deviceIds: ['a', 'a'] }],
    ['ERR_GPU_DUPLICATE_DEVICE', { excludeDeviceIds: ['a', 'b', 'a'] }],
    [type, { names: 'a' }],
    [type, { names: [1] }],
    [range, { names: [''] }],
    [type, { labels: ['a'] }],
    [type, { labels: { a: 1 } }],
    [type, { mig: 1 }],
    [range, { worstHealth: 'lost' }],
    [range, { numaNode: 1.5 }],
    [range, { numaNode: -1 }],
    [range, { maxInFlight: 0 }],
    [range, { maxAgeMs: -1 }],
    [range, { staleness: 'ignore' }],
    [range, { sensors: null }],
    [range, { weight: 0 }],
    [range, { weight: Infinity }],
    [range, { weight: 2 ** 20 + 1 }],
    [range, { affinityKey: '' }],
    [type, { affinityKey: 1 }],
    [type, { filters: filter }],
    [type, { filters: [null] }],
    [type, { filters: [{ name: 'a' }] }],
    [type, { filters: [{ reject: filter.reject }] }],
    [range, { filters: [{ ...filter, name: '' }] }],
    [type, { filters: [{ ...filter, reject: 'no' }] }],
    ['ERR_GPU_UNKNOWN_POLICY', { policy: 'fastest' }],
    ['ERR_GPU_UNKNOWN_POLICY', { policy: 1 }],
    ['ERR_GPU_UNKNOWN_POLICY', { policy: null }],
    [type, { policy: { name: 'mine' } }],
    [type, { policy: { cost: policy.cost } }],
    [type, { policy: { ...policy, cost: 1 } }],
    [type, { policy: { ...policy, pick: 1 } }],
    [range, { unknown: 'maybe' }],
  ] as const)('with %s: %o', (code, request) => {
    const message = refusal(code, () => readRequest(request, Infinity));
    expect(message).toContain('request');
    expect(message).toContain(Object.keys(request)[0]);
  });

  it('when reading it throws, with that as the cause', () => {
    const cause = new Error('no');
    const trap = {
      get name(): string {
        throw cause;
      },
    };
    for (const request of [{ filters: [trap] }, { policy: trap }]) {
      expect(() => readRequest(request, 1)).toThrow(expect.objectContaining({ code: type, cause }));
    }
  });
});
