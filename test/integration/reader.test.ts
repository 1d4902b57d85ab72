// Numbers beside the samples that they are of, by way of the addon and the simulated driver.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type MetricsReader, metricTable } from '../../lib/index.js';
import { GPUClusteringManager } from '../../lib/manager.js';
import type { GPUMetrics } from '../../lib/telemetry/sample.js';
import { nvmlReturns, SimulatedHost } from '../../lib/testing/index.js';

let host: SimulatedHost;
let manager: GPUClusteringManager;
beforeEach(async () => {
  host = new SimulatedHost();
  manager = await GPUClusteringManager.open({
    simulate: {
      devices: [
        { board: 'h100', load: { shape: 'constant', percent: 40 } },
        { board: 'rtx4090' },
        { board: 'h100' },
      ],
    },
    periodMs: 10,
    devices: 'all',
  });
});
afterEach(async () => {
  host.clearFaults();
  await manager.shutdown();
});

/** Waits for what the next polls bring; generous, for machines under load. */
function soon(assertion: () => void): Promise<void> {
  return vi.waitFor(assertion, { timeout: 20_000, interval: 5 });
}

/** What the reader says of a device, as a sample without its age. */
function sampleOf(reader: MetricsReader, device: number): unknown {
  const { metrics, deviceIds, values, known, timestampsMs, simulated } = reader;
  const places = metrics.map((key, at) => [key, device * metrics.length + at] as const);
  const estimated = places.filter(([, at]) => known[at] === 2).map(([key]) => key);
  return {
    deviceId: deviceIds[device],
    timestampMs: timestampsMs[device],
    ...Object.fromEntries(
      places.filter(([, at]) => known[at]).map(([key, at]) => [key, values[at]]),
    ),
    ...(simulated && { simulated }),
    ...(estimated.length > 0 && { estimated }),
  };
}

/** Reads until both were of the same samples; how many devices there were. */
async function agree(reader: MetricsReader): Promise<number> {
  await soon(() => {
    reader.read();
    const samples = reader.deviceIds.map((deviceId) => manager.getMetrics(deviceId));
    expect(samples.map((sample) => sample?.timestampMs)).toEqual([...reader.timestampsMs]);
    const list = manager.listMetrics().map(({ ageMs: _, ...rest }) => rest);
    const listed = list.filter(({ deviceId }) => reader.deviceIds.includes(deviceId));
    expect(listed).toEqual(samples.map(({ ageMs: _, ...rest } = {} as GPUMetrics) => rest));
    for (const [device, sample] of samples.entries()) {
      const { ageMs = Number.NaN, ...rest } = sample as GPUMetrics;
      expect(sampleOf(reader, device)).toEqual(rest);
      expect(reader.agesMs[device]).toBeLessThanOrEqual(ageMs);
      expect(reader.agesMs[device]).toBeGreaterThan(ageMs - 5000);
    }
  });
  return reader.deviceIds.length;
}

describe('a reader of a live cluster', () => {
  it('says what samples say, whatever boards and drivers know', async () => {
    const reader = manager.createMetricsReader();
    expect(reader.metrics).toEqual(metricTable.map(({ key }) => key));
    expect(reader.deviceIds).toEqual(manager.listDevices().map(({ deviceId }) => deviceId));
    expect(await agree(reader)).toBe(3);
    const fans = reader.metrics.indexOf('fanSpeedPercent');
    const known = [0, 1, 2].map((device) => reader.known[device * reader.metrics.length + fans]);
    expect(known).toEqual([0, 1, 0]);
    const [first = ''] = reader.deviceIds;
    host.inject([
      { function: 'nvmlDeviceGetPowerUsage', device: first, return: nvmlReturns.notSupported },
    ]);
    await soon(() => {
      reader.read();
      expect(reader.known[reader.metrics.indexOf('powerWatts')]).toBe(0);
    });
    await agree(reader);
  });

  it('keeps what a lost device said last, and its age grows', async () => {
    const [, lost = ''] = manager.listDevices().map(({ deviceId }) => deviceId);
    const reader = manager.createMetricsReader({ metrics: ['powerWatts'], devices: [lost] });
    host.loseDevice(1);
    await soon(() => {
      reader.read();
      expect(manager.status()?.failing.map(({ deviceId }) => deviceId)).toEqual([lost]);
      expect([...reader.known, ...reader.sampled]).toEqual([1, 1]);
      expect(reader.agesMs[0]).toBeGreaterThan(100);
    });
    expect(await agree(manager.createMetricsReader({ devices: [lost] }))).toBe(1);
    await manager.shutdown();
    expect(() => reader.read()).toThrow(expect.objectContaining({ code: 'ERR_GPU_CLOSED' }));
  });
});
