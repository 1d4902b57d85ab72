import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GPUDevice } from '../../../lib/device.js';
import { GPUClusteringManager } from '../../../lib/manager.js';
import { Board, type BoardOptions } from '../../../lib/selection/board.js';
import type { LoadFigures, LoadSource } from '../../../lib/selection/load-source.js';
import { scoreOf } from '../../../lib/selection/policies/score.js';
import { isImplausible } from '../../../lib/selection/sensors.js';
import { ManualCluster } from '../../../lib/telemetry/manual-cluster.js';
import { readSample } from '../../../lib/telemetry/recording.generated.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';
import { clusterOf, gpu, sample } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

/** What `selectBestDevice()` says, by a look at everything. */
function bestOf(manager: GPUClusteringManager): string | undefined {
  let best: { readonly deviceId: string; readonly score: number } | undefined;
  for (const device of manager.listDevices()) {
    const { deviceId } = device;
    const metrics = manager.getMetrics(deviceId);
    if (metrics === undefined || device.migEnabled || isImplausible(metrics)) continue;
    const score = scoreOf(device, metrics) ?? 0;
    if (score > (best?.score ?? 0)) best = { deviceId, score };
  }
  return best?.deviceId;
}

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const values = fc.record(
  {
    computeUtilizationPercent: fc.constantFrom(0, 25, 50, 100),
    memoryUsedBytes: fc.constantFrom(0, 6e9, 24e9),
    memoryTotalBytes: fc.constant(24e9),
    temperatureCelsius: fc.constantFrom(0, 50, 90, 130),
    powerWatts: fc.constantFrom(0, 100),
  },
  { requiredKeys: [] },
);

type Step = (manager: GPUClusteringManager, stepMs: number) => void;

function has(manager: GPUClusteringManager, deviceId: string): boolean {
  return manager.getDevice(deviceId) !== undefined;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(id, fc.record({ migEnabled: fc.constantFrom(true, undefined) }))
    .map(([deviceId, { migEnabled }]): Step => {
      const more: Partial<GPUDevice> = migEnabled === undefined ? {} : { migEnabled };
      return (manager) => manager.registerDevice(gpu(deviceId, more));
    }),
  id.map(
    (deviceId): Step =>
      (manager) => {
        manager.unregisterDevice(deviceId);
      },
  ),
  fc.tuple(id, values).map(
    ([deviceId, known]): Step =>
      (manager, timestampMs) => {
        const recorded = { deviceId, timestampMs, ...known };
        if (has(manager, deviceId)) manager.recordMetrics(recorded as GPUMetrics);
      },
  ),
  fc.tuple(id, fc.array(fc.nat(100), { minLength: 1, maxLength: 4 })).map(
    ([deviceId, computeUtilizationPercent]): Step =>
      (manager, atMs) => {
        const timestampsMs = computeUtilizationPercent.map(() => atMs);
        if (has(manager, deviceId)) {
          manager.recordMany({ deviceId, timestampsMs, computeUtilizationPercent });
        }
      },
  ),
);

