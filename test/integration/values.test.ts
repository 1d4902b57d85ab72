// Values, devices and the driver of a live cluster, by way of the addon and the simulated driver.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GPUClusteringManager } from '../../lib/manager.js';
import type { OpenOptions } from '../../lib/telemetry/open-options.js';
import { nvmlReturns, type Scenario, SimulatedHost } from '../../lib/testing/index.js';

const managers: GPUClusteringManager[] = [];
const load = { shape: 'constant', percent: 40 } as const;
const two: Scenario = { devices: [{ board: 'h100', count: 2, load }] };

async function open(options: OpenOptions = {}): Promise<GPUClusteringManager> {
  const defaults = { simulate: two, periodMs: 20, devices: 'all' } as const;
  const manager = await GPUClusteringManager.open({ ...defaults, ...options });
  managers.push(manager);
  return manager;
}

function idsOf(manager: GPUClusteringManager): readonly string[] {
  return manager.listDevices().map(({ deviceId }) => deviceId);
}

/** Waits for what the next polls bring; generous, for machines under load. */
function soon(assertion: () => void): Promise<void> {
  return vi.waitFor(assertion, { timeout: 20_000, interval: 5 });
}

let host: SimulatedHost;
beforeEach(() => {
  host = new SimulatedHost();
});
afterEach(async () => {
  host.clearFaults();
  await Promise.all(managers.splice(0).map((manager) => manager.shutdown()));
});

describe('a value', () => {
  it('is known, and then says why it no longer is', async () => {
    const manager = await open();
    const [first = '', second = ''] = idsOf(manager);
    const state = () => manager.describe(first, 'powerWatts').state;
    const known = manager.describe(first, 'powerWatts');
    expect(known).toMatchObject({ state: 'known', unit: 'W', simulated: true });
    const power = { function: 'nvmlDeviceGetPowerUsage', device: first };
    host.inject([{ ...power, return: nvmlReturns.notSupported }]);
    await soon(() => expect(state()).toBe('unsupported'));
    expect(manager.describe(first, 'powerWatts').lastKnown?.value).toBeGreaterThan(0);
    expect(manager.getMetrics(first)).not.toHaveProperty('powerWatts');
    host.inject([{ ...power, return: nvmlReturns.noPermission }]);
    await soon(() => expect(state()).toBe('denied'));
    host.inject([{ ...power, value: 'max' }]);
    await soon(() => expect(state()).toBe('invalid'));
    const { invalidCount } = manager.describe(first, 'powerWatts');
    await soon(() => {
      expect(manager.describe(first, 'powerWatts').invalidCount).toBeGreaterThan(invalidCount);
    });
    host.clearFaults();
    await soon(() => expect(state()).toBe('known'));
    expect(manager.describe(second, 'powerWatts')).toMatchObject({ invalidCount: 0 });
  });

  it('is said to be worked out where the driver has no counter of it', async () => {
    const manager = await open({ simulate: { devices: [{ board: 'k40m', load }] } });
    const [deviceId = ''] = idsOf(manager);
    const joules = () => manager.describe(deviceId, 'energyJoules');
    await soon(() => expect(joules()).toMatchObject({ state: 'estimated' }));
    await soon(() => {
      const history = manager.getMetricsHistory(deviceId);
      expect(history.at(-1)?.estimated).toEqual(['energyJoules']);
    });
    expect(manager.getMetrics(deviceId)?.estimated).toEqual(['energyJoules']);
    expect(manager.describe(deviceId, 'powerWatts').state).toBe('known');
  });

  it('of a slower tier comes with the lists of the device', async () => {
    const processes = [{ pid: 4711, memoryMiB: 1024 }];
    const manager = await open({ simulate: { devices: [{ board: 'rtx3090', load, processes }] } });
    const [deviceId = ''] = idsOf(manager);
    await soon(() => expect(manager.getDetails(deviceId)?.processes).toHaveLength(1));
    await soon(() => expect(manager.getDetails(deviceId)).toHaveProperty('computeMode'));
    const details = manager.getDetails(deviceId);
    expect(details).toMatchObject({ simulated: true, processesLeftOut: 0 });
    expect(details?.processes?.[0]).toMatchObject({ pid: 4711, memoryBytes: 2 ** 30 });
    expect(details?.fans?.length).toBeGreaterThan(0);
    expect(details).not.toHaveProperty('powerWatts');
  });
});

describe('a series', () => {
  it('holds what the driver measured between the polls, once, in order', async () => {
    const manager = await open({ periodMs: 400 });
    const [deviceId = ''] = idsOf(manager);
    const times: number[] = [];
    let next = 1;
    await soon(() => {
      const series = manager.getSeries(deviceId, 'powerWatts', { from: next });
      expect(series.lost).toBe(0);
      times.push(...series.timestampsMs);
      next = series.next;
      expect(times.length).toBeGreaterThan(25);
    });
    expect(next).toBe(times.length + 1);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
    const samples = manager.getMetricsHistory(deviceId).length;
    expect(times.length).toBeGreaterThan(2 * samples);
    const all = manager.getSeries(deviceId, 'powerWatts');
    expect(Array.from(all.timestampsMs.slice(0, times.length))).toEqual(times);
  });
});

