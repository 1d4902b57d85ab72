import { describe, expect, it } from 'vitest';
import { DistributionStrategy } from '../../lib/distribution/strategy.js';
import { GPUClusteringManager } from '../../lib/manager.js';
import type { GPUMetrics } from '../../lib/telemetry/sample.js';
import { clusterOf, gpu, numbers, sample, sizes, untyped } from '../support/cluster.js';
import { refusal } from '../support/refusal.js';

function times(history: readonly GPUMetrics[]): number[] {
  return history.map(({ timestampMs }) => timestampMs);
}

describe('GPUClusteringManager: devices', () => {
  it('lists devices in registration order, never sorted as text', () => {
    const manager = clusterOf(gpu('cuda:2'), gpu('cuda:10'), gpu('cuda:1'));
    expect(manager.listDevices().map(({ deviceId }) => deviceId)).toEqual([
      'cuda:2',
      'cuda:10',
      'cuda:1',
    ]);
    expect(manager.getDevice('cuda:10')).toStrictEqual(gpu('cuda:10'));
    expect(manager.getDevice('cuda:3')).toBeUndefined();
    expect(manager.getDevice('__proto__')).toBeUndefined();
  });

  it('replaces a description and keeps place and history', () => {
    const manager = clusterOf(gpu('a'), gpu('b'));
    manager.recordMetrics(sample('a'));
    manager.registerDevice(gpu('a', { memoryBytes: 48e9 }));
    expect(manager.listDevices().map(({ memoryBytes }) => memoryBytes)).toEqual([48e9, 24e9]);
    expect(manager.getMetricsHistory('a')).toHaveLength(1);
  });

  it('unregisters a device with its samples', () => {
    const manager = clusterOf(gpu('a'), gpu('b'));
    manager.recordMetrics(sample('a'));
    expect(manager.unregisterDevice('a')).toBe(true);
    expect(manager.unregisterDevice('a')).toBe(false);
    expect(manager.unregisterDevice('never')).toBe(false);
    expect(manager.getAggregatedMetrics()).toBeUndefined();
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.getMetrics('a'));
    manager.registerDevice(gpu('a'));
    expect(manager.getMetricsHistory('a')).toEqual([]);
    expect(manager.listDevices().map(({ deviceId }) => deviceId)).toEqual(['b', 'a']);
  });

  it('is not changed through what was handed in or out', () => {
    const mine = { ...gpu('a') };
    const manager = clusterOf(mine);
    mine.memoryBytes = 1;
    const list: unknown[] = untyped(manager.listDevices());
    list.length = 0;
    expect(manager.listDevices()).toStrictEqual([gpu('a')]);
    expect(Reflect.set(manager.getDevice('a') ?? {}, 'name', 'other')).toBe(false);
  });

  it('refuses a malformed device and changes nothing', () => {
    const manager = clusterOf(gpu('a'));
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.registerDevice(gpu('a', { memoryBytes: -1 })));
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.registerDevice(gpu('')));
    refusal('ERR_GPU_INVALID_TYPE', () => manager.registerDevice(untyped(null)));
    refusal('ERR_GPU_INVALID_TYPE', () => manager.getDevice(untyped(1)));
    expect(manager.listDevices()).toStrictEqual([gpu('a')]);
  });
});