describe('the best device, kept ready', () => {
  it('is the one that a look at everything finds, after each step', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 60 }), (steps) => {
        const manager = new GPUClusteringManager();
        for (const [index, [run, isLookedAt]] of steps.entries()) {
          run(manager, 1000 + index);
          if (!isLookedAt) continue;
          const best = bestOf(manager);
          expect(manager.selectBestDevice()).toBe(best);
          expect(manager.selectBestDevice({})).toBe(best);
          const [first] = manager.rankDevices();
          expect(first !== undefined && first.score > 0 ? first.deviceId : undefined).toBe(best);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is told to who listens for choices', () => {
    const manager = clusterOf(gpu('a'));
    const heard: unknown[] = [];
    const listen = (message: unknown) => heard.push(message);
    subscribe('gpuring:select', listen);
    try {
      manager.selectBestDevice();
      manager.recordMetrics(sample('a'));
      manager.selectBestDevice();
      manager.selectBestDevice({ policy: 'pack' });
      manager.rankDevices();
    } finally {
      unsubscribe('gpuring:select', listen);
    }
    manager.selectBestDevice();
    expect(heard).toEqual([{}, { deviceId: 'a' }, { deviceId: 'a' }]);
  });

  it('is refused once the cluster is shut down', async () => {
    const manager = clusterOf(gpu('a'));
    manager.recordMetrics(sample('a'));
    expect(manager.selectBestDevice()).toBe('a');
    const closed = manager.shutdown();
    refusal('ERR_GPU_CLOSED', () => manager.selectBestDevice());
    await closed;
  });

  it('is refused where reading the request shut the cluster down', () => {
    const manager = clusterOf(gpu('a'));
    const request = {
      get minMemoryBytes() {
        void manager.shutdown();
        return 0;
      },
    };
    refusal('ERR_GPU_CLOSED', () => manager.selectBestDevice(request));
  });

  it('may be asked for by the very function that says how fast devices are', () => {
    const asked: (string | undefined)[] = [];
    const manager = new GPUClusteringManager({
      leases: {
        speedOf: () => {
          asked.push(manager.selectBestDevice());
          return 1;
        },
      },
    });
    manager.registerDevice(gpu('a'));
    manager.recordMetrics(sample('a'));
    expect(manager.selectBestDevice()).toBe('a');
    expect(asked).toEqual(['a']);
  });

  it('does not hide that this function is wrong', () => {
    let speed = 0;
    const manager = new GPUClusteringManager({ leases: { speedOf: () => speed } });
    manager.registerDevice(gpu('a'));
    manager.recordMetrics(sample('a'));
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.selectBestDevice());
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.rankDevices());
    speed = 2;
    expect(manager.selectBestDevice()).toBe('a');
  });
});

/** Loads that a test sets. */
class Loads implements LoadSource {
  readonly inFlight: number[] = [];
  reads = 0;
  lists = 0;
  catchUp(): void {}
  listed(): void {
    this.lists += 1;
  }
  readInto(index: number, figures: LoadFigures): void {
    this.reads += 1;
    figures.inFlight = this.inFlight[index] ?? 0;
    figures.reservedBytes = 1e9 * figures.inFlight;
    figures.leasedBytes = 2e9 * figures.inFlight;
    figures.unseenBytes = 0.5e9 * figures.inFlight;
  }
}

function boardOf(
  devices: readonly GPUDevice[],
  options: Partial<BoardOptions> = {},
): { readonly board: Board; readonly cluster: ManualCluster; readonly loads: Loads } {
  const cluster = new ManualCluster({ maxHistory: 10, maxGapMs: Infinity, nowMs: () => 5000 });
  for (const device of devices) cluster.register(device);
  const board = new Board({ feed: cluster.feed, seed: 7, ...options });
  const loads = new Loads();
  board.attach(loads);
  board.refresh();
  return { board, cluster, loads };
}

