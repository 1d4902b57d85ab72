// The fault laboratory as users have it: their own code over a host that goes wrong.
import { mkdtempSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GPUClusteringManager } from '../../lib/manager.js';
import { loadNative } from '../../lib/native.js';
import type { OpenOptions } from '../../lib/telemetry/open-options.js';
import {
  nvmlReturns,
  type Scenario,
  SimulatedHost,
  scenarioNames,
  writeSimulatedDriver,
} from '../../lib/testing/index.js';
import { ownSimulatedDriverPath } from '../../lib/testing/simulator.js';
import { refusal } from '../support/refusal.js';

const managers: GPUClusteringManager[] = [];
const periodMs = 20;

async function open(options: OpenOptions): Promise<GPUClusteringManager> {
  const manager = await GPUClusteringManager.open({ periodMs, devices: 'all', ...options });
  managers.push(manager);
  return manager;
}

const load = { shape: 'constant', percent: 40 } as const;
const eight: Scenario = { devices: [{ board: 'h100', count: 8, load }] };
const two: Scenario = { devices: [{ board: 'h100', count: 2, load }] };

function idsOf(manager: GPUClusteringManager): readonly string[] {
  return manager.listDevices().map(({ deviceId }) => deviceId);
}

function failing(manager: GPUClusteringManager): readonly string[] {
  return (manager.status()?.failing ?? []).map(({ deviceId }) => deviceId);
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

describe('a user’s test on eight simulated GPUs', () => {
  it('gives a lost device no work, whatever capacity it is said to have', async () => {
    const manager = await open({ simulate: eight });
    const ids = idsOf(manager);
    const lost = ids[3] ?? '';
    host.loseDevice(lost);
    await soon(() => expect(manager.getHealth(lost)?.state).toBe('lost'));
    const items = Array.from({ length: 70 }, (_, index) => index);
    const capacities = new Map(ids.map((id) => [id, id === lost ? 1e6 : 1]));
    for (const options of [{}, { strategy: 'capacity' }, { strategy: 'capacity', capacities }]) {
      const { assignments, unassigned } = manager.distributeWorkload(items, options as object);
      expect(unassigned).toEqual([]);
      expect([...assignments.keys()]).toEqual(ids.filter((id) => id !== lost));
      expect([...assignments.values()].map((share) => share.length)).toEqual(Array(7).fill(10));
    }
  });

  it('loses a device, sees selection avoid it, and has it back', async () => {
    const manager = await open({ simulate: eight });
    const lost = idsOf(manager)[3] ?? '';
    expect(manager.rankDevices()).toHaveLength(8);
    host.loseDevice(lost);
    await soon(() => expect(failing(manager)).toEqual([lost]));
    await soon(() => expect(manager.rankDevices()).toHaveLength(7));
    expect(manager.rankDevices().map(({ deviceId }) => deviceId)).not.toContain(lost);
    host.restoreDevice(lost);
    await soon(() => expect(manager.rankDevices()).toHaveLength(8));
    expect(failing(manager)).toEqual([]);
  });

  it('has a driver call hang for ever on one of them, and the others go on', async () => {
    const manager = await open({ simulate: eight });
    const [hung = '', ...others] = idsOf(manager);
    host.inject([{ function: 'nvmlDeviceGetUtilizationRates', device: hung, delayMs: -1 }]);
    const before = new Map(others.map((id) => [id, manager.getMetrics(id)?.timestampMs ?? 0]));
    await soon(() => expect(failing(manager)).toEqual([hung]));
    await soon(() => {
      for (const id of others) {
        expect(manager.getMetrics(id)?.timestampMs).toBeGreaterThan(before.get(id) ?? 0);
      }
    });
    host.clearFaults();
    await soon(() => expect(failing(manager)).toEqual([]));
  });

  it('goes through an upgrade of the driver without a restart', async () => {
    const manager = await open({ simulate: eight });
    host.mismatchDriver();
    await soon(() => expect(failing(manager)).toHaveLength(8));
    host.loadDriver({ version: '999.1' });
    await soon(() => expect(failing(manager)).toEqual([]));
    expect(manager.status()?.driverVersion).toBe('999.1');
  });
});

describe('SimulatedHost', () => {
  it('lists the devices that are open, wherever the driver counts them', async () => {
    const manager = await open({ simulate: two });
    const [first = '', second = ''] = idsOf(manager);
    host.reorderDevices([second, first]);
    expect(host.devices()).toEqual([
      { position: 0, deviceId: first, board: 'h100', index: 1, presence: 'present' },
      { position: 1, deviceId: second, board: 'h100', index: 0, presence: 'present' },
    ]);
  });

  it('sets what the driver measures, and ends it', async () => {
    const manager = await open({ simulate: two });
    const [first = '', second = ''] = idsOf(manager);
    const celsius = (id: string) => manager.getMetrics(id)?.temperatureCelsius;
    expect(host.setValues(first, { 'temperature.gpu': 101 })).toBeGreaterThan(0);
    await soon(() => expect(celsius(first)).toBe(101));
    expect(celsius(second)).toBeLessThan(100);
    host.setValues(first, { 'temperature.gpu': null });
    await soon(() => expect(celsius(first)).toBeLessThan(100));
  });

  it('makes the driver lie, and what is known stays honest', async () => {
    const manager = await open({ simulate: two });
    const [first = '', second = ''] = idsOf(manager);
    host.inject([{ function: 'nvmlDeviceGetUtilizationRates', device: first, value: 'max' }]);
    const percent = (id: string) => manager.getMetrics(id)?.computeUtilizationPercent;
    await soon(() => expect(percent(first)).toBeUndefined());
    expect(percent(second)).toBe(40);
  });

  it('has devices come, go and be split', async () => {
    const manager = await open({ simulate: two });
    const [first = ''] = idsOf(manager);
    const [added] = host.addDevices({ board: 'l4' });
    expect(added).toMatchObject({ position: 2, index: 2, board: 'l4' });
    await soon(() => expect(idsOf(manager)).toContain(added?.deviceId));
    host.setMig(first, ['1g.10gb', '3g.40gb']);
    const instances = host.devices()[0]?.mig ?? [];
    expect(instances.map(({ profile }) => profile)).toEqual(['1g.10gb', '3g.40gb']);
    await soon(() => {
      expect(idsOf(manager)).toEqual(
        expect.arrayContaining(instances.map(({ deviceId }) => deviceId)),
      );
    });
    host.disableMig(first);
    await soon(() => expect(idsOf(manager)).not.toContain(instances[0]?.deviceId));
  });

  it('says what it refuses in the simulated driver’s words, and changes nothing', async () => {
    await open({ simulate: two });
    const before = host.devices();
    const refused = { name: 'GPUError', code: 'ERR_GPU_SCENARIO_INVALID' };
    expect(() => host.inject([{ function: 'nvmlDeviceGetPowerUsag', return: 1 }])).toThrow(
      expect.objectContaining({
        ...refused,
        message: expect.stringContaining('such as "nvmlDeviceGetPowerUsage"'),
      }),
    );
    expect(() => host.loseDevice(7)).toThrow(expect.objectContaining(refused));
    expect(() => host.restoreDevice(0)).toThrow(expect.objectContaining(refused));
    expect(() => host.step()).toThrow(expect.objectContaining(refused));
    expect(host.devices()).toEqual(before);
  });

  it('counts calls, and finds no misuse in this package', async () => {
    host.forgetCalls();
    const manager = await open({ simulate: two });
    await soon(() => expect(host.calls().get('nvmlDeviceGetUtilizationRates')).toBeGreaterThan(3));
    await manager.shutdown();
    await soon(() => expect(host.misuse().openInits).toBe(0));
    expect(host.misuse()).toMatchObject({
      useAfterShutdown: 0,
      unbalancedShutdown: 0,
      concurrentHandle: 0,
      openEventSets: 0,
      openGpmSamples: 0,
      last: '',
    });
  });
});

describe('the form of scenarios and commands', () => {
  const folder = join(__dirname, '..', '..', 'native', 'simulator', 'scenarios');
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const typed = readFileSync(join(__dirname, '..', '..', 'lib', 'testing', 'scenario.ts'), 'utf8');

  /** The simulated driver itself lists what it takes. */
  function members(scenario: unknown): readonly string[] {
    const message = refusalOf(scenario as Scenario);
    return (/expected only (.*), got the member "odd"/.exec(message)?.[1] ?? '').split(', ');
  }
  function refusalOf(scenario: Scenario): string {
    try {
      host.load(scenario);
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    return '';
  }

  it.each([
    ['a scenario', { devices: [], odd: 1 }],
    ['a device', { devices: [{ board: 'h100', odd: 1 }] }],
    ['a process', { devices: [{ board: 'h100', processes: [{ pid: 1, odd: 1 }] }] }],
    ['a fault', { devices: [], faults: [{ function: '*', return: 1, odd: 1 }] }],
  ])('%s: each member is documented and typed', (_, scenario) => {
    const names = members(scenario);
    expect(names.length).toBeGreaterThanOrEqual(10);
    expect(
      names.filter((name) => !readme.includes(`\`${name}\``) && !readme.includes(`"${name}":`)),
    ).toEqual([]);
    expect(names.filter((name) => !typed.includes(`readonly ${name}`))).toEqual([]);
  });

  it('each command and each shipped scenario is documented', () => {
    const { failure } = loadNative().controlSimulator(ownSimulatedDriverPath(), 'odd', '');
    const [, list = ''] = /one of (.*), got "odd"/.exec(failure?.message ?? '') ?? [];
    const commands = list.split(' ');
    expect(commands.length).toBeGreaterThan(10);
    expect(commands.filter((name) => !readme.includes(`| \`${name}\` |`))).toEqual([]);
    expect(scenarioNames().filter((name) => !readme.includes(`\`${name}.json\``))).toEqual([]);
  });
});

describe('faults in a scenario', () => {
  it('strike the very first call', async () => {
    const faults = [{ function: 'nvmlInit*', return: nvmlReturns.noPermission }];
    await expect(open({ simulate: { ...two, faults } })).rejects.toMatchObject({
      code: 'ERR_GPU_NO_PERMISSION',
    });
  });
});

describe('writeSimulatedDriver', () => {
  const file = () => join(mkdtempSync(join(tmpdir(), 'gpuring-')), 'driver.so');
  const missing = 'nvmlDeviceGetUtilizationRates';

  it('makes a driver that lacks functions for good', async () => {
    const libraryPath = writeSimulatedDriver(file(), { without: [missing] });
    const other = new SimulatedHost({ libraryPath });
    other.load(two);
    const manager = await open({ libraryPath });
    const sample = manager.getMetrics(idsOf(manager)[0] ?? '');
    expect(sample).toMatchObject({ simulated: true, powerWatts: expect.any(Number) });
    expect(sample).not.toHaveProperty('computeUtilizationPercent');
    expect(other.calls().get(missing)).toBe(undefined);
  });

  it('makes one that another file replaces while it is open, as an upgrade does', async () => {
    const libraryPath = writeSimulatedDriver(file(), { without: [missing], unloads: true });
    const manager = await open({ libraryPath });
    const [first = ''] = idsOf(manager);
    const percent = () => manager.getMetrics(first)?.computeUtilizationPercent;
    expect(percent()).toBeUndefined();
    const other = new SimulatedHost({ libraryPath });
    renameSync(writeSimulatedDriver(file(), { unloads: true }), libraryPath);
    other.mismatchDriver();
    await soon(() => expect(percent()).toBeGreaterThan(0));
    expect(failing(manager)).toEqual([]);
  });

  it('makes no NVML out of one without its beginning', async () => {
    const without = ['nvmlInit', 'nvmlInit_v2', 'nvmlInitWithFlags'];
    const libraryPath = writeSimulatedDriver(file(), { without });
    await expect(open({ libraryPath })).rejects.toMatchObject({ code: 'ERR_GPU_LIBRARY_INVALID' });
  });

  it('refuses what is no function of NVML', () => {
    for (const name of ['nvmlDeviceGetNam', 'gpuringSimulatorDescribe', 'memcpy']) {
      expect(() => writeSimulatedDriver(file(), { without: [name] })).toThrow(RangeError);
    }
    refusal('ERR_GPU_INVALID_TYPE', () => writeSimulatedDriver(file(), { unloads: 1 as never }));
    refusal('ERR_GPU_INVALID_TYPE', () => writeSimulatedDriver(file(), { without: {} as never }));
  });
});
