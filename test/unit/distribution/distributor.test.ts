import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { WorkloadDistributor } from '../../../lib/distribution/distributor.js';
import type { DistributionOptions } from '../../../lib/distribution/strategy.js';
import { clusterOf, gpu, numbers, sizes, untyped } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

const distributor = new WorkloadDistributor();

describe('WorkloadDistributor.distributeUniform', () => {
  it.each([
    [9, 3, [3, 3, 3]],
    [10, 3, [4, 3, 3]],
    [11, 3, [4, 4, 3]],
    [2, 3, [1, 1, 0]],
    [0, 3, [0, 0, 0]],
    [7, 1, [7]],
  ])('shares %i items over %i devices as %o', (items, devices, expected) => {
    const ids = numbers(devices).map(String);
    const { assignments, unassigned } = distributor.distributeUniform(ids, numbers(items));
    expect(sizes(assignments)).toEqual(expected);
    expect(unassigned).toEqual([]);
    expect([...assignments.keys()]).toEqual(ids);
    expect([...assignments.values()].flat()).toEqual(numbers(items));
  });

  it('keeps the order of the ids, never as text', () => {
    const { assignments } = distributor.distributeUniform(['cuda:2', 'cuda:10'], [1, 2, 3]);
    expect([...assignments]).toEqual([
      ['cuda:2', [1, 2]],
      ['cuda:10', [3]],
    ]);
  });

  it('leaves over what no device may take', () => {
    const { assignments, unassigned } = distributor.distributeUniform(['a', 'b'], numbers(10), {
      maxPerDevice: 3,
    });
    expect([...assignments.values()]).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(unassigned).toEqual([6, 7, 8, 9]);
    const one = distributor.distributeUniform(['a'], numbers(15), { maxPerDevice: 5 });
    expect(sizes(one.assignments)).toEqual([5]);
    expect(one.unassigned).toHaveLength(10);
  });

  it('assigns nothing without devices', () => {
    const { assignments, unassigned } = distributor.distributeUniform([], ['x', 'y']);
    expect(assignments.size).toBe(0);
    expect(unassigned).toEqual(['x', 'y']);
  });

  it('takes sparse arrays by index, and any kind of item', () => {
    const sparse: (number | undefined)[] = [];
    sparse[3] = 3;
    const { assignments } = distributor.distributeUniform(['a', 'b'], sparse);
    expect([...assignments.values()]).toStrictEqual([
      [undefined, undefined],
      [undefined, 3],
    ]);
    const odd = [Symbol('s'), 1n, null, NaN, () => 0];
    expect(distributor.distributeUniform(['a'], odd).assignments.get('a')).toStrictEqual(odd);
  });

  it('refuses ids that come twice, are empty or no strings', () => {
    const twice = () => distributor.distributeUniform(['a', 'a', 'b'], numbers(9));
    expect(refusal('ERR_GPU_DUPLICATE_DEVICE', twice)).toContain('deviceIds[1]');
    refusal('ERR_GPU_OUT_OF_RANGE', () => distributor.distributeUniform([''], []));
    refusal('ERR_GPU_INVALID_TYPE', () => distributor.distributeUniform(untyped([1]), []));
    refusal('ERR_GPU_INVALID_TYPE', () => distributor.distributeUniform(untyped('ab'), []));
    refusal('ERR_GPU_INVALID_TYPE', () => distributor.distributeUniform(new Array(2), []));
    refusal('ERR_GPU_INVALID_TYPE', () => distributor.distributeUniform(['a'], untyped('items')));
  });
});

