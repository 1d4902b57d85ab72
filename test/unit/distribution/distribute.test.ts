import { describe, expect, it } from 'vitest';
import { WorkloadDistributor } from '../../../lib/distribution/distributor.js';
import type { DistributionDevice } from '../../../lib/distribution/standalone-devices.js';
import type { OwnStrategy, SharingOptions } from '../../../lib/distribution/strategy.js';
import { clusterOf, gpu, numbers, sample, untyped } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

const distributor = new WorkloadDistributor();
const two: readonly DistributionDevice[] = [
  { deviceId: 'a', speed: 1 },
  { deviceId: 'b', speed: 3 },
];

function over(workload: number, options: SharingOptions<number>, devices = two) {
  return distributor.distribute(devices, workload, options);
}

function countsOf(distribution: { readonly counts: ReadonlyMap<string, number> }): number[] {
  return [...distribution.counts.values()];
}

describe('a distribution of so many equal items', () => {
  it('is told by counts, ranges, places and quality', () => {
    const plan = over(1_000_000, { strategy: 'capacity' });
    expect(plan.strategy).toBe('capacity');
    expect(plan.itemCount).toBe(1_000_000);
    expect(countsOf(plan)).toEqual([250_000, 750_000]);
    expect(plan.ranges?.get('b')).toEqual({ start: 250_000, end: 1_000_000 });
    expect(plan.unassignedCount).toBe(0);
    expect(plan.makespan).toBe(250_000);
    expect(plan.lowerBound).toBe(250_000);
    expect(plan.imbalance).toBe(1);
    expect(plan.indicesOf('b')?.[0]).toBe(250_000);
    expect(plan.itemsOf('nobody')).toBeUndefined();
  });

  it('of none is complete', () => {
    for (const strategy of ['uniform', 'capacity', 'least-loaded', 'cost'] as const) {
      const plan = over(0, { strategy });
      expect([...plan.assignments]).toEqual([
        ['a', []],
        ['b', []],
      ]);
      expect([plan.makespan, plan.lowerBound, plan.imbalance]).toEqual([0, 0, undefined]);
    }
  });

  it('over no devices says why nobody takes them', () => {
    const plan = over(2, { strategy: 'capacity' }, []);
    expect(plan.unassigned).toEqual([0, 1]);
    expect(plan.unassignedReasons.map(({ code }) => code)).toEqual(['no-device', 'no-device']);
  });

  it('starts from the load where that is asked for, and for least-loaded anyhow', () => {
    const loaded = [
      { deviceId: 'a', load: 6 },
      { deviceId: 'b', load: 0 },
    ];
    expect(countsOf(over(10, { strategy: 'least-loaded' }, loaded))).toEqual([2, 8]);
    expect(countsOf(over(10, { strategy: 'uniform' }, loaded))).toEqual([5, 5]);
    expect(countsOf(over(10, { strategy: 'uniform', startFrom: 'load' }, loaded))).toEqual([2, 8]);
    expect(countsOf(over(10, { strategy: 'least-loaded', startFrom: 'idle' }, loaded))).toEqual([
      5, 5,
    ]);
  });
});

describe('lists of a distribution', () => {
  it('of a typed array are views of it', () => {
    const items = Float32Array.of(1, 2, 3, 4);
    const plan = distributor.distribute(two, items, { strategy: 'capacity' });
    const list = plan.itemsOf('b');
    expect(list).toEqual(Float32Array.of(2, 3, 4));
    expect(list?.buffer).toBe(items.buffer);
  });

  it('are made when they are asked for, unless the array has another length by then', () => {
    const items = ['x', 'y', 'z', 'w'];
    const plan = distributor.distribute(two, items, { strategy: 'capacity' });
    items[0] = 'changed';
    expect(plan.itemsOf('a')).toEqual(['changed']);
    items.push('one more');
    expect(refusal('ERR_GPU_ITEMS_CHANGED', () => plan.itemsOf('b'))).toContain('4 items');
    refusal('ERR_GPU_ITEMS_CHANGED', () => plan.assignments);
  });

  it('are made at once by distributeWorkload', () => {
    const items = ['x', 'y'];
    const plan = clusterOf(gpu('a'), gpu('b')).distributeWorkload(items);
    items.length = 0;
    expect([...plan.assignments.values()]).toEqual([['x'], ['y']]);
    expect(plan.itemsOf('b')).toEqual(['y']);
    const manager = clusterOf(gpu('a'));
    refusal('ERR_GPU_INVALID_TYPE', () => manager.distributeWorkload(untyped(3)));
  });
});

