import { describe, expect, it } from 'vitest';
import { RecordedStatistics } from '../../../lib/aggregation/recorded-statistics.js';
import { summarize } from '../../../lib/aggregation/summarize.js';
import { GPUError } from '../../../lib/errors.js';
import type { GPUClusteringManager } from '../../../lib/manager.js';
import { readMetricName } from '../../../lib/telemetry/describe.js';
import { ManualCluster } from '../../../lib/telemetry/manual-cluster.js';
import { readSample } from '../../../lib/telemetry/recording.generated.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';
import { SampleStore } from '../../../lib/telemetry/sample-store.js';
import { gpu } from '../../support/cluster.js';
import { FakeBlock, FakeNative, FakeSession } from '../../support/fake-native.js';
import { liveManager } from '../../support/live-manager.js';
import { refusal } from '../../support/refusal.js';

interface Recorded {
  readonly manager: GPUClusteringManager;
  readonly native: FakeSession['aggregation'];
  record(sample: GPUMetrics): void;
  forget(deviceId: string): void;
}

/** A manager over recorded samples, with a fake addon. */
function recorded(...deviceIds: readonly string[]): Recorded {
  const session = new FakeSession({ block: new FakeBlock() });
  const store = new SampleStore({ maxHistory: 3, maxGapMs: 500 });
  const statistics = new RecordedStatistics(store, () => new FakeNative(session));
  const devices = new Map(deviceIds.map((id) => [id, gpu(id)]));
  const manager = liveManager({
    devices: () => devices,
    store,
    statistics,
    status: () => {
      throw new Error('nobody asks');
    },
    close: async () => statistics.close(),
  });
  return {
    manager,
    native: session.aggregation,
    record: (sample) => store.add(readSample(sample)),
    forget: (deviceId) => {
      store.remove(deviceId);
      devices.delete(deviceId);
    },
  };
}

const watts = (deviceId: string, timestampMs: number, powerWatts: number) => ({
  deviceId,
  timestampMs,
  powerWatts,
});
const power = { metrics: ['powerWatts'], from: 0, to: 100 } as const;