describe('WorkloadDistributor.distributeByCapacity', () => {
  it.each([
    [16, { a: 1, b: 2, c: 1 }, [4, 8, 4]],
    [12, { a: 1, b: 2, c: 1 }, [3, 6, 3]],
    [4, { a: 5, b: 3, c: 1 }, [3, 1, 0]],
    [3, { a: 1, b: 1 }, [2, 1]],
    [5, { a: 0.1, b: 0.4 }, [1, 4]],
  ])('shares %i items over %o as %o', (items, capacities, expected) => {
    const { assignments, unassigned } = distributor.distributeByCapacity(
      capacities,
      numbers(items),
    );
    expect(sizes(assignments)).toEqual(expected);
    expect(unassigned).toEqual([]);
    expect([...assignments.values()].flat()).toEqual(numbers(items));
  });

  it('hands on the share of a device at its maximum, and leaves over the rest', () => {
    const capacities = new Map([
      ['big', 98],
      ['none', 0],
      ['small', 1],
      ['twice', 2],
    ]);
    const shared = distributor.distributeByCapacity(capacities, numbers(10), { maxPerDevice: 4 });
    expect([...shared.assignments]).toEqual([
      ['big', [0, 1, 2, 3]],
      ['none', []],
      ['small', [4, 5]],
      ['twice', [6, 7, 8, 9]],
    ]);
    const over = distributor.distributeByCapacity(capacities, numbers(14), { maxPerDevice: 4 });
    expect(sizes(over.assignments)).toEqual([4, 0, 4, 4]);
    expect(over.unassigned).toEqual([12, 13]);
  });

  it('keeps a Map’s order and takes an object’s own keys, __proto__ included', () => {
    const map = new Map([
      ['10', 1],
      ['2', 1],
    ]);
    expect([...distributor.distributeByCapacity(map, []).assignments.keys()]).toEqual(['10', '2']);
    const odd: Record<string, number> = JSON.parse('{"__proto__": 1, "constructor": 3}');
    const { assignments } = distributor.distributeByCapacity(odd, numbers(4));
    expect([...assignments]).toEqual([
      ['__proto__', [0]],
      ['constructor', [1, 2, 3]],
    ]);
    const bare: Record<string, number> = Object.assign(Object.create(null), { a: 1 });
    expect([...distributor.distributeByCapacity(bare, [1]).assignments.keys()]).toEqual(['a']);
    const foreign: Record<string, number> = runInNewContext('({ a: 1 })');
    expect([...distributor.distributeByCapacity(foreign, [1]).assignments.keys()]).toEqual(['a']);
  });

  it('assigns nothing without devices', () => {
    for (const none of [{}, new Map<string, number>()]) {
      const { assignments, unassigned } = distributor.distributeByCapacity(none, [1, 2]);
      expect(assignments).toEqual(new Map());
      expect(unassigned).toEqual([1, 2]);
    }
  });

  it.each([
    [{ a: -1, b: 2 }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ a: NaN }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ a: Infinity, b: 1 }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ a: '1' }, 'ERR_GPU_INVALID_TYPE'],
    [{ a: undefined }, 'ERR_GPU_INVALID_TYPE'],
    [{ a: 1n }, 'ERR_GPU_INVALID_TYPE'],
    [{ a: 0, b: 0 }, 'ERR_GPU_ZERO_CAPACITY'],
    [{ a: -0 }, 'ERR_GPU_ZERO_CAPACITY'],
    [{ '': 1 }, 'ERR_GPU_OUT_OF_RANGE'],
    [new Map([[1, 1]]), 'ERR_GPU_INVALID_TYPE'],
    [[1, 2], 'ERR_GPU_INVALID_TYPE'],
    [new Set(['a']), 'ERR_GPU_INVALID_TYPE'],
    [new Date(0), 'ERR_GPU_INVALID_TYPE'],
    [new Error('no'), 'ERR_GPU_INVALID_TYPE'],
    [Object.create({ a: 1 }), 'ERR_GPU_INVALID_TYPE'],
    [Object.assign(new (class Shares {})(), { a: 1 }), 'ERR_GPU_INVALID_TYPE'],
    [undefined, 'ERR_GPU_INVALID_TYPE'],
    ['ab', 'ERR_GPU_INVALID_TYPE'],
  ] as const)('refuses the capacities %o', (capacities, code) => {
    refusal(code, () => distributor.distributeByCapacity(untyped(capacities), numbers(3)));
  });

  it('refuses the same on a manager', () => {
    const manager = clusterOf(gpu('a'), gpu('b'));
    const capacities = untyped(new Date(0));
    const message = refusal('ERR_GPU_INVALID_TYPE', () =>
      manager.distributeWorkload([1], { capacities }),
    );
    expect(message).toContain('options.capacities: expected a Map or a plain object');
  });

  it('refuses a proxied Map rather than taking it for an object without capacities', () => {
    const proxied = new Proxy(new Map([['a', 1]]), {});
    refusal('ERR_GPU_INVALID_TYPE', () => distributor.distributeByCapacity(proxied, [1]));
  });
});

describe.each([
  [
    'distributeUniform',
    (options: unknown) => distributor.distributeUniform(['a'], [1], untyped(options)),
  ],
  [
    'distributeByCapacity',
    (options: unknown) => distributor.distributeByCapacity({ a: 1 }, [1], untyped(options)),
  ],
] as const)('the options of %s', (_, distribute) => {
  it.each([0, -1, 1.5, NaN, Infinity])('refuse maxPerDevice %o', (maxPerDevice) => {
    refusal('ERR_GPU_OUT_OF_RANGE', () => distribute({ maxPerDevice }));
  });

  it('refuse another key, another type and no object', () => {
    refusal('ERR_GPU_INVALID_TYPE', () => distribute({ maxPerDevice: '5' }));
    refusal('ERR_GPU_INVALID_TYPE', () => distribute(null));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => distribute({ max: 1 }));
    expect(distribute({ maxPerDevice: undefined }).unassigned).toEqual([]);
  });
});

describe('devices that a request keeps out', () => {
  const manager = clusterOf(...['a', 'b', 'c'].map((id) => gpu(id, { computeUnits: 2 })));
  const over = (options: DistributionOptions<number>, excludeDeviceIds: readonly string[]) =>
    manager.distributeWorkload([1, 2, 3, 4], { ...options, excludeDeviceIds });

  it('have no entry and need no capacity', () => {
    expect([...over({}, ['b']).assignments]).toEqual([
      ['a', [1, 2]],
      ['c', [3, 4]],
    ]);
    const capacities = { a: 1, c: 3 };
    expect([...over({ strategy: 'capacity', capacities }, ['b']).assignments]).toEqual([
      ['a', [1]],
      ['c', [2, 3, 4]],
    ]);
    const named = { ...capacities, b: 100 };
    expect([...over({ strategy: 'capacity', capacities: named }, ['b']).assignments]).toEqual([
      ...over({ strategy: 'capacity', capacities }, ['b']).assignments,
    ]);
  });

  it('leave everything unassigned where they are all', () => {
    const given = [{}, { strategy: 'capacity' }, { capacities: { a: 1, b: 1, c: 1 } }] as const;
    for (const options of given) {
      const { assignments, unassigned, unassignedReasons } = over(options, ['a', 'b', 'c']);
      expect(assignments.size).toBe(0);
      expect(unassigned).toEqual([1, 2, 3, 4]);
      expect(unassignedReasons.map(({ code }) => code)).toEqual(new Array(4).fill('no-device'));
    }
  });
});