describe('limits', () => {
  it('of devices, of the call and of the device itself all hold', () => {
    const limits = { a: { items: 2 }, b: { cost: 9 } };
    const plan = over(20, { strategy: 'capacity', limits, costs: 3 });
    expect(countsOf(plan)).toEqual([2, 3]);
    expect(plan.unassigned).toHaveLength(15);
    const devices = [{ deviceId: 'a', limits: { items: 1 } }, { deviceId: 'b' }];
    expect(countsOf(over(20, { maxPerDevice: 4, limits }, devices))).toEqual([1, 4]);
  });

  it('are water-filled: who is full hands on', () => {
    expect(countsOf(over(8, { strategy: 'capacity', limits: { b: { items: 4 } } }))).toEqual([
      4, 4,
    ]);
  });

  it('on bytes hold where items differ, in the order of the items', () => {
    const devices = [
      { deviceId: 'a', freeMemoryBytes: 10 },
      { deviceId: 'b', freeMemoryBytes: 4 },
    ];
    const plan = over(5, { bytes: [4, 4, 4, 2, 9] }, devices);
    expect([...plan.assignments.values()]).toEqual([[0, 2, 3], [1]]);
    expect(plan.unassigned).toEqual([4]);
    expect(plan.unassignedReasons[0]?.code).toMatch(/memory|limit-bytes/);
    expect(plan.ranges).toBeUndefined();
  });

  it('on cost hold under uniform, which goes by number', () => {
    const plan = over(4, { costs: [5, 1, 1, 1], limits: { a: { cost: 5 } } });
    expect([...plan.assignments.values()]).toEqual([[0], [1, 2, 3]]);
  });

  it('of devices that are not there are refused', () => {
    const limits = { z: { items: 1 } };
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => over(1, { limits }));
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => clusterOf(gpu('a')).distribute(1, { limits }));
  });

  it('may be asked to throw rather than leave over', () => {
    const run = () => over(9, { maxPerDevice: 4, overflow: 'throw' });
    expect(refusal('ERR_GPU_UNASSIGNED', run)).toContain('1 have none');
    expect(over(8, { maxPerDevice: 4, overflow: 'throw' }).unassigned).toEqual([]);
  });
});

describe('what is said of items', () => {
  it('comes as a number, a list or a function', () => {
    const byFunction = distributor.distribute(two, ['aaa', 'b'], {
      strategy: 'cost',
      costs: (text) => text.length,
    });
    const byList = distributor.distribute(two, ['aaa', 'b'], { strategy: 'cost', costs: [3, 1] });
    expect(byFunction.assignments).toEqual(byList.assignments);
    expect(byFunction.makespan).toBe(1);
  });

  it.each([
    ['costs', -1, 'ERR_GPU_OUT_OF_RANGE'],
    ['costs', NaN, 'ERR_GPU_OUT_OF_RANGE'],
    ['costs', [1, -1], 'ERR_GPU_OUT_OF_RANGE'],
    ['costs', [1, NaN], 'ERR_GPU_OUT_OF_RANGE'],
    ['costs', [1, Infinity], 'ERR_GPU_OUT_OF_RANGE'],
    ['costs', [1, '1'], 'ERR_GPU_INVALID_TYPE'],
    ['costs', 'cheap', 'ERR_GPU_INVALID_TYPE'],
    ['costs', [1e308, 1e308], 'ERR_GPU_OUT_OF_RANGE'],
    ['costs', [1], 'ERR_GPU_LENGTH_MISMATCH'],
    ['costs', [1, 2, 3], 'ERR_GPU_LENGTH_MISMATCH'],
    ['costs', BigInt64Array.of(1n, 2n), 'ERR_GPU_INVALID_TYPE'],
    ['bytes', Float64Array.of(1, -1), 'ERR_GPU_OUT_OF_RANGE'],
    ['bytes', () => NaN, 'ERR_GPU_OUT_OF_RANGE'],
    ['keys', [1], 'ERR_GPU_LENGTH_MISMATCH'],
    ['keys', [1, {}], 'ERR_GPU_INVALID_TYPE'],
    ['keys', () => NaN, 'ERR_GPU_INVALID_TYPE'],
  ] as const)('is refused: %s %o', (option, value, code) => {
    const options = { strategy: 'capacity', [option]: value };
    refusal(code, () => distributor.distribute(two, ['x', 'y'], untyped(options)));
  });

  it('names the item, and keeps what its function threw', () => {
    const costs = [1, 2, -3];
    expect(refusal('ERR_GPU_OUT_OF_RANGE', () => over(3, { costs }))).toContain('costs[2]');
    const cause = new Error('no');
    const run = () =>
      over(3, {
        costs: () => {
          throw cause;
        },
      });
    expect(run).toThrow(expect.objectContaining({ code: 'ERR_GPU_INVALID_TYPE', cause }));
  });

  it('is needed by some strategies', () => {
    refusal('ERR_GPU_MISSING_OPTION', () => over(3, { strategy: 'memory' }));
    refusal('ERR_GPU_MISSING_OPTION', () => over(3, { strategy: 'memory', bytes: 1 }));
    refusal('ERR_GPU_MISSING_OPTION', () =>
      distributor.distribute(two, [{}], { strategy: 'locality' }),
    );
  });

  it('may close the cluster, which ends the call', () => {
    const manager = clusterOf(gpu('a'));
    refusal('ERR_GPU_CLOSED', () =>
      manager.distribute(2, {
        costs: () => {
          void manager.shutdown();
          return 1;
        },
      }),
    );
  });
});

