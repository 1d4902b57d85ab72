import { describe, expect, it } from 'vitest';
import { GPUClusteringManager } from '../../../lib/manager.js';
import { LiveReadings } from '../../../lib/telemetry/live-readings.js';
import type { MetricKey } from '../../../lib/telemetry/metrics.generated.js';
import {
  ColumnsReader,
  type MetricsReader,
  type MetricsReaderOptions,
} from '../../../lib/telemetry/metrics-reader.js';
import { FakeBlock, type FakeDevice, FakeSession } from '../../support/fake-native.js';
import { liveParts } from '../../support/live-parts.js';
import { refusal } from '../../support/refusal.js';

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
const gpus: readonly FakeDevice[] = [0, 1, 2].map((row) => ({
  uuid: `GPU-${row}`,
  name: '',
  index: row,
  row,
}));
const asked = ['powerWatts', 'fanSpeedPercent', 'computeUtilizationPercent'] as const;

function live(devices?: readonly string[], refuseExternal = false) {
  const block = new FakeBlock();
  const session = new FakeSession({ block, devices: gpus, refuseExternal });
  const parts = liveParts(session);
  parts.devices.begin(0);
  const source = new LiveReadings(parts, { metrics: asked, devices });
  const reader = () => new ColumnsReader({ metrics: asked, source, open: () => {} });
  return { ...parts, block, session, reader };
}

/** What it says, as samples say it. */
function samplesOf(reader: MetricsReader): unknown[] {
  const { metrics, deviceIds, values, known, sampled, timestampsMs, agesMs } = reader;
  return deviceIds.map((deviceId, device) => {
    if (sampled[device] === 0) return undefined;
    const places = metrics.map((key, at) => [key, device * metrics.length + at] as const);
    const there = places.filter(([, at]) => known[at] !== 0);
    const estimated = places.filter(([, at]) => known[at] === 2).map(([key]) => key);
    expect(agesMs[device]).toBeGreaterThanOrEqual(0);
    return {
      deviceId,
      timestampMs: timestampsMs[device],
      ...Object.fromEntries(there.map(([key, at]) => [key, values[at]])),
      ...(estimated.length > 0 && { estimated }),
    };
  });
}

