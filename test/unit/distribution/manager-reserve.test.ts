import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Distribution } from '../../../lib/distribution/distribution.js';
import type { DistributionJob } from '../../../lib/distribution/job.js';
import type { Lease } from '../../../lib/leases/lease.js';
import type { LeaseRefusal } from '../../../lib/leases/lease-request.js';
import { GPUClusteringManager } from '../../../lib/manager.js';
import { gpu, sample } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

const gib = 2 ** 30;

/** Cards of 24 GB, empty. */
function cluster(maxInFlight = Infinity, ids: readonly string[] = ['a', 'b']) {
  const manager = new GPUClusteringManager({ leases: { maxInFlight } });
  for (const deviceId of ids) {
    manager.registerDevice(gpu(deviceId, { computeUnits: 100 }));
    manager.recordMetrics(sample(deviceId, { timestampMs: Date.now() }));
  }
  return manager;
}

function loads(manager: GPUClusteringManager) {
  return manager
    .leaseStatus()
    .devices.map(({ inFlight, leasedBytes }) => ({ inFlight, leasedBytes }));
}

const nothing = { inFlight: 0, leasedBytes: 0 };

describe('distribute with reserve', () => {
  it('holds a lease on each device that got something, of all it got', async () => {
    const manager = cluster();
    const plan = manager.distribute([2, 1, 1], {
      strategy: 'capacity',
      costs: (item) => item,
      bytes: gib,
      reserve: true,
    });
    expect([...(plan.leases?.keys() ?? [])]).toEqual(['a', 'b']);
    expect(loads(manager)).toEqual([
      { inFlight: 2, leasedBytes: gib },
      { inFlight: 2, leasedBytes: 2 * gib },
    ]);
    plan.release();
    plan.release();
    expect(loads(manager)).toEqual([nothing, nothing]);
    await manager.shutdown();
  });

  it('takes no lease of a device that got nothing, and none unless asked', async () => {
    const manager = cluster();
    expect([...(manager.distribute(1, { reserve: {} }).leases?.keys() ?? [])]).toEqual(['a']);
    expect(manager.distribute(1, { reserve: false }).leases).toBeUndefined();
    expect(manager.distribute(1).leases).toBeUndefined();
    expect(manager.distribute(0, { reserve: true }).leases).toEqual(new Map());
    await manager.shutdown();
  });

  it('plans within maxInFlight and what others hold; what is left over is said', async () => {
    const manager = cluster(4);
    const lease = await manager.acquire({ deviceIds: ['a'], weight: 3 });
    const plan = manager.distribute(9, { reserve: true });
    expect([...plan.counts.values()]).toEqual([1, 4]);
    expect(plan.unassignedReasons.map(({ code }) => code)).toEqual(
      new Array<string>(4).fill('limit-cost'),
    );
    refusal('ERR_GPU_UNASSIGNED', () =>
      manager.distribute(1, { reserve: true, overflow: 'throw' }),
    );
    expect(loads(manager).map(({ inFlight }) => inFlight)).toEqual([4, 4]);
    lease.release();
    plan.release();
    await manager.shutdown();
  });

  it('plans within free memory, that of other leases gone', async () => {
    const manager = cluster(Infinity, ['a']);
    const lease = await manager.acquire({ memoryBytes: 20e9 });
    const plan = manager.distribute(9, { strategy: 'capacity', bytes: 1e9, reserve: true });
    expect(plan.counts.get('a')).toBe(4);
    expect(loads(manager)[0]?.leasedBytes).toBeLessThanOrEqual(24e9);
    lease.release();
    plan.release();
    await manager.shutdown();
  });

  it('leaves devices to those who wait for them', async () => {
    const manager = cluster(2);
    const first = await manager.acquire({ deviceIds: ['a'] });
    const waiting = manager.acquire({ deviceIds: ['a'], weight: 2 });
    const plan = manager.distribute(4, { reserve: true });
    expect([...plan.counts.values()]).toEqual([0, 2]);
    first.release();
    (await waiting).release();
    plan.release();
    await manager.shutdown();
  });

  it('ends leases after their time to live', async () => {
    const manager = cluster();
    const plan = manager.distribute(2, { reserve: { ttlMs: 1 } });
    const lease = plan.leases?.get('a');
    await new Promise<void>((resolve) => {
      lease?.signal.addEventListener('abort', () => resolve());
    });
    expect(lease?.released).toBe(true);
    await manager.shutdown();
  });

  it('plans again without a device that is lost between plan and leases', async () => {
    const manager = cluster();
    const assign = () => {
      manager.unregisterDevice('b');
      return { counts: [1, 1] };
    };
    const strategy = {
      name: 'mine',
      assign: ({ deviceIds }: DistributionJob) =>
        deviceIds.length === 2 ? assign() : { counts: [2] },
    };
    const plan = manager.distribute(2, { strategy, reserve: true });
    expect([...(plan.leases?.keys() ?? [])]).toEqual(['a']);
    expect(loads(manager)).toEqual([{ inFlight: 2, leasedBytes: 0 }]);
    plan.release();
    await manager.shutdown();
  });

  it('holds nothing when others are faster again and again', async () => {
    const manager = cluster(8);
    const others: (Lease | LeaseRefusal)[] = [];
    const strategy = {
      name: 'slow',
      assign: ({ costLimits }: DistributionJob) => {
        others.push(manager.tryAcquire({ deviceIds: ['b'] }));
        return { counts: costLimits ?? [] };
      },
    };
    const message = refusal('ERR_GPU_RESERVATION_FAILED', () =>
      manager.distribute(16, { strategy, reserve: true }),
    );
    expect(message).toContain('"b"');
    expect(others).toHaveLength(4);
    expect(loads(manager).map(({ inFlight }) => inFlight)).toEqual([0, 4]);
    await manager.shutdown();
  });

  it('never fails where nobody else takes anything, and holds what is planned', () => {
    const item = fc.record({
      cost: fc.oneof(fc.constantFrom(0, 1, 0.1, 0.7), fc.double({ min: 0, max: 3, noNaN: true })),
      bytes: fc.oneof(fc.constantFrom(0, 1, 1023, 1024), fc.integer({ min: 0, max: 9e9 })),
    });
    const held = fc.record({ weight: fc.integer({ min: 0, max: 9 }), bytes: fc.nat({ max: 9e9 }) });
    const strategy = fc.constantFrom(
      'uniform' as const,
      'capacity' as const,
      'least-loaded' as const,
    );
    const maxInFlight = fc.constantFrom(0.5, 3, 7.3, 1000, Infinity);
    const cases = [fc.array(item, { maxLength: 9 }), held, strategy, maxInFlight] as const;
    fc.assert(
      fc.property(...cases, (items, before, strategy, maxInFlight) => {
        const manager = cluster(maxInFlight);
        const lease = manager.tryAcquire({
          deviceIds: ['a'],
          weight: Math.max(1 / 64, before.weight / 2),
          memoryBytes: before.bytes,
        });
        const leased = loads(manager);
        const costs = items.map(({ cost }) => cost);
        const bytes = items.map((each) => each.bytes);
        const plan = manager.distribute(items, { strategy, costs, bytes, reserve: true });
        for (const [place, deviceId] of ['a', 'b'].entries()) {
          const had = leased[place] ?? nothing;
          const has = loads(manager)[place] ?? nothing;
          const indices = [...(plan.indicesOf(deviceId) ?? [])];
          const sum = (values: readonly number[]) =>
            indices.reduce((all, index) => all + (values[index] ?? 0), 0);
          const [weight, memory] = [has.inFlight - had.inFlight, has.leasedBytes - had.leasedBytes];
          expect(weight).toBeGreaterThanOrEqual(sum(costs) - 1e-9);
          expect(weight).toBeLessThanOrEqual(sum(costs) + 1 / 64);
          expect(memory - sum(bytes)).toBeGreaterThanOrEqual(0);
          expect(memory - sum(bytes)).toBeLessThan(1024);
          expect(has.inFlight).toBeLessThanOrEqual(Math.max(maxInFlight, had.inFlight));
          expect(has.leasedBytes).toBeLessThanOrEqual(24e9);
        }
        plan.release();
        expect(loads(manager)).toEqual(leased);
        if (lease.granted) lease.release();
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses what says nothing', async () => {
    const manager = cluster();
    refusal('ERR_GPU_INVALID_TYPE', () => manager.distribute(1, { reserve: 1 as never }));
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.distribute(1, { reserve: { ttlMs: -1 } }));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => manager.distribute(1, { reserve: { ms: 1 } as never }));
    await manager.shutdown();
  });
});

describe('createDistributor', () => {
  it('shares batches out over the devices there are at the time', async () => {
    const manager = cluster();
    const distributor = manager.createDistributor<string>({ strategy: 'capacity' });
    const takers = ['x', 'y', 'z'].map((item) => takerOf(distributor.distribute([item])));
    expect(takers).toEqual(['a', 'b', 'a']);
    expect([...distributor.carry()]).toEqual([
      ['a', -0.5],
      ['b', 0.5],
    ]);
    manager.registerDevice(gpu('c', { computeUnits: 100 }));
    expect(distributor.carry().get('c')).toBe(0);
    expect(takerOf(distributor.distribute(['x']))).toBe('b');
    expect(takerOf(distributor.distribute(['x']))).toBe('c');
    manager.unregisterDevice('b');
    expect(distributor.distribute(2).deviceIds).toEqual(['a', 'c']);
    await manager.shutdown();
    refusal('ERR_GPU_CLOSED', () => distributor.distribute(1));
    refusal('ERR_GPU_CLOSED', () => distributor.carry());
  });

  it('passes over what is said of devices that are gone, not of some that never were', async () => {
    const manager = cluster();
    const options = { limits: { b: { items: 1 } }, capacities: { a: 1, b: 1 } };
    const distributor = manager.createDistributor(options);
    manager.unregisterDevice('b');
    expect(distributor.distribute(2).counts).toEqual(new Map([['a', 2]]));
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.createDistributor(options));
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.distribute(1, options));
    await manager.shutdown();
  });

  it('remembers nothing of a batch that could not be reserved', async () => {
    const manager = cluster(1);
    const distributor = manager.createDistributor({ reserve: true, overflow: 'throw' });
    const first = distributor.distribute(1);
    const before = [...distributor.carry()];
    refusal('ERR_GPU_UNASSIGNED', () => distributor.distribute(2));
    expect([...distributor.carry()]).toEqual(before);
    first.release();
    expect(takerOf(distributor.distribute(1))).toBe('b');
    await manager.shutdown();
  });
});