describe('statistics of recorded samples', () => {
  it('are refused where there is no memory for them, rather than shown as 0', () => {
    const { manager, native, record } = recorded('a');
    record(watts('a', 1, 10));
    native.aggregateColumns = () => 0;
    refusal('ERR_GPU_OUT_OF_RANGE', () => manager.aggregate(power));
    const addon = new FakeNative(new FakeSession({ block: new FakeBlock() }));
    addon.summarize = () => 0;
    refusal('ERR_GPU_OUT_OF_RANGE', () => summarize(Float64Array.of(1), {}, addon));
  });

  it('come of the columns as they are, each device by itself or all as one', () => {
    const { manager, native, record } = recorded('a', 'b', 'c');
    for (let at = 1; at <= 5; at++) record(watts('a', at, 10 * at));
    record(watts('c', 7, 70));
    native.recordOf = (place) => ({ count: 1, mean: place ?? 9 });
    const means = manager.aggregate(power).map(({ metrics }) => metrics.powerWatts.mean);
    expect(means).toEqual([0, undefined, 1]);
    const [asked] = native.asked;
    expect(asked).toMatchObject({ by: 0, from: 0, to: 100, maxGapMs: 500, counter: false });
    const columns = asked?.columns?.map(({ times, values, oldest, count }) =>
      Array.from({ length: count }, (_, index) => {
        const at = (oldest + index) % values.length;
        return [times[at], values[at]];
      }),
    );
    expect(columns).toEqual([
      [
        [3, 30],
        [4, 40],
        [5, 50],
      ],
      [[7, 70]],
    ]);
    const whole = manager.aggregate({ ...power, per: 'cluster' });
    expect(whole.metrics.powerWatts).toMatchObject({ mean: 9, deviceCount: 2 });
    expect(whole.devices).toEqual(['a', 'b', 'c']);
  });

  it('end now where a window does', () => {
    const { manager, native, record } = recorded('a');
    record(watts('a', 1, 1));
    const before = Date.now();
    const [one] = manager.aggregate({ windowMs: 10, metrics: ['powerWatts'] });
    const { toMs = 0, fromMs = 0 } = one ?? {};
    expect(toMs).toBeGreaterThanOrEqual(before);
    expect(toMs).toBeLessThanOrEqual(Date.now());
    expect(toMs - fromMs).toBe(10);
    expect(native.asked[0]).toMatchObject({ by: 0, from: fromMs, to: toMs });
  });

  it('are none of metrics that samples do not have', () => {
    const { manager, native, record } = recorded('a');
    record(watts('a', 1, 1));
    const metrics = ['smActivityPercent'] as const;
    const [one] = manager.aggregate({ metrics, from: 0, to: 100 });
    expect(one?.metrics.smActivityPercent).toMatchObject({
      count: 0,
      unknownCount: 0,
      coverage: 0,
    });
    expect(native.asked.every(({ columns }) => columns?.length === 1)).toBe(true);
    expect(manager.series({ deviceId: 'a', metric: 'smActivityPercent', points: 5 }).count).toBe(0);
  });

  it('say when a simulated driver made some of them up', () => {
    const { manager, record } = recorded('a', 'b');
    using window = manager.watchWindow({ windowMs: 5, metrics: ['powerWatts'] });
    record({ ...watts('a', 1, 1), simulated: true });
    record(watts('a', 2, 2));
    record(watts('b', 2, 2));
    expect(manager.aggregate(power).map(({ simulated }) => simulated)).toEqual([true, undefined]);
    expect(manager.aggregate({ ...power, per: 'cluster' }).simulated).toBe(true);
    const watched = ['a', 'b'].map((id) => window.read(id, 'powerWatts'));
    expect(watched.map((one) => one?.simulated)).toEqual([true, undefined]);
    expect(
      manager.aggregate({ ...power, per: 'cluster', devices: ['b'] }).simulated,
    ).toBeUndefined();
  });

  it('are kept by a window until the next sample', async () => {
    const { manager, native, record, forget } = recorded('a', 'b');
    native.recordOf = () => ({ count: 1, coveredMs: 25 });
    using window = manager.watchWindow({ windowMs: 50, metrics: ['powerWatts'] });
    const read = window.reader('a', 'powerWatts');
    expect(read()).toBeUndefined();
    record(watts('a', 100, 1));
    const first = read();
    expect(first).toMatchObject({ count: 1, fromMs: 50, toMs: 100, coverage: 0.5 });
    record(watts('b', 200, 1));
    expect(read()).toBe(first);
    expect(native.asked).toHaveLength(1);
    record(watts('a', 100, 2));
    expect(read()).not.toBe(first);
    forget('a');
    expect(read()).toBeUndefined();
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => window.read('a', 'powerWatts'));
    await manager.shutdown();
    refusal('ERR_GPU_CLOSED', () => read());
  });

  it('need the addon, and recording does not', () => {
    const store = new SampleStore({ maxHistory: 3, maxGapMs: Infinity });
    const cause = new GPUError('ERR_GPU_PLATFORM_UNSUPPORTED', 'no addon here');
    const source = new RecordedStatistics(store, () => {
      throw cause;
    });
    store.add(readSample(watts('a', 1, 1)));
    expect(store.getMetrics('a')).toMatchObject({ powerWatts: 1 });
    expect(() => source.mostPercentiles).toThrow(cause);
    const metric = readMetricName('powerWatts', 'metric');
    const window = { kind: 'last', count: 1 } as const;
    expect(() => source.bounds(window)).toThrow(cause);
    expect(
      source.slices(
        { deviceId: 'b', metric, bounds: { by: 2, from: 1, to: 0 } },
        new Float64Array(),
      ),
    ).toBe(0);
  });
});

describe('a manual cluster', () => {
  it('closes its windows', async () => {
    const cluster = new ManualCluster({ maxHistory: 1, maxGapMs: Infinity });
    const metrics = [readMetricName('powerWatts', 'metric')];
    const percentiles = new Float64Array();
    const asked = { windowMs: 1, metrics, percentiles, linear: false, ewmaMs: 0 };
    const window = cluster.statistics.watch({ ...asked, deviceId: () => 'a' });
    expect(window.read('a', 'powerWatts')).toBeUndefined();
    await cluster.close();
    refusal('ERR_GPU_CLOSED', () => window.read('a', 'powerWatts'));
  });
});