describe('devices that come and go', () => {
  it('are polled from then on, though nobody asks', async () => {
    const manager = await open();
    const [added] = host.addDevices({ board: 'l4', load });
    const deviceId = added?.deviceId ?? '';
    await soon(() => expect(idsOf(manager)).toContain(deviceId));
    await soon(() => expect(manager.getMetrics(deviceId)?.computeUtilizationPercent).toBe(40));
  });

  it('stay out of a list that does not name them, and stay themselves', async () => {
    const all = idsOf(await open());
    const manager = await open({ devices: [1] });
    expect(idsOf(manager)).toEqual([all[1]]);
    host.addDevices({ board: 'l4' });
    host.reorderDevices([1, 0, 2]);
    await soon(() => expect(manager.listDevices()[0]?.index).toBe(0));
    expect(idsOf(manager)).toEqual([all[1]]);
    await soon(() => expect(managers[0]?.listDevices()).toHaveLength(3));
  });

  it('stay listed while they are gone, each with its own history', async () => {
    const manager = await open();
    const [first = '', second = ''] = idsOf(manager);
    host.removeDevice(first);
    await soon(() => expect(manager.describe(first, 'powerWatts').state).toBe('lost'));
    await soon(() => expect(manager.getDevice(first)).not.toHaveProperty('index'));
    expect(idsOf(manager)).toHaveLength(2);
    expect(manager.describe(first, 'powerWatts').lastKnown?.value).toBeGreaterThan(0);
    await soon(() => expect(manager.getDevice(second)?.index).toBe(0));
    expect(manager.describe(second, 'powerWatts').state).toBe('known');
    host.restoreDevice(first);
    await soon(() => expect(manager.describe(first, 'powerWatts').state).toBe('known'));
    await soon(() => expect(manager.getDevice(first)?.index).toBe(0));
  });

  it('are MIG instances too, parts of a board that counts once', async () => {
    const manager = await open();
    const [first = ''] = idsOf(manager);
    host.setMig(first, ['1g.10gb', '3g.40gb']);
    await soon(() => expect(idsOf(manager)).toHaveLength(4));
    const instance = manager.listDevices().find((device) => device.migProfile === '3g.40gb');
    expect(instance).toMatchObject({ parentDeviceId: first, simulated: true });
    expect(manager.getDevice(first)).toMatchObject({ migEnabled: true });
    const deviceId = instance?.deviceId ?? '';
    await soon(() => expect(manager.getMetrics(deviceId)?.memoryTotalBytes).toBeGreaterThan(0));
    await soon(() => expect(manager.getAggregatedMetrics()?.deviceCount).toBe(2));
    const { deviceIds, links } = manager.getTopology() ?? { deviceIds: [], links: [] };
    expect(links.map((row) => row.length)).toEqual([4, 4, 4, 4]);
    expect(deviceIds).toEqual(idsOf(manager));
    host.disableMig(first);
    await soon(() => expect(idsOf(manager)).toHaveLength(2));
    expect(() => manager.getMetrics(deviceId)).toThrow(RangeError);
  });
});

describe('suspend() and resume()', () => {
  it('let go of the driver and take it up again, with what was done to it meanwhile', async () => {
    const manager = await open();
    const [first = ''] = idsOf(manager);
    await manager.suspend();
    await soon(() => expect(host.misuse().openInits).toBe(0));
    expect(manager.status()?.driver).toBe('suspended');
    expect(manager.describe(first, 'powerWatts')).toMatchObject({ state: 'suspended' });
    host.setMig(first, ['7g.80gb']);
    await manager.resume();
    expect(manager.status()?.driver).toBe('serving');
    await soon(() => expect(idsOf(manager)).toHaveLength(3));
    await soon(() => expect(manager.describe(first, 'powerWatts').state).toBe('known'));
  });

  it('hold for all who share the driver, until each has resumed', async () => {
    const manager = await open({ openTimeoutMs: 300 });
    const other = await open();
    await Promise.all([manager.suspend(), other.suspend()]);
    await expect(manager.resume()).rejects.toMatchObject({ code: 'ERR_GPU_SUSPENDED' });
    await other.resume();
    expect(manager.status()?.driver).toBe('serving');
  });

  it('say what keeps the driver away, and have it back once it can be', async () => {
    const manager = await open({ openTimeoutMs: 300 });
    const [first = ''] = idsOf(manager);
    await manager.suspend();
    host.unloadDriver();
    await expect(manager.resume()).rejects.toMatchObject({ code: 'ERR_GPU_DRIVER_NOT_LOADED' });
    expect(manager.describe(first, 'powerWatts').state).toBe('lost');
    host.loadDriver();
    await soon(() => expect(manager.describe(first, 'powerWatts').state).toBe('known'));
  });

  it('do not hold up the end', async () => {
    const manager = await open();
    await manager.suspend();
    await manager.shutdown();
    const again = await open();
    expect(again.status()?.driver).toBe('serving');
  });
});