describe('GPUClusteringManager: samples', () => {
  it('keeps maxHistory samples, 100 by default', () => {
    for (const [options, kept] of [[undefined, 100] as const, [{ maxHistory: 10 }, 10] as const]) {
      const manager = new GPUClusteringManager(options);
      manager.registerDevice(gpu('a'));
      for (const timestampMs of numbers(120)) manager.recordMetrics(sample('a', { timestampMs }));
      expect(times(manager.getMetricsHistory('a'))).toEqual(numbers(120).slice(-kept));
      expect(manager.getMetrics('a')?.timestampMs).toBe(119);
    }
    refusal('ERR_GPU_OUT_OF_RANGE', () => new GPUClusteringManager({ maxHistory: 0 }));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => new GPUClusteringManager(untyped({ period: 1 })));
    refusal('ERR_GPU_INVALID_TYPE', () => new GPUClusteringManager(untyped(null)));
  });

  it('refuses an unknown device before it looks at values', () => {
    const manager = clusterOf(gpu('a'));
    const message = refusal('ERR_GPU_UNKNOWN_DEVICE', () =>
      manager.recordMetrics(sample('b', { computeUtilizationPercent: 500 })),
    );
    expect(message).toBe('metrics.deviceId: expected a registered device, got "b"');
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.getMetrics('b'));
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.getMetricsHistory('b'));
    refusal('ERR_GPU_OUT_OF_RANGE', () =>
      manager.recordMetrics(sample('a', { computeUtilizationPercent: 500 })),
    );
  });

  it('refuses columns of an unknown device before it looks at values, and after', () => {
    const manager = clusterOf(gpu('a'));
    const columns = { timestampsMs: [1], powerWatts: [-1] };
    const message = refusal('ERR_GPU_UNKNOWN_DEVICE', () =>
      manager.recordMany({ ...columns, deviceId: 'b' }),
    );
    expect(message).toBe('columns.deviceId: expected a registered device, got "b"');
    const meddling = (meddle: () => unknown) =>
      new Proxy([1], {
        get: (target, key) => {
          meddle();
          return Reflect.get(target, key);
        },
      });
    refusal('ERR_GPU_UNKNOWN_DEVICE', () =>
      manager.recordMany({
        deviceId: 'a',
        timestampsMs: meddling(() => manager.unregisterDevice('a')),
      }),
    );
    manager.registerDevice(gpu('a'));
    refusal('ERR_GPU_CLOSED', () =>
      manager.recordMany({ deviceId: 'a', timestampsMs: meddling(() => void manager.shutdown()) }),
    );
  });

  it('changes nothing on a refused sample', () => {
    const manager = clusterOf(gpu('a'));
    manager.recordMetrics(sample('a', { timestampMs: 5 }));
    const bad = { temperatureCelsius: -300, timestampMs: 6 };
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.recordMetrics(sample('a', bad)));
    refusal('ERR_GPU_TIMESTAMP_ORDER', () =>
      manager.recordMetrics(sample('a', { timestampMs: 4 })),
    );
    expect(times(manager.getMetricsHistory('a'))).toEqual([5]);
  });

  it('aggregates the latest sample of the registered devices that have one', () => {
    const manager = clusterOf(gpu('a'), gpu('b'), gpu('c'), gpu('d'));
    expect(manager.getAggregatedMetrics()).toBeUndefined();
    for (const id of ['a', 'b', 'c']) {
      manager.recordMetrics(sample(id, { memoryUsedBytes: 24e9 }));
      manager.recordMetrics(sample(id, { memoryUsedBytes: 8e9, timestampMs: 2000 }));
    }
    expect(manager.getAggregatedMetrics()).toMatchObject({
      deviceCount: 3,
      totalMemoryBytes: 72e9,
      usedMemoryBytes: 24e9,
      availableMemoryBytes: 48e9,
      timestampMs: 2000,
    });
  });

  it('survives getters that call back into the manager', () => {
    const manager = clusterOf(gpu('a'));
    const meddling = {
      ...sample('a'),
      get powerWatts() {
        manager.unregisterDevice('a');
        return 5;
      },
    };
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => manager.recordMetrics(meddling));
    manager.registerDevice(gpu('a'));
    expect(manager.getMetricsHistory('a')).toEqual([]);
    const closing = {
      ...gpu('b'),
      get driverVersion() {
        void manager.shutdown();
        return '1';
      },
    };
    refusal('ERR_GPU_CLOSED', () => manager.registerDevice(closing));
  });
});