function takerOf({ counts }: Distribution<unknown>): string | undefined {
  return [...counts.keys()].find((deviceId) => counts.get(deviceId) === 1);
}

describe('manager.rebalance', () => {
  it('moves what a device held that is gone, and no more', async () => {
    const manager = cluster(Infinity, ['a', 'b', 'c']);
    const plan = manager.distribute(9, { strategy: 'capacity' });
    manager.unregisterDevice('b');
    const { moves, movedCount, isMinimal, distribution } = manager.rebalance(plan);
    expect({ movedCount, isMinimal }).toEqual({ movedCount: 3, isMinimal: true });
    expect(moves.every(({ from }) => from === 'b')).toBe(true);
    expect(distribution.deviceIds).toEqual(['a', 'c']);
    expect(manager.rebalance(distribution).movedCount).toBe(0);
    await manager.shutdown();
  });

  it('asks of devices what its constraints say, and takes capacities as they are now', async () => {
    const manager = cluster();
    const plan = manager.distribute(10, { strategy: 'capacity' });
    const slower = manager.rebalance(plan, { capacities: { a: 1, b: 4 }, maxImbalance: 1 });
    expect([...slower.distribution.counts.values()]).toEqual([2, 8]);
    const { distribution } = manager.rebalance(plan, { excludeDeviceIds: ['a'] });
    expect(distribution.counts).toEqual(new Map([['b', 10]]));
    await manager.shutdown();
  });

  it('does not count what the plan itself holds, but what others do', async () => {
    const manager = cluster();
    const plan = manager.distribute(8, {
      strategy: 'least-loaded',
      bytes: 2e9,
      reserve: true,
    });
    expect(manager.rebalance(plan).movedCount).toBe(0);
    const lease = await manager.acquire({ deviceIds: ['a'], weight: 4 });
    expect(manager.rebalance(plan, { maxImbalance: 1 }).movedCount).toBe(2);
    plan.release();
    expect(manager.rebalance(plan, { maxImbalance: 1 }).movedCount).toBe(2);
    lease.release();
    await manager.shutdown();
  });
});
