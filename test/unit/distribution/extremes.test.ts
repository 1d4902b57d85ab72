import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalCounts } from '../../../lib/distribution/equal-counts.js';
import { fillLevel } from '../../../lib/distribution/fill-level.js';
import {
  GPUClusteringManager,
  type SharingOptions,
  WorkloadDistributor,
} from '../../../lib/index.js';

const distributor = new WorkloadDistributor();

const number = fc.constantFrom(0, 5e-324, 1e-300, 0.1, 1, 3, 2 ** 53, 1e100, 1e290);
const device = fc.record(
  {
    speed: number,
    load: number,
    limits: fc.record({ cost: number, items: fc.nat({ max: 4 }) }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
const devicesOf = fc
  .array(device, { maxLength: 6 })
  .map((devices) => devices.map((each, place) => ({ ...each, deviceId: `gpu${place}` })));

describe('numbers at the ends of what a double holds', () => {
  it('give whole plans, of figures that are numbers', () => {
    const strategy = fc.constantFrom('uniform', 'capacity', 'cost', 'least-loaded', 'hash');
    const rounding = fc.constantFrom('makespan', 'largest-remainder');
    const costs = fc.oneof(number, fc.array(number, { minLength: 7, maxLength: 7 }));
    const options = fc.record({ strategy, rounding, costs }, { requiredKeys: ['strategy'] });
    fc.assert(
      fc.property(devicesOf, options, (devices, given) => {
        const plan = distributor.distribute(devices, 7, given as SharingOptions<number>);
        const assigned = [...plan.assignments.values()].flat();
        expect([...assigned, ...plan.unassigned].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
        expect(plan.lowerBound).toBeLessThanOrEqual(plan.makespan);
        if (plan.imbalance !== undefined) expect(plan.imbalance).toBeGreaterThan(0.999);
      }),
      { numRuns: 3000 },
    );
  });

  it('keep speeds apart that are far below the fastest', () => {
    const speeds = Float64Array.of(1e300, 3, 1e-9);
    const limits = Float64Array.of(1, Infinity, Infinity);
    expect([...equalCounts(11, { speeds, limits })]).toEqual([1, 10, 0]);
  });

  it('leave the sum of speeds right when a fast one is full', () => {
    const speeds = Float64Array.of(1e290, 7, 0.1);
    const limits = Float64Array.of(1, Infinity, Infinity);
    expect(fillLevel(72, { speeds, limits })).toBeCloseTo(10, 9);
  });

  it('have an imbalance where times are past them', () => {
    const plan = distributor.distribute([{ deviceId: 'a', speed: 1e-300 }], 4, { costs: 1e290 });
    expect(plan.makespan).toBe(4e290);
    const slow = [{ deviceId: 'a', speed: 1e-300 }];
    const late = distributor.distribute(slow, 4, { strategy: 'cost', costs: 1e290 });
    expect([late.makespan, late.imbalance]).toEqual([Infinity, 1]);
  });

  it('are refused where their sum is past them', () => {
    const one = [{ deviceId: 'a', load: 1e300 }];
    expect(() => distributor.distribute(one, 100, { costs: 1e300 })).toThrow('options.costs');
    const busy = ['a', 'b'].map((deviceId) => ({ deviceId, load: 1.7e308 }));
    expect(() => distributor.distribute(busy, 1)).toThrow('devices: load');
  });
});

describe('equal costs', () => {
  it('add up to as many times the cost', () => {
    const keys = new Array(10).fill('a');
    const plan = distributor.distribute([{ deviceId: 'a' }], 10, {
      strategy: 'hash',
      costs: 0.1,
      keys,
    });
    expect([plan.makespan, plan.lowerBound]).toEqual([1, 1]);
  });
});

describe('a rebalancing that takes all of a device away', () => {
  it('leaves nothing there, not what rounding makes of it', () => {
    const costs = [2 ** 53 + 2, 1e290, 3, 1e-9, 7, 1e290, 2];
    const before = distributor.distribute([{ deviceId: 'a' }, { deviceId: 'b' }], 7, { costs });
    const { distribution } = distributor.rebalance(before, [{ deviceId: 'a', speed: 0 }]);
    expect([...distribution.unassigned]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

describe('many items without a device', () => {
  it('have their reasons at once, among many devices', { timeout: 20_000 }, () => {
    const deviceIds = Array.from({ length: 5000 }, (_, place) => `gpu${place}`);
    const devices = deviceIds.map((deviceId) => ({
      deviceId,
      freeMemoryBytes: 1,
      limits: { cost: 1 },
    }));
    const costs = Array.from({ length: 2e5 }, (_, index) => 0.6 + index / 1e6);
    const options = { strategy: 'capacity', costs, bytes: 0.1 } as const;
    const { unassignedReasons } = distributor.distribute(devices, 2e5, options);
    expect(new Set(unassignedReasons.map(({ code }) => code))).toEqual(new Set(['limit-cost']));
    expect(unassignedReasons).toHaveLength(195_000);
  });

  it('are within limits on cost where all count as one', () => {
    const devices = ['a', 'b'].map((deviceId) => ({ deviceId, limits: { cost: 5 } }));
    const plan = distributor.distribute(devices, 6, { costs: [4, 1, 2, 3, 3, 1] });
    expect(plan.itemsOf('a')).toEqual([0, 5]);
    expect(plan.itemsOf('b')).toEqual([1, 2]);
  });
});

describe('more items than a list holds', () => {
  const devices = [{ deviceId: 'a', freeMemoryBytes: 1 }];
  const many = 2 ** 32 - 1;

  it('are counted, and refused where they would be gone through one by one', () => {
    const plan = distributor.distribute(devices, many, { maxPerDevice: 1 });
    expect(plan.unassignedCount).toBe(many - 1);
    expect(() => plan.unassigned).toThrow('number of items in a list');
    expect(() => plan.unassignedReasons).toThrow('number of reasons');
    for (const options of [{ strategy: 'hash' }, { costs: () => 1 }] as const) {
      expect(() => distributor.distribute(devices, many, options)).toThrow(
        'workload, item by item',
      );
    }
  });
});

describe('a strategy of your own', () => {
  it('gives nothing when it shuts the manager down', () => {
    const manager = new GPUClusteringManager();
    const assign = () => {
      void manager.shutdown();
      return [];
    };
    const share = () => manager.distribute(0, { strategy: { name: 'own', assign } });
    expect(share).toThrow('expected an open cluster');
  });

  it('changes nothing by what it does to the settings it is given', () => {
    const assign = (job: { settings: { minPerDevice: number } }) => {
      job.settings.minPerDevice = 3;
      return [0, 0];
    };
    const plan = distributor.distribute([{ deviceId: 'a' }], 2, {
      strategy: { name: 'own', assign },
    });
    expect(plan.counts.get('a')).toBe(2);
  });
});
