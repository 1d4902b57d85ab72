import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { GPUClusteringManager } from '../../lib/manager.js';
import { isAvailable } from '../../lib/telemetry/open.js';
import type { OpenOptions } from '../../lib/telemetry/open-options.js';
import type { Scenario } from '../../lib/testing/simulator.js';
import { simulatedDriverPath } from '../../lib/testing/simulator.js';
import { runProgram } from '../support/program.js';

const managers: GPUClusteringManager[] = [];

async function open(options: OpenOptions): Promise<GPUClusteringManager> {
  const manager = await GPUClusteringManager.open(options);
  managers.push(manager);
  return manager;
}

afterEach(async () => {
  await Promise.all(managers.splice(0).map((manager) => manager.shutdown()));
});

const load = { shape: 'constant', percent: 40 } as const;
const twoBoards: Scenario = {
  devices: [
    { board: 'h100', count: 2, load },
    { board: 't4', load },
  ],
};

function scratchFile(name: string, content: string | Buffer): string {
  const path = join(mkdtempSync(join(tmpdir(), 'gpuring-')), name);
  writeFileSync(path, content);
  return path;
}

describe('GPUClusteringManager.open', () => {
  it('shows devices, samples and history of the driver, all of it labelled simulated', async () => {
    const manager = await open({ simulate: twoBoards, periodMs: 5, devices: 'all' });
    const devices = manager.listDevices();
    expect(devices.map(({ name }) => name)).toEqual([
      'NVIDIA H100 80GB HBM3',
      'NVIDIA H100 80GB HBM3',
      expect.stringContaining('T4'),
    ]);
    expect(new Set(devices.map(({ deviceId }) => deviceId)).size).toBe(3);
    expect(devices[0]).toMatchObject({
      vendor: 'nvidia',
      backend: 'cuda',
      computeCapability: '9.0',
      architecture: 'Hopper',
      computeUnits: 132,
      simulated: true,
    });
    expect(manager.simulated).toBe(true);
    for (const { deviceId } of devices) {
      const sample = manager.getMetrics(deviceId);
      expect(sample).toMatchObject({ deviceId, simulated: true });
      expect(sample?.ageMs).toBeLessThan(2000);
      expect(sample?.memoryUsedBytes).toBeGreaterThan(0);
      expect(manager.getMetricsHistory(deviceId).length).toBeGreaterThan(0);
    }
  });

  it('keeps what a board does not offer absent', async () => {
    const manager = await open({ simulate: twoBoards, devices: 'all' });
    const [h100] = manager.listDevices();
    const sample = manager.getMetrics(h100?.deviceId ?? '');
    expect(sample).not.toHaveProperty('fanSpeedPercent');
    for (const value of Object.values(sample ?? {})) expect(value).not.toBeNaN();
  });

  it('ranks, selects, explains and distributes over live devices', async () => {
    const manager = await open({ simulate: twoBoards, devices: 'all' });
    expect(manager.rankDevices()).toHaveLength(3);
    expect(manager.selectBestDevice({ minMemoryBytes: 2 ** 50 })).toBeUndefined();
    expect(manager.selectBestDevice({ minMemoryBytes: 30e9 })).toBeDefined();
    expect(manager.explainSelection()).toHaveLength(3);
    const items = Array.from({ length: 1000 }, (_, index) => index);
    const { assignments, unassigned } = manager.distributeWorkload(items, { strategy: 'capacity' });
    expect([...assignments.values()].flat()).toEqual(items);
    expect(unassigned).toEqual([]);
  });

  it('refuses to be recorded into by hand', async () => {
    const manager = await open({ simulate: twoBoards });
    const code = { code: 'ERR_GPU_READ_ONLY' };
    const [device] = manager.listDevices();
    if (device === undefined) throw new Error('no device');
    expect(() => manager.registerDevice(device)).toThrow(expect.objectContaining(code));
    expect(() => manager.recordMetrics({ deviceId: device.deviceId, timestampMs: 1 })).toThrow(
      expect.objectContaining(code),
    );
    expect(() => manager.unregisterDevice(device.deviceId)).toThrow(expect.objectContaining(code));
  });

  it('honours maxHistory and keeps order', async () => {
    const manager = await open({ simulate: twoBoards, periodMs: 1, maxHistory: 20 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const history = manager.getMetricsHistory(manager.listDevices()[0]?.deviceId ?? '');
    expect(history.length).toBeLessThanOrEqual(20);
    expect(history.length).toBeGreaterThan(10);
    const times = history.map(({ timestampMs }) => timestampMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('watches the devices asked for, and no others', async () => {
    const all = await open({ simulate: twoBoards, devices: 'all' });
    const [first, second, third] = all.listDevices().map(({ deviceId }) => deviceId);
    const ids = async (devices: NonNullable<OpenOptions['devices']>) =>
      (await open({ simulate: twoBoards, devices })).listDevices().map((device) => device.deviceId);
    expect(await ids([2, 0])).toEqual([third, first]);
    expect(await ids([second ?? ''])).toEqual([second]);
    for (const [devices, code] of [
      [[9], 'ERR_GPU_UNKNOWN_DEVICE'],
      [['GPU-none'], 'ERR_GPU_UNKNOWN_DEVICE'],
      [[0, first ?? ''], 'ERR_GPU_DUPLICATE_DEVICE'],
    ] as const) {
      await expect(open({ simulate: twoBoards, devices })).rejects.toMatchObject({ code });
    }
  });
});

describe('several opens in a process', () => {
  it('share one sampler: the shortest period and the longest history win', async () => {
    const slow = await open({ simulate: twoBoards, periodMs: 50, maxHistory: 5 });
    const fast = await open({ simulate: twoBoards, periodMs: 2, maxHistory: 500 });
    const { deviceId } = fast.listDevices()[0] ?? { deviceId: '' };
    await vi.waitFor(
      () => expect(fast.getMetricsHistory(deviceId).length).toBeGreaterThan(50),
      20_000,
    );
    expect(slow.status()?.periodMs).toBe(2);
    expect(slow.getMetricsHistory(deviceId)).toHaveLength(5);
    await fast.shutdown();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(slow.status()?.periodMs).toBe(50);
    expect(slow.getMetrics(deviceId)?.ageMs).toBeLessThan(1000);
  });

  it('do not wait for a reading that is not due, whatever the period', async () => {
    await open({ simulate: twoBoards, periodMs: 3_600_000 });
    const started = performance.now();
    const second = await open({ simulate: twoBoards, periodMs: 3_600_000 });
    expect(performance.now() - started).toBeLessThan(700);
    expect(second.rankDevices()).toHaveLength(3);
  });

  it('do not make selection blink when they come and go beside slow readings', async () => {
    const simulate: Scenario = {
      ...twoBoards,
      faults: [{ function: 'nvmlDeviceGetPowerUsage', delayMs: 60 }],
    };
    const manager = await open({ simulate, periodMs: 10 });
    await new Promise((resolve) => setTimeout(resolve, 600));
    const counts: number[] = [];
    for (let round = 0; round < 6; round++) {
      const guest = await open({ simulate, periodMs: 10 });
      counts.push(manager.rankDevices().length);
      await guest.shutdown();
      counts.push(manager.rankDevices().length);
    }
    expect(counts).toEqual(counts.map(() => 3));
  });

  it('refuse another library or scenario', async () => {
    await open({ simulate: twoBoards });
    const other = { simulate: 'h100x8' };
    await expect(open(other)).rejects.toMatchObject({ code: 'ERR_GPU_ALREADY_OPEN' });
  });

  it('may follow one another with other scenarios', async () => {
    for (const simulate of ['h100x8', 'idle', 'h100x8', 'inference']) {
      const manager = await open({ simulate });
      expect(manager.status()?.simulation?.scenario).toBe(simulate);
      await manager.shutdown();
    }
  });
});

describe('what is in the way of open()', () => {
  const failing = (returns: number): OpenOptions => ({
    simulate: { ...twoBoards, faults: [{ function: 'nvmlInit*', return: returns }] },
  });

  it.each([
    ['no library', { libraryPath: '/nowhere/libnvidia-ml.so.1' }, 'ERR_GPU_LIBRARY_NOT_FOUND'],
    ['driver not loaded', failing(9), 'ERR_GPU_DRIVER_NOT_LOADED'],
    ['library and driver differ', failing(18), 'ERR_GPU_DRIVER_MISMATCH'],
    ['no permission', failing(4), 'ERR_GPU_NO_PERMISSION'],
    ['no GPU', { simulate: { devices: [] } }, 'ERR_GPU_NO_DEVICE'],
    ['an unknown error', failing(999), 'ERR_GPU_DRIVER_ERROR'],
  ] as const)('%s: its code and a hint', async (_, options, code) => {
    const hint = expect.stringMatching(/\w+ \w+/);
    await expect(open(options)).rejects.toMatchObject({ name: 'GPUError', code, hint });
  });

  it('tells no library, no NVML and another architecture apart by their hints', async () => {
    const foreign = Buffer.alloc(64);
    foreign.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    foreign.writeUInt16LE(3, 16);
    foreign.writeUInt16LE(0xf3, 18); // RISC-V
    const libraries = [
      scratchFile('text.so', 'not a library'),
      scratchFile('foreign.so', foreign),
      'libm.so.6',
    ];
    const hints = new Set<string>();
    for (const libraryPath of libraries) {
      const error = await open({ libraryPath }).catch((reason) => reason);
      expect(error).toMatchObject({ code: 'ERR_GPU_LIBRARY_INVALID' });
      hints.add(error.hint);
    }
    expect(hints.size).toBe(3);
  });

  it('gives up on a driver that does not start, and on a signal', async () => {
    const simulate = { ...twoBoards, faults: [{ function: 'nvmlInit*', delayMs: 700 }] };
    await expect(open({ simulate, openTimeoutMs: 50 })).rejects.toMatchObject({
      code: 'ERR_GPU_TIMEOUT',
    });
    await new Promise((resolve) => setTimeout(resolve, 900));
    await expect(open({ simulate, signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    await new Promise((resolve) => setTimeout(resolve, 900));
  });

  it('does not leave a thread in a hung driver for every try', async () => {
    const simulate = { ...twoBoards, faults: [{ function: 'nvmlInit*', delayMs: 1500 }] };
    const messages: string[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const error = await open({ simulate, openTimeoutMs: 50 }).catch((reason) => reason);
      expect(error).toMatchObject({ code: 'ERR_GPU_TIMEOUT' });
      messages.push(error.message);
    }
    expect(messages.map((message) => message.includes('hang'))).toEqual([false, false, true, true]);
    await new Promise((resolve) => setTimeout(resolve, 3500));
  });

  it('names file and place of a scenario that does not parse', async () => {
    const path = scratchFile('broken.json', '{\n  "devices": [{ "board": "h1000" }]\n}\n');
    const error = await open({ simulate: path }).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'ERR_GPU_SCENARIO_INVALID' });
    expect(error.message).toContain(`${path}:2:`);
    expect(error.message).toContain('h1000');
  });
});

describe('options of open()', () => {
  const tooLong = 'ERR_GPU_OUT_OF_RANGE';
  it.each([
    [{ periodMs: 0 }, 'periodMs', tooLong],
    [{ periodMs: 0.5 }, 'periodMs', tooLong],
    [{ periodMs: 3_600_001 }, 'periodMs', tooLong],
    [{ periodMs: Number.NaN }, 'periodMs', tooLong],
    [{ periodMs: '5' }, 'periodMs', 'ERR_GPU_INVALID_TYPE'],
    [{ maxHistory: 0 }, 'maxHistory', tooLong],
    [{ maxHistory: 1.5 }, 'maxHistory', tooLong],
    [{ maxHistory: 2 ** 31 }, 'maxHistory', tooLong],
    [{ maxHistory: 3_000_000 }, 'maxHistory', tooLong],
    [{ maxHistory: 1_000_000 }, 'options.maxHistory', tooLong],
    [{ libraryPath: 5 }, 'libraryPath', 'ERR_GPU_INVALID_TYPE'],
    [{ libraryPath: '' }, 'libraryPath', tooLong],
    [{ simulate: false }, 'simulate', 'ERR_GPU_INVALID_TYPE'],
    [{ simulate: [] }, 'simulate', 'ERR_GPU_INVALID_TYPE'],
    [{ simulate: 'nonesuch' }, 'nonesuch', 'ERR_GPU_SCENARIO_INVALID'],
    [{ devices: 'some' }, 'devices', 'ERR_GPU_INVALID_TYPE'],
    [{ devices: [-1] }, 'devices[0]', tooLong],
    [{ devices: [{}] }, 'devices[0]', 'ERR_GPU_INVALID_TYPE'],
    [{ signal: 5 }, 'signal', 'ERR_GPU_INVALID_TYPE'],
    [{ period: 5 }, 'period', 'ERR_GPU_UNKNOWN_OPTION'],
    ['fast', 'options', 'ERR_GPU_INVALID_TYPE'],
  ])('%j is refused, naming the option', async (options, name, code) => {
    const withSimulator = typeof options === 'object' && !('libraryPath' in options);
    const given = withSimulator ? { simulate: 'h100x8', ...options } : options;
    const error = await open(given as OpenOptions).catch((reason) => reason);
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(name);
  });
});

describe('isAvailable', () => {
  it('is true of a library that answers, and leaves nothing open', async () => {
    expect(await isAvailable({ libraryPath: simulatedDriverPath() })).toBe(true);
    const manager = await open({ simulate: twoBoards });
    expect(manager.listDevices()).toHaveLength(3);
  });

  it('never meets the simulated driver unasked, whatever the process opened before', async () => {
    const ending = await runProgram('integration/programs/unasked.cjs');
    expect(ending).toMatchObject({ code: 0, stdout: 'as before\n' });
  });

  it('is false, and never rejects, of what cannot work', async () => {
    const impossible = [
      { libraryPath: '/nowhere/libnvidia-ml.so.1' },
      { libraryPath: scratchFile('text.so', 'not a library') },
      { libraryPath: 5 },
      { unknown: true },
      'nonsense',
    ];
    for (const options of impossible) {
      expect(await isAvailable(options as { libraryPath?: string }), String(options)).toBe(false);
    }
  });
});