describe.each([
  ['in place', false],
  ['by native calls', true],
])('a reader of a live cluster, %s', (_, refuseExternal) => {
  it('has what samples say, and no sample where there is none', () => {
    const { block, reader } = live(undefined, refuseExternal);
    block.publish(0, [1, nowMs() - 50, 1000, 20, 250.5], 0b10);
    block.publish(2, [1, nowMs(), 3000, Number.NaN, 300]);
    const reads = reader();
    expect(reads.values).toHaveLength(9);
    expect(samplesOf(reads)).toEqual([
      {
        deviceId: 'GPU-0',
        timestampMs: 1000,
        computeUtilizationPercent: 20,
        powerWatts: 250.5,
        estimated: ['powerWatts'],
      },
      undefined,
      { deviceId: 'GPU-2', timestampMs: 3000, powerWatts: 300 },
    ]);
    expect([...reads.known]).toEqual([2, 0, 1, 0, 0, 0, 1, 0, 0]);
    expect([...reads.values.subarray(3, 6)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(reads.agesMs[0]).toBeGreaterThanOrEqual(50);
    expect([reads.timestampsMs[1], reads.agesMs[1]]).toEqual([Number.NaN, Number.NaN]);
  });

  it('follows samples, and puts right what was written into its arrays', () => {
    const { block, reader } = live(undefined, refuseExternal);
    block.publish(0, [1, nowMs(), 1000, 20, 250]);
    const reads = reader();
    const { values, known, sampled, timestampsMs, agesMs } = reads;
    for (const array of [values, known, sampled, timestampsMs, agesMs]) array.fill(9);
    expect(reads.read()).toBe(values);
    expect([...values.subarray(0, 3), known[1], known[3]]).toEqual([250, Number.NaN, 20, 0, 0]);
    expect([sampled[0], sampled[1], timestampsMs[0]]).toEqual([1, 0, 1000]);
    const before = agesMs[0] ?? Number.NaN;
    block.publish(0, [2, nowMs() - 5000, 2000, Number.NaN, 251]);
    reads.read();
    expect([...values.subarray(0, 3), known[2]]).toEqual([251, Number.NaN, Number.NaN, 0]);
    expect(timestampsMs[0]).toBe(2000);
    expect(agesMs[0]).toBeGreaterThan(before + 4000);
  });

  it('follows devices that come and go, and whose rows become others', () => {
    const { block, session, reader } = live(undefined, refuseExternal);
    for (const row of [0, 1, 2]) block.publish(row, [1, nowMs(), 1, row, 100 * row]);
    const reads = reader();
    const { deviceIds } = reads;
    expect(deviceIds).toEqual(['GPU-0', 'GPU-1', 'GPU-2']);
    session.list(gpus);
    reads.read();
    expect(reads.deviceIds).toBe(deviceIds);
    session.list([
      { ...gpus[2], row: 1 } as FakeDevice,
      { ...gpus[0], uuid: 'GPU-9' } as FakeDevice,
    ]);
    reads.read();
    expect(samplesOf(reads)).toMatchObject([
      { deviceId: 'GPU-2', powerWatts: 100 },
      { deviceId: 'GPU-9', powerWatts: 0 },
    ]);
    expect(reads.values).toHaveLength(6);
  });

  it('keeps named devices in their order, also while they are gone', () => {
    const { block, session, reader } = live(['GPU-2', 'GPU-0'], refuseExternal);
    for (const row of [0, 1, 2]) block.publish(row, [1, nowMs(), 1, row, 100 * row]);
    const reads = reader();
    expect(samplesOf(reads)).toMatchObject([{ powerWatts: 200 }, { powerWatts: 0 }]);
    session.list(gpus.slice(0, 2));
    reads.read();
    expect(samplesOf(reads)).toMatchObject([undefined, { powerWatts: 0 }]);
    session.list(gpus);
    reads.read();
    expect(samplesOf(reads)).toMatchObject([{ powerWatts: 200 }, { powerWatts: 0 }]);
  });

  it('says as little as a sample while a writer does not come to its end', () => {
    const { block, reader, live: store } = live(undefined, refuseExternal);
    block.publish(0, [1, nowMs(), 1, 20, 250]);
    const reads = reader();
    block.beginWrite(0);
    reads.read();
    expect([store.getMetrics('GPU-0'), ...samplesOf(reads)]).toEqual(Array(4).fill(undefined));
    block.beginWrite(0);
    reads.read();
    expect(samplesOf(reads)[0]).toMatchObject({ powerWatts: 250 });
  });
});

describe('a reader', () => {
  it('makes no native call while the devices stay', () => {
    const { block, session, reader } = live();
    const reads = reader();
    session.calls.length = 0;
    for (const turn of [1, 2, 3]) {
      block.publish(1, [turn, nowMs(), turn, turn, turn]);
      expect(reads.read()[3]).toBe(turn);
    }
    expect(session.calls).toEqual([]);
  });

  it('over no devices reads nothing, also once a buffer of its was transferred', () => {
    const reads = new GPUClusteringManager().createMetricsReader();
    structuredClone(undefined, { transfer: [reads.values.buffer as ArrayBuffer] });
    structuredClone(undefined, { transfer: [reads.known.buffer as ArrayBuffer] });
    expect(reads.read()).toHaveLength(0);
  });

  it('has other arrays once a buffer of its was transferred', () => {
    const { block, reader } = live();
    block.publish(0, [1, nowMs(), 1000, 20, 250]);
    const reads = reader();
    for (const name of ['values', 'known', 'sampled', 'timestampsMs', 'agesMs'] as const) {
      structuredClone(undefined, { transfer: [reads[name].buffer as ArrayBuffer] });
      expect(reads[name]).toHaveLength(0);
      reads.read();
      expect(samplesOf(reads)[0]).toMatchObject({ powerWatts: 250, timestampMs: 1000 });
    }
  });
});

describe('GPUClusteringManager.createMetricsReader', () => {
  function manual(): GPUClusteringManager {
    const manager = new GPUClusteringManager();
    for (const deviceId of ['a', 'b']) {
      manager.registerDevice({ deviceId, name: '', vendor: 'amd', memoryBytes: 1 });
    }
    return manager;
  }

  it('reads recorded samples, in whatever order metrics are asked for', () => {
    const manager = manual();
    const metrics = ['temperatureCelsius', 'powerWatts', 'temperatureCelsius'] as const;
    const reader = manager.createMetricsReader({ metrics });
    expect(reader.metrics).toEqual(['temperatureCelsius', 'powerWatts']);
    expect(samplesOf(reader)).toEqual([undefined, undefined]);
    const timestampMs = Date.now() - 5000;
    manager.recordMetrics({ deviceId: 'b', timestampMs, powerWatts: 7, fanSpeedPercent: 1 });
    expect([...reader.read()]).toEqual([Number.NaN, Number.NaN, Number.NaN, 7]);
    expect(samplesOf(reader)).toEqual([undefined, { deviceId: 'b', timestampMs, powerWatts: 7 }]);
    expect(reader.agesMs[1]).toBeGreaterThanOrEqual(5000);
    expect(reader.simulated).toBe(false);
    const { deviceIds } = reader;
    manager.recordMetrics({ deviceId: 'b', timestampMs, simulated: true });
    reader.read();
    expect([reader.simulated, reader.deviceIds === deviceIds, reader.known[3]]).toEqual([
      true,
      true,
      0,
    ]);
    manager.unregisterDevice('a');
    reader.read();
    expect([reader.deviceIds, reader.sampled.length]).toEqual([['b'], 1]);
  });

  it('has all metrics of a sample where none are named', () => {
    const reader = manual().createMetricsReader();
    expect(reader.values).toHaveLength(2 * reader.metrics.length);
    expect(reader.metrics).toContain('energyJoules' satisfies MetricKey);
  });

  it('refuses what is none, naming it', () => {
    const manager = manual();
    const reads = (options: unknown) => () =>
      manager.createMetricsReader(options as MetricsReaderOptions);
    expect(refusal('ERR_GPU_UNKNOWN_METRIC', reads({ metrics: ['volts'] }))).toContain('volts');
    refusal('ERR_GPU_UNKNOWN_METRIC', reads({ metrics: ['eccMode'] }));
    refusal('ERR_GPU_OUT_OF_RANGE', reads({ metrics: [] }));
    refusal('ERR_GPU_INVALID_TYPE', reads({ metrics: 'powerWatts' }));
    expect(refusal('ERR_GPU_UNKNOWN_DEVICE', reads({ devices: ['a', 'c'] }))).toContain('"c"');
    refusal('ERR_GPU_DUPLICATE_DEVICE', reads({ devices: ['a', 'a'] }));
    refusal('ERR_GPU_INVALID_TYPE', reads({ devices: [1] }));
    refusal('ERR_GPU_UNKNOWN_OPTION', reads({ deviceIds: ['a'] }));
    refusal('ERR_GPU_INVALID_TYPE', reads(null));
  });

  it('refuses to read after the shutdown, and leaves the last reading as it is', async () => {
    const manager = manual();
    manager.recordMetrics({ deviceId: 'a', timestampMs: 1, powerWatts: 7 });
    const reader = manager.createMetricsReader({ metrics: ['powerWatts'] });
    const closing = manager.shutdown();
    refusal('ERR_GPU_CLOSED', () => reader.read());
    refusal('ERR_GPU_CLOSED', () => manager.createMetricsReader(null as never));
    expect([...reader.values]).toEqual([7, Number.NaN]);
    await closing;
  });

  it('says first that options shut the cluster down', () => {
    const manager = manual();
    const devices = ['c'];
    Object.defineProperty(devices, 0, {
      get() {
        void manager.shutdown();
        return 'c';
      },
    });
    refusal('ERR_GPU_CLOSED', () => manager.createMetricsReader({ devices }));
  });
});