describe('GPUClusteringManager: selection', () => {
  it('selects by memory, then explains', () => {
    const manager = clusterOf(gpu('a'), gpu('b'), gpu('silent'));
    manager.recordMetrics(sample('a', { memoryUsedBytes: 20e9 }));
    manager.recordMetrics(sample('b', { memoryUsedBytes: 4e9 }));
    expect(manager.selectBestDevice()).toBe('b');
    expect(manager.rankDevices().map(({ deviceId }) => deviceId)).toEqual(['b', 'a']);
    expect(manager.rankDevices({ minMemoryBytes: 10e9 })).toHaveLength(1);
    expect(manager.explainSelection().map(({ code }) => code)).toEqual([
      'behind',
      'best',
      'no-metrics',
    ]);
    refusal('ERR_GPU_UNKNOWN_POLICY', () => manager.rankDevices(untyped({ policy: 'best' })));
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.selectBestDevice({ minMemoryBytes: -1 }));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => manager.explainSelection(untyped({ memory: 1 })));
  });

  it('selects nothing before the first sample', () => {
    expect(clusterOf(gpu('a')).selectBestDevice()).toBeUndefined();
    expect(clusterOf().rankDevices()).toEqual([]);
  });

  it('gives ties to the earlier registered', () => {
    const manager = clusterOf(gpu('z'), gpu('a'));
    manager.recordMetrics(sample('a'));
    manager.recordMetrics(sample('z'));
    expect(manager.selectBestDevice()).toBe('z');
  });

  it('takes samples of any age unless told otherwise', () => {
    const manager = clusterOf(gpu('a'));
    manager.recordMetrics(sample('a', { timestampMs: Date.now() - 86_400_000 }));
    expect(manager.selectBestDevice()).toBe('a');
    expect(manager.selectBestDevice({ maxAgeMs: 1000 })).toBeUndefined();
  });
});

describe('GPUClusteringManager: distribution', () => {
  const units = [1, 2, 1].map((computeUnits, place) => gpu(`cuda:${10 - place}`, { computeUnits }));

  it('is uniform by default and keeps registration order', () => {
    const { assignments } = clusterOf(...units).distributeWorkload(numbers(10));
    expect([...assignments]).toEqual([
      ['cuda:10', [0, 1, 2, 3]],
      ['cuda:9', [4, 5, 6]],
      ['cuda:8', [7, 8, 9]],
    ]);
  });

  it('takes computeUnits as capacities, and others when given', () => {
    const manager = clusterOf(...units);
    const strategy = DistributionStrategy.Capacity;
    expect(sizes(manager.distributeWorkload(numbers(16), { strategy }).assignments)).toEqual([
      4, 8, 4,
    ]);
    const capacities = { 'cuda:8': 3, 'cuda:9': 1, 'cuda:10': 0 };
    const given = manager.distributeWorkload(numbers(8), { strategy, capacities });
    expect([...given.assignments]).toEqual([
      ['cuda:10', []],
      ['cuda:9', [0, 1]],
      ['cuda:8', [2, 3, 4, 5, 6, 7]],
    ]);
    const map = new Map(Object.entries(capacities));
    expect(manager.distributeWorkload(numbers(8), { strategy, capacities: map })).toEqual(given);
  });

  it.each(['uniform', 'capacity'] as const)('passes maxPerDevice on to %s', (strategy) => {
    const options = { strategy, maxPerDevice: 3 };
    const { assignments, unassigned } = clusterOf(...units).distributeWorkload(
      numbers(10),
      options,
    );
    expect(sizes(assignments)).toEqual([3, 3, 3]);
    expect(unassigned).toEqual([9]);
  });

  it.each(['uniform', 'capacity'] as const)(
    'leaves all unassigned without devices: %s',
    (strategy) => {
      const { assignments, unassigned } = clusterOf().distributeWorkload([1, 2], { strategy });
      expect(assignments.size).toBe(0);
      expect(unassigned).toEqual([1, 2]);
    },
  );

  it.each([
    [{ a: 1, b: 1, ghost: 1 }, 'ERR_GPU_UNKNOWN_DEVICE'],
    [{ a: NaN, b: 1, ghost: 1 }, 'ERR_GPU_UNKNOWN_DEVICE'],
    [{ a: 1 }, 'ERR_GPU_MISSING_CAPACITY'],
    [{}, 'ERR_GPU_MISSING_CAPACITY'],
    [{ a: 0, b: 0 }, 'ERR_GPU_ZERO_CAPACITY'],
    [{ a: -1, b: 1 }, 'ERR_GPU_OUT_OF_RANGE'],
    [{ a: '1', b: 1 }, 'ERR_GPU_INVALID_TYPE'],
    [[1, 1], 'ERR_GPU_INVALID_TYPE'],
    [null, 'ERR_GPU_INVALID_TYPE'],
  ] as const)('refuses the capacities %o under either strategy', (capacities, code) => {
    const manager = clusterOf(gpu('a'), gpu('b'));
    for (const strategy of ['uniform', 'capacity']) {
      const options = { strategy, capacities };
      refusal(code, () => manager.distributeWorkload([1], untyped(options)));
    }
  });

  it('names the device without computeUnits', () => {
    const manager = clusterOf(gpu('a', { computeUnits: 5 }), gpu('b'));
    const message = refusal('ERR_GPU_MISSING_CAPACITY', () =>
      manager.distributeWorkload([1], { strategy: 'capacity' }),
    );
    expect(message).toContain('"b"');
  });

  it('refuses unknown strategies, options and tasks that are no array', () => {
    const manager = clusterOf(gpu('a'));
    for (const strategy of ['Uniform', 'toString', '', 5, null]) {
      const run = () => manager.distributeWorkload([1], untyped({ strategy }));
      expect(refusal('ERR_GPU_UNKNOWN_STRATEGY', run)).toContain('"uniform" or "capacity"');
    }
    refusal('ERR_GPU_UNKNOWN_OPTION', () => manager.distributeWorkload([1], untyped({ max: 1 })));
    refusal('ERR_GPU_INVALID_TYPE', () => manager.distributeWorkload(untyped('abc')));
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.distributeWorkload([1], { maxPerDevice: 0 }));
  });
});