describe('the least loaded device, kept ready', () => {
  it('has the least in flight for its speed, of equals the emptier', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(1, 2, 4), { minLength: 1, maxLength: 9 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(5)), { maxLength: 40 }),
        (speeds, changes) => {
          const devices = speeds.map((computeUnits, index) => gpu(`${index}`, { computeUnits }));
          const { board, loads } = boardOf(devices);
          for (const [place, inFlight] of changes) {
            const index = place % devices.length;
            loads.inFlight[index] = inFlight;
            board.loadChanged(index, 64 * inFlight);
            const rankOf = (at: number) => {
              const held = loads.inFlight[at] ?? 0;
              return [(held + 1) / (speeds[at] ?? 1), held] as const;
            };
            const best = devices
              .map((_, at) => rankOf(at))
              .reduce((a, b) => (b[0] < a[0] || (b[0] === a[0] && b[1] < a[1]) ? b : a));
            expect(rankOf(board.fastest())).toEqual(best);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('takes any of equals, by the seed', () => {
    const first = (seed: number) => {
      const { board } = boardOf([gpu('a'), gpu('b'), gpu('c'), gpu('d')], { seed });
      return board.fastest();
    };
    const firsts = Array.from({ length: 64 }, (_, seed) => first(seed));
    expect(new Set(firsts).size).toBe(4);
    expect(first(3)).toBe(first(3));
  });

  it('gives each of equals its turn, in no order, when one lease follows another', () => {
    const { board } = boardOf(Array.from({ length: 8 }, (_, at) => gpu(`${at}`)));
    const taken = Array.from({ length: 4000 }, () => {
      const index = board.fastest();
      board.loadChanged(index, 64);
      board.loadChanged(index, 0);
      return index;
    });
    for (let at = 0; at < 8; at++) {
      expect(taken.filter((index) => index === at).length).toBeGreaterThan(350);
    }
    const again = taken.filter((index, at) => index === taken[at - 1]).length;
    expect(again).toBeGreaterThan(200);
    expect(again).toBeLessThan(1200);
  });

  it('takes none that is full', () => {
    const { board } = boardOf([gpu('a'), gpu('b')], { maxInFlight: 2 });
    board.loadChanged(0, 64 * 2);
    expect(board.fastest()).toBe(1);
    board.loadChanged(1, 64 * 1.5);
    expect(board.fastest()).toBe(-1);
    board.loadChanged(0, 64 * 1);
    expect(board.fastest()).toBe(0);
  });

  it('needs no telemetry, but no broken sensors either', () => {
    const { board, cluster } = boardOf([gpu('a', { migEnabled: true }), gpu('b')]);
    expect(board.fastest()).toBe(1);
    const zeros = { temperatureCelsius: 0, powerWatts: 0, clockRateMhz: 0, memoryUsedBytes: 0 };
    readSample(sample('b', zeros));
    cluster.store.add(undefined);
    board.refresh();
    expect(board.fastest()).toBe(-1);
  });
});

describe('the views of a board', () => {
  it('read the ledger when somebody wants to know, and once', () => {
    const { board, loads } = boardOf([gpu('a'), gpu('b')]);
    const before = loads.reads;
    loads.inFlight[1] = 3;
    board.loadChanged(1, 64 * 3);
    expect(loads.reads).toBe(before);
    expect(board.views[1]).toMatchObject({ inFlight: 3, reservedBytes: 3e9, leasedBytes: 6e9 });
    expect(loads.reads).toBe(before + 1);
  });

  it('count memory that is leased once, and as used until a sample shows it free', () => {
    const { board, cluster, loads } = boardOf([gpu('a')]);
    const [view] = board.views;
    expect(view?.freeMemoryBytes).toBeUndefined();
    readSample(sample('a', { memoryUsedBytes: 10e9 }));
    cluster.store.add(undefined);
    board.refresh();
    expect(view?.freeMemoryBytes).toBe(14e9);
    loads.inFlight[0] = 2;
    board.loadChanged(0, 64 * 2);
    expect(view?.freeMemoryBytes).toBe(14e9 - 2e9 - 1e9);
    loads.inFlight[0] = 11;
    board.loadChanged(0, 64 * 11);
    expect(view?.freeMemoryBytes).toBe(0);
  });

  it('stay the same objects, and a new list is a new array', () => {
    const { board, cluster } = boardOf([gpu('a'), gpu('b')]);
    const { views } = board;
    cluster.register(gpu('a', { name: 'renamed' }));
    cluster.register(gpu('c'));
    board.refresh();
    expect(views).toHaveLength(2);
    expect(board.views.slice(0, 2)).toEqual(views);
    expect(board.views[0]).toBe(views[0]);
    expect(views[0]?.device.name).toBe('renamed');
    expect([0, 1, 2].map((index) => board.rowOf(index))).toEqual([0, 1, 2]);
    cluster.unregister('b');
    cluster.register(gpu('b'));
    board.refresh();
    expect(board.views.map(({ device }) => device.deviceId)).toEqual(['a', 'c', 'b']);
    expect([board.rowOf(2), board.numberOf(2)]).toEqual([1, 3]);
    expect(board.views[2]).not.toBe(views[1]);
  });

  it('know the age of a sample, and when it began', () => {
    const { board, cluster } = boardOf([gpu('a')]);
    expect(board.views[0]?.ageMs(5000)).toBeUndefined();
    expect(board.sampleStartMs(0)).toBe(-Infinity);
    readSample(sample('a', { timestampMs: 4000 }));
    cluster.store.add(undefined);
    const { views, nowMs } = board.scene();
    expect([nowMs, views[0]?.ageMs(nowMs), board.sampleStartMs(0)]).toEqual([5000, 1000, 4000]);
    expect(views[0]?.ageMs(3000)).toBe(0);
    expect(board.sampleNowMs()).toBe(5000);
  });
});