describe('options', () => {
  it.each([
    [{ strategy: 'random' }, 'ERR_GPU_UNKNOWN_STRATEGY'],
    [{ strategy: {} }, 'ERR_GPU_UNKNOWN_STRATEGY'],
    [{ strategy: { name: '', assign: () => [] } }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ rounding: 'up' }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ minPerDevice: 0 }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ minPerDevice: 1.5 }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ strategy: 'hash', minPerDevice: 2 }, 'ERR_GPU_UNKNOWN_OPTION'],
    [{ startFrom: 'zero' }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ improve: 1 }, 'ERR_GPU_INVALID_TYPE'],
    [{ placement: {} }, 'ERR_GPU_INVALID_TYPE'],
    [{ placement: new Map([['k', 1]]) }, 'ERR_GPU_INVALID_TYPE'],
    [{ maxLoadRatio: 0.5 }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ hashing: 'md5' }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ overflow: 'drop' }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ limits: { a: { items: -1 } } }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ limits: { a: { items: 1.5 } } }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ limits: { a: { memory: 1 } } }, 'ERR_GPU_UNKNOWN_OPTION'],
    [{ limits: { a: 3 } }, 'ERR_GPU_INVALID_TYPE'],
    [{ limits: [] }, 'ERR_GPU_INVALID_TYPE'],
    [{ policy: 'score' }, 'ERR_GPU_UNKNOWN_OPTION'],
  ] as const)('%o are refused', (options, code) => {
    refusal(code, () => over(2, untyped(options)));
  });

  it.each([
    [[{ deviceId: 'a' }, { deviceId: 'a' }], 'ERR_GPU_DUPLICATE_DEVICE'],
    [[{ deviceId: '' }], 'ERR_GPU_OUT_OF_RANGE'],
    [[{}], 'ERR_GPU_INVALID_TYPE'],
    [[{ deviceId: 'a', speed: NaN }], 'ERR_GPU_OUT_OF_RANGE'],
    [[{ deviceId: 'a', speed: -1 }], 'ERR_GPU_OUT_OF_RANGE'],
    [[{ deviceId: 'a', load: Infinity }], 'ERR_GPU_OUT_OF_RANGE'],
    [[{ deviceId: 'a', freeMemoryBytes: '1' }], 'ERR_GPU_INVALID_TYPE'],
    ['ab', 'ERR_GPU_INVALID_TYPE'],
  ] as const)('devices %o are refused', (devices, code) => {
    refusal(code, () => distributor.distribute(untyped(devices), 2));
  });

  it.each([-1, 1.5, NaN, Infinity, 2 ** 32])('%o items are refused', (count) => {
    refusal('ERR_GPU_OUT_OF_RANGE', () => over(count, {}));
  });
});

describe('a strategy of your own', () => {
  const own = (assign: OwnStrategy['assign']): SharingOptions<number> => ({
    strategy: { name: 'mine', assign },
  });

  it('says owners, or counts', () => {
    const odd = over(
      4,
      own(({ itemCount }) => numbers(itemCount).map((index) => index % 2)),
    );
    expect([...odd.assignments.values()]).toEqual([
      [0, 2],
      [1, 3],
    ]);
    const some = over(
      4,
      own(() => [0, -1, 1, -1]),
    );
    expect(some.unassigned).toEqual([1, 3]);
    expect(some.unassignedReasons[0]?.code).toBe('strategy');
    expect(
      countsOf(
        over(
          4,
          own(() => ({ counts: [1, 2] })),
        ),
      ),
    ).toEqual([1, 2]);
    expect(odd.strategy).toBe('mine');
  });

  it.each([
    ['a place that is not there', () => [0, 0, 2]],
    ['no place', () => [0, 0, 0.5]],
    ['too few', () => [0, 0]],
    ['nothing', () => undefined],
    ['counts of too many', () => ({ counts: [2, 2] })],
    ['counts below 0', () => ({ counts: [-1, 2] })],
    ['a promise', async () => [0, 0, 0]],
    ['more than a limit', () => [1, 1, 1]],
    [
      'an error',
      () => {
        throw new Error('no');
      },
    ],
  ])('is refused when it answers with %s', (_, assign) => {
    const options = { ...own(untyped(assign)), limits: { b: { items: 2 } } };
    expect(refusal('ERR_GPU_INVALID_TYPE', () => over(3, options))).toContain('"mine"');
  });

  it('is told what was expected of it', () => {
    const message = refusal('ERR_GPU_INVALID_TYPE', () =>
      over(
        3,
        own(() => [0, 0, 2]),
      ),
    );
    expect(message).toBe('strategy "mine": [2]: expected a place below 2, or -1, got 2');
  });

  it('gets a copy, and keeps its this', () => {
    const strategy = {
      name: 'kept',
      place: 1,
      assign(job: { speeds: Float64Array; itemCount: number }) {
        job.speeds.fill(0);
        return new Array<number>(job.itemCount).fill(this.place);
      },
    };
    const plan = over(2, { strategy });
    expect(countsOf(plan)).toEqual([0, 2]);
    expect(plan.makespan).toBeCloseTo(2 / 3);
  });
});