describe('GPUClusteringManager.shutdown', () => {
  const calls: Readonly<Record<string, (manager: GPUClusteringManager) => unknown>> = {
    registerDevice: (manager) => manager.registerDevice(gpu('b')),
    unregisterDevice: (manager) => manager.unregisterDevice('a'),
    getDevice: (manager) => manager.getDevice('a'),
    listDevices: (manager) => manager.listDevices(),
    recordMetrics: (manager) => manager.recordMetrics(sample('a')),
    recordMany: (manager) => manager.recordMany({ deviceId: 'a', timestampsMs: [] }),
    getMetrics: (manager) => manager.getMetrics('a'),
    listMetrics: (manager) => manager.listMetrics(),
    createMetricsReader: (manager) => manager.createMetricsReader(),
    getMetricsHistory: (manager) => manager.getMetricsHistory('a'),
    describe: (manager) => manager.describe('a', 'powerWatts'),
    getDetails: (manager) => manager.getDetails('a'),
    getSeries: (manager) => manager.getSeries('a', 'powerWatts'),
    getTopology: (manager) => manager.getTopology(),
    getAggregatedMetrics: (manager) => manager.getAggregatedMetrics(),
    rankDevices: (manager) => manager.rankDevices(),
    selectBestDevice: (manager) => manager.selectBestDevice(),
    explainSelection: (manager) => manager.explainSelection(),
    distributeWorkload: (manager) => manager.distributeWorkload([1]),
  };

  it.each(Object.entries(calls))('closes %s at once', async (_, call) => {
    const manager = clusterOf(gpu('a'));
    call(manager);
    const closing = manager.shutdown();
    refusal('ERR_GPU_CLOSED', () => call(manager));
    await closing;
    refusal('ERR_GPU_CLOSED', () => call(manager));
  });

  it('comes before any look at the arguments', async () => {
    const manager = clusterOf();
    await manager.shutdown();
    refusal('ERR_GPU_CLOSED', () => manager.recordMetrics(untyped(null)));
    refusal('ERR_GPU_CLOSED', () => manager.recordMany(untyped(null)));
    refusal('ERR_GPU_CLOSED', () => manager.rankDevices(untyped({ policy: 'x' })));
    refusal('ERR_GPU_CLOSED', () => manager.distributeWorkload(untyped(1), untyped({ x: 1 })));
  });

  it('is one promise, however often it is called', async () => {
    const manager = clusterOf();
    const first = manager.shutdown();
    expect(manager.shutdown()).toBe(first);
    await first;
    expect(manager.shutdown()).toBe(first);
    expect(manager[Symbol.asyncDispose]()).toBe(first);
  });
});
