import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Distribution } from '../../../lib/distribution/distribution.js';
import { WorkloadDistributor } from '../../../lib/distribution/distributor.js';
import type { DistributionDevice } from '../../../lib/distribution/standalone-devices.js';
import { bestByTrial, type SmallCase } from '../../support/naive-rebalance.js';
import { refusal } from '../../support/refusal.js';

const distributor = new WorkloadDistributor();

function devicesOf(speeds: Readonly<Record<string, number>>): DistributionDevice[] {
  return Object.entries(speeds).map(([deviceId, speed]) => ({ deviceId, speed }));
}

/** Where each item is, by the devices there are now: -1: nowhere, -2: on one that is gone. */
function placesOf(plan: Distribution<number>, now: readonly string[]): number[] {
  const owners = new Array<number>(plan.itemCount).fill(-1);
  for (const deviceId of plan.deviceIds) {
    const place = now.indexOf(deviceId);
    for (const index of plan.indicesOf(deviceId) ?? []) owners[index] = place === -1 ? -2 : place;
  }
  return owners;
}

describe('rebalance', () => {
  const speed = fc.constantFrom<number>(0, 1, 1, 2, 3);
  const devices = fc.dictionary(fc.constantFrom('a', 'b', 'c'), speed, { maxKeys: 3 });
  const costs = fc.array(fc.constantFrom<number>(1, 1, 2, 5), { maxLength: 6 });

  it('empties a device whose costs do not sum to what is taken from it', () => {
    // 5.1 + 3.1 + 2 - 5.1 - 3.1 - 2 is below 0.
    const costs = [0, 5.1, 3.1, 5, 2];
    const plan = distributor.distribute(devicesOf({ c: 2, d: 1 }), costs, {
      strategy: 'cost',
      costs,
    });
    const { moves, isMinimal } = distributor.rebalance(plan, devicesOf({ a: 2, c: 0 }));
    expect(moves.map(({ to }) => to)).toEqual(['a', 'a', 'a', 'a', 'a']);
    expect(isMinimal).toBe(true);
  });

  it('moves nothing for an end that is earlier by rounding alone', () => {
    // 3 x 1.4 / 3 is below 1.4, which 2 x 1.4 / 2 is not.
    const devices = devicesOf({ b: 3, d: 2 });
    const plan = distributor.distribute(devices, 4, {
      strategy: { name: 'halves', assign: () => [1, 0, 0, 1] },
      costs: 1.4,
    });
    const { moves, isMinimal } = distributor.rebalance(plan, devices, { maxImbalance: 1 });
    expect({ moves, isMinimal }).toEqual({ moves: [], isMinimal: true });
  });

  it('moves no more items than the best of all plans', () => {
    const imbalance = fc.constantFrom<number>(1, 1.05, 1.3, 2);
    fc.assert(
      fc.property(devices, devices, costs, imbalance, (before, after, items, maxImbalance) => {
        const plan = distributor.distribute(devicesOf(before), items, {
          strategy: 'capacity',
          costs: (item) => item,
        });
        const { distribution, movedCount, moves, isMinimal } = distributor.rebalance(
          plan,
          devicesOf(after),
          { maxImbalance },
        );
        const now = Object.keys(after);
        const owners = placesOf(plan, now);
        const one: SmallCase = { speeds: Object.values(after), costs: items, owners, maxImbalance };
        const speeds = Object.values(after).reduce((a, b) => a + b, 0);
        const work = speeds === 0 ? 0 : items.reduce((a, b) => a + b, 0);
        const best = bestByTrial(one, speeds === 0 ? 0 : (maxImbalance * work) / speeds);
        expect(isMinimal).toBe(true);
        expect(distribution.unassignedCount).toBe(best.unassigned);
        expect(movedCount).toBe(best.moves);
        expect(moves).toHaveLength(movedCount);
        const made = placesOf(distribution, now);
        expect(made.filter((place, index) => place !== owners[index])).toHaveLength(movedCount);
      }),
      { numRuns: 2000 },
    );
  });

  it('says which items move, from where and to where', () => {
    const items = ['p', 'q', 'r', 's'];
    const plan = distributor.distribute(devicesOf({ a: 1, b: 1 }), items);
    const { distribution, ...told } = distributor.rebalance(plan, devicesOf({ a: 1, c: 1 }));
    expect(told).toEqual({
      moves: [
        { index: 2, from: 'b', to: 'c' },
        { index: 3, from: 'b', to: 'c' },
      ],
      movedCount: 2,
      imbalance: 1,
      isBalanced: true,
      isMinimal: true,
    });
    expect(distribution).toBeInstanceOf(Distribution);
    expect(distribution.assignments.get('c')).toEqual(['r', 's']);
  });

  it('leaves a plan alone that is within the stated imbalance', () => {
    const plan = distributor.distribute(devicesOf({ a: 1, b: 1 }), 100, { strategy: 'capacity' });
    const degraded = devicesOf({ a: 1, b: 0.9 });
    expect(distributor.rebalance(plan, degraded, { maxImbalance: 1.06 }).movedCount).toBe(0);
    const { movedCount, imbalance } = distributor.rebalance(plan, degraded, { maxImbalance: 1.02 });
    expect(movedCount).toBe(2);
    expect(imbalance).toBeLessThanOrEqual(1.02);
  });

  it('keeps to the limits that were stated, unless others are', () => {
    const plan = distributor.distribute(devicesOf({ a: 1, b: 1 }), 4, {
      maxPerDevice: 3,
      limits: { b: { items: 2 } },
    });
    const alone = distributor.rebalance(plan, devicesOf({ b: 1 })).distribution;
    expect(alone.counts.get('b')).toBe(2);
    expect(alone.unassignedReasons.map(({ code }) => code)).toEqual(['limit-items', 'limit-items']);
    const { distribution } = distributor.rebalance(plan, devicesOf({ b: 1 }), {
      limits: { b: { items: 9 } },
    });
    expect(distribution.counts.get('b')).toBe(3);
    const again = distributor.rebalance(alone, devicesOf({ b: 1, c: 1 })).distribution;
    expect([...again.counts.values()]).toEqual([2, 2]);
  });

  it('keeps to free memory', () => {
    const plan = distributor.distribute([{ deviceId: 'a' }, { deviceId: 'b' }], [1, 2, 3, 4], {
      bytes: (item) => item,
    });
    const { distribution } = distributor.rebalance(plan, [{ deviceId: 'a', freeMemoryBytes: 5 }]);
    const kept = distribution.itemsOf('a') ?? [];
    expect(kept.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(5);
    expect(distribution.unassignedReasons.every(({ code }) => code === 'memory')).toBe(true);
  });

  it('refuses to leave items over where the former plan was to leave none', () => {
    const options = { overflow: 'throw', maxPerDevice: 2 } as const;
    const plan = distributor.distribute(devicesOf({ a: 1, b: 1 }), 4, options);
    refusal('ERR_GPU_UNASSIGNED', () => distributor.rebalance(plan, devicesOf({ a: 1 })));
  });

  it('takes plans of ids and capacities as well', () => {
    const plan = distributor.distributeUniform(['a', 'b'], [1, 2, 3, 4]);
    expect(distributor.rebalance(plan, devicesOf({ b: 1, c: 1 })).movedCount).toBe(2);
  });

  it('refuses what is no distribution, and options that mean nothing', () => {
    const plan = distributor.distribute([], 0);
    refusal('ERR_GPU_INVALID_TYPE', () => distributor.rebalance({} as never, []));
    refusal('ERR_GPU_OUT_OF_RANGE', () => distributor.rebalance(plan, [], { maxImbalance: 0.9 }));
    const many = distributor.distribute(devicesOf({ a: 1 }), 2 ** 26 + 1);
    refusal('ERR_GPU_OUT_OF_RANGE', () => distributor.rebalance(many, []));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => distributor.rebalance(plan, [], { max: 1 } as never));
  });

  it('goes over a million items with costs', () => {
    const costs = new Float64Array(1e6).map((_, index) => 1 + (index % 7));
    const all = Object.fromEntries('abcdefgh'.split('').map((id) => [id, 1]));
    const plan = distributor.distribute(devicesOf(all), 1e6, { strategy: 'capacity', costs });
    const { distribution, movedCount } = distributor.rebalance(plan, devicesOf({ ...all, a: 0.5 }));
    expect(distribution.imbalance).toBeLessThanOrEqual(1.05 + 1e-9);
    expect(movedCount).toBeLessThan(125_000);
  });
});
