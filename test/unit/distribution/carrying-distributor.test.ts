import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Distributor } from '../../../lib/distribution/carrying-distributor.js';
import { WorkloadDistributor } from '../../../lib/distribution/distributor.js';
import type { DistributionDevice } from '../../../lib/distribution/standalone-devices.js';
import { refusal } from '../../support/refusal.js';

const big = { deviceId: 'big', speed: 9 };
const small = { deviceId: 'small', speed: 1 };

function totalsOf(distributor: Distributor, batches: readonly number[]): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const itemCount of batches) {
    for (const [id, count] of distributor.distribute(itemCount).counts) {
      totals[id] = (totals[id] ?? 0) + count;
    }
  }
  return totals;
}

describe('batches through a Distributor', () => {
  it('reach small devices, where each batch alone would pass them over', () => {
    const distributor = new Distributor([big, small], { strategy: 'capacity' });
    expect(totalsOf(distributor, new Array<number>(1000).fill(1))).toEqual({
      big: 900,
      small: 100,
    });
    for (const behind of distributor.carry().values()) expect(behind).toBeCloseTo(0, 9);
  });

  it('are each whole: every item once, in order', () => {
    const distributor = new Distributor<string>([big, small], { strategy: 'capacity' });
    const seen: string[] = [];
    for (const batch of [['a', 'b', 'c'], [], ['d'], ['e', 'f']]) {
      const { assignments, unassigned } = distributor.distribute(batch);
      expect(unassigned).toEqual([]);
      seen.push(...[...assignments.values()].flat());
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('may be typed arrays, handed out as views', () => {
    const distributor = new Distributor([big, small]);
    const items = Float32Array.of(1, 2, 3);
    const list = distributor.distribute(items).itemsOf('big');
    expect(list).toBeInstanceOf(Float32Array);
    expect(list?.buffer).toBe(items.buffer);
  });

  it('with costs go to who is behind in cost', () => {
    const distributor = new Distributor<number>([{ deviceId: 'a' }, { deviceId: 'b' }], {
      strategy: 'capacity',
      costs: (item) => item,
    });
    const takers = [6, 1, 2, 3, 1].map((cost) => {
      const { counts } = distributor.distribute([cost]);
      return [...counts.keys()].find((id) => counts.get(id) === 1);
    });
    expect(takers).toEqual(['a', 'b', 'b', 'b', 'a']);
  });

  it('by uniform go round, whatever items cost', () => {
    const distributor = new Distributor<number>([{ deviceId: 'a' }, { deviceId: 'b' }], {
      costs: (item) => item,
    });
    const totals = [0, 0];
    for (const batch of [[100], [1, 2, 3], [1], [5, 1, 1], [9], [2]]) {
      const { counts } = distributor.distribute(batch);
      for (const [place, count] of [...counts.values()].entries()) {
        totals[place] = (totals[place] ?? 0) + count;
      }
      expect(Math.abs((totals[0] ?? 0) - (totals[1] ?? 0))).toBeLessThanOrEqual(1);
    }
  });

  it('never pass maxPerDevice, and lose nothing', () => {
    const batches = fc.array(fc.nat({ max: 9 }), { maxLength: 20 });
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 3 }), (sizes, maxPerDevice) => {
        const distributor = new Distributor([big, small, { deviceId: 'idle', speed: 0 }], {
          strategy: 'capacity',
          maxPerDevice,
        });
        for (const size of sizes) {
          const { counts, unassignedCount } = distributor.distribute(size);
          const given = [...counts.values()];
          for (const count of given) expect(count).toBeLessThanOrEqual(maxPerDevice);
          expect(counts.get('idle')).toBe(0);
          expect(given.reduce((a, b) => a + b, 0) + unassignedCount).toBe(size);
          expect(unassignedCount).toBe(Math.max(0, size - 2 * maxPerDevice));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are not remembered when they are refused', () => {
    const distributor = new Distributor<number>([big, small], {
      strategy: 'capacity',
      overflow: 'throw',
      limits: { big: { items: 2 }, small: { items: 2 } },
      costs: (item) => item,
    });
    distributor.distribute([1]);
    const before = [...distributor.carry()];
    refusal('ERR_GPU_UNASSIGNED', () => distributor.distribute([1, 1, 1, 1, 1]));
    refusal('ERR_GPU_OUT_OF_RANGE', () => distributor.distribute([1, -1]));
    expect([...distributor.carry()]).toEqual(before);
  });
});

describe('devices of a Distributor', () => {
  const strategy = { strategy: 'capacity' } as const;

  it('that are new start level, and those that are gone are forgotten', () => {
    const distributor = new Distributor([big, small], strategy);
    totalsOf(distributor, new Array<number>(995).fill(1));
    distributor.devices = [big, small, { deviceId: 'new', speed: 10 }];
    expect(distributor.carry().get('new')).toBe(0);
    expect(totalsOf(distributor, new Array<number>(20).fill(1))).toMatchObject({ new: 10 });
    distributor.devices = [big];
    distributor.devices = [big, small];
    expect(distributor.carry().get('small')).toBe(0);
  });

  it('that change speed take by their new one from then on', () => {
    const distributor = new Distributor([big, small], strategy);
    distributor.distribute(100);
    distributor.devices = [
      { deviceId: 'big', speed: 1 },
      { deviceId: 'small', speed: 1 },
    ];
    expect(totalsOf(distributor, new Array<number>(100).fill(1))).toEqual({ big: 50, small: 50 });
  });

  it('may go though limits name them', () => {
    const limits = { small: { items: 1 } };
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => new Distributor([big], { limits }));
    const distributor = new Distributor([big, small], { limits });
    distributor.devices = [big];
    expect(distributor.distribute(3).counts).toEqual(new Map([['big', 3]]));
  });

  it('stay as they are when others are refused', () => {
    const devices: readonly DistributionDevice[] = [big, small];
    const distributor = new Distributor(devices, strategy);
    refusal('ERR_GPU_OUT_OF_RANGE', () => {
      distributor.devices = [big, { deviceId: 'small', speed: -1 }];
    });
    expect(distributor.devices).toEqual(devices);
    expect(distributor.distribute(10).counts.get('small')).toBe(1);
  });

  it('may be none: nothing is assigned, and that is said', () => {
    const { unassigned, unassignedReasons } = new Distributor<string>([]).distribute(['x']);
    expect(unassigned).toEqual(['x']);
    expect(unassignedReasons[0]?.code).toBe('no-device');
  });
});

describe('named strategies through a Distributor', () => {
  const devices = [{ deviceId: 'a' }, { deviceId: 'b' }, { deviceId: 'c' }];

  it('keep each key at its home, however small the batches, and spread new keys', () => {
    const distributor = new Distributor<string>(devices, { strategy: 'locality' });
    const home = new Map<string, string | undefined>();
    const batches = fc.array(fc.array(fc.constantFrom(...'uvwxyz'), { maxLength: 1 }), {
      maxLength: 20,
    });
    const send = (key: string) => {
      const { counts } = distributor.distribute([key]);
      const device = devices.find(({ deviceId }) => counts.get(deviceId) === 1);
      expect(home.get(key) ?? device?.deviceId).toBe(device?.deviceId);
      home.set(key, device?.deviceId);
    };
    for (const key of 'uvwxyz') send(key);
    const homes = [...home.values()];
    expect(devices.map(({ deviceId }) => homes.filter((id) => id === deviceId).length)).toEqual([
      2, 2, 2,
    ]);
    fc.assert(
      fc.property(batches, (all) => all.flat().forEach(send)),
      { numRuns: 200 },
    );
  });

  it('forget which keys were at home on a device that is gone', () => {
    const [a, b] = [{ deviceId: 'a' }, { deviceId: 'b' }];
    const distributor = new Distributor<string>([a, b], { strategy: 'locality' });
    expect(distributor.distribute(['x', 'y']).itemsOf('a')).toEqual(['x']);
    distributor.devices = [b];
    distributor.devices = [b, a];
    expect(distributor.distribute(['x']).itemsOf('b')).toEqual(['x']);
  });

  it('let go of a key only where a batch alone is too much for its home', () => {
    const distributor = new Distributor<string>(devices, { strategy: 'locality' });
    for (let batch = 0; batch < 50; batch += 1) distributor.distribute(['hot']);
    const { counts } = distributor.distribute(new Array<string>(30).fill('hot'));
    expect(counts.get('a')).toBeGreaterThanOrEqual(12);
    expect(counts.get('a')).toBeLessThanOrEqual(14);
  });

  it('share costs out evenly in the long run, by cost', () => {
    const distributor = new Distributor<number>(devices, {
      strategy: 'cost',
      costs: (item) => item,
    });
    const totals = new Map<string, number>();
    for (let batch = 0; batch < 90; batch += 1) {
      for (const [deviceId, items] of distributor.distribute([1 + (batch % 7)]).assignments) {
        const cost = items.reduce((a, b) => a + b, 0);
        totals.set(deviceId, (totals.get(deviceId) ?? 0) + cost);
      }
    }
    const costs = [...totals.values()];
    expect(Math.max(...costs) - Math.min(...costs)).toBeLessThanOrEqual(2 * 7);
  });

  it('do with hash and memory what each batch alone does', () => {
    const carrying = new Distributor<string>(devices, { strategy: 'hash' });
    const alone = new WorkloadDistributor();
    for (const batch of [['k', 'l'], ['k'], ['m', 'k', 'l']]) {
      const { assignments } = carrying.distribute(batch);
      const options = { strategy: 'hash' } as const;
      expect(assignments).toEqual(alone.distribute(devices, batch, options).assignments);
    }
    expect([...carrying.carry().values()]).toEqual([0, 0, 0]);
  });
});