describe('capacities of a cluster', () => {
  const manager = clusterOf(gpu('a', { computeUnits: 100 }), gpu('b', { computeUnits: 300 }));
  manager.recordMetrics(sample('a', { timestampMs: Date.now(), memoryUsedBytes: 12e9 }));
  manager.recordMetrics(sample('b', { timestampMs: Date.now(), memoryUsedBytes: 18e9 }));
  const counts = (options: Parameters<typeof manager.distribute>[1]) =>
    countsOf(manager.distribute(12, { strategy: 'capacity', ...options }));

  it('are compute units, free memory, measured latency, or what you say', () => {
    expect(counts({})).toEqual([3, 9]);
    expect(counts({ capacityFrom: 'free-memory' })).toEqual([8, 4]);
    expect(counts({ capacityFrom: ({ deviceId }) => (deviceId === 'a' ? 5 : 1) })).toEqual([10, 2]);
    refusal('ERR_GPU_MISSING_CAPACITY', () => counts({ capacityFrom: 'measured' }));
    manager.reportLoad('a', { latencyMs: 20 });
    manager.reportLoad('b', { latencyMs: 10 });
    expect(counts({ capacityFrom: 'measured' })).toEqual([4, 8]);
    expect(counts({ capacities: { a: 1, b: 1 } })).toEqual([6, 6]);
  });

  it('are those of the devices that are there, and well, at the time', () => {
    const few = clusterOf(gpu('a', { computeUnits: 100 }), gpu('b', { computeUnits: 300 }));
    const plan = () => few.distribute(12, { strategy: 'capacity' });
    expect(countsOf(plan())).toEqual([3, 9]);
    few.registerDevice(gpu('c', { computeUnits: 200 }));
    expect(countsOf(plan())).toEqual([2, 6, 4]);
    few.recordMetrics(sample('b', { timestampMs: 2000, temperatureCelsius: 0 }));
    expect([...plan().counts.keys()]).toEqual(['a', 'c']);
    few.recordMetrics(sample('b', { timestampMs: 3000 }));
    few.unregisterDevice('a');
    few.registerDevice(gpu('a', { computeUnits: 400 }));
    expect([...plan().counts]).toEqual([
      ['b', 4],
      ['c', 3],
      ['a', 5],
    ]);
    expect(Object.isFrozen(plan().deviceIds)).toBe(true);
  });

  it('are refused where they are no numbers', () => {
    refusal('ERR_GPU_OUT_OF_RANGE', () => counts({ capacityFrom: () => -1 }));
    refusal('ERR_GPU_INVALID_TYPE', () => counts({ capacityFrom: untyped(() => 'x') }));
    refusal('ERR_GPU_ZERO_CAPACITY', () => counts({ capacityFrom: () => 0 }));
    refusal('ERR_GPU_OUT_OF_RANGE', () => counts({ capacityFrom: untyped('price') }));
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => counts({ capacities: { a: 1, b: 1, c: 1 } }));
    refusal('ERR_GPU_MISSING_CAPACITY', () => counts({ capacities: { a: 1 } }));
  });

  it('and load of leases count together', () => {
    const leases = Array.from({ length: 4 }, () => manager.tryAcquire({ deviceIds: ['b'] }));
    const idle = manager.distribute(4, { strategy: 'least-loaded', startFrom: 'idle' });
    expect(countsOf(idle)).toEqual([1, 3]);
    // b is three times as fast, and has 4 already: 3, 5, 6 and 6 are when the next ones are done.
    expect(countsOf(manager.distribute(4, { strategy: 'least-loaded' }))).toEqual([2, 2]);
    for (const lease of leases) if (lease.granted) lease.release();
  });
});
