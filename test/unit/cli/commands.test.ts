import { describe, expect, it, vi } from 'vitest';
import { run } from '../../../lib/cli/run.js';
import { GPUError, rangeError } from '../../../lib/errors.js';
import { chooseDevices } from '../../../lib/telemetry/device-filter.js';
import {
  devices,
  FakeTerminal,
  fakeCluster,
  fakeWorld,
  realStatus,
  samples,
  simulatedStatus,
} from './fixture.js';

async function outcome(argv: readonly string[], world = fakeWorld()) {
  const code = await run(argv, world.context);
  const { output, errors } = world.terminal;
  return { code, output, errors, opened: world.opened, sleeps: world.sleeps };
}

function thrown(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return expect.unreachable('expected an error');
}

const noLibrary = new GPUError('ERR_GPU_LIBRARY_NOT_FOUND', 'no libnvidia-ml.so.1', {
  hint: 'it comes with the NVIDIA driver.',
});

describe('every command', () => {
  const commands = [
    ['top'],
    ['snapshot'],
    ['snapshot', '--json'],
    ['select'],
    ['distribute', '--items', '3'],
  ];

  it.each(commands)('%s %s says in one line that there is no driver', async (...argv) => {
    expect(await outcome(argv, fakeWorld(noLibrary))).toMatchObject({
      code: 1,
      output: '',
      errors:
        'gpuring: ERR_GPU_LIBRARY_NOT_FOUND: no libnvidia-ml.so.1; ' +
        'it comes with the NVIDIA driver; without a GPU, add --simulate\n',
    });
  });

  it.each([...commands, ['doctor']])('%s %s simulates only when asked', async (...argv) => {
    const [unasked] = (await outcome(argv)).opened;
    expect(unasked).toBeDefined();
    expect(unasked).not.toHaveProperty('simulate');
    expect((await outcome([...argv, '--simulate'])).opened[0]?.simulate).toBe(true);
    expect((await outcome([...argv, '--simulate', 'idle'])).opened[0]?.simulate).toBe('idle');
  });

  it.each(commands)('%s %s takes --all', async (...argv) => {
    expect((await outcome(argv)).opened[0]).not.toHaveProperty('devices');
    expect((await outcome([...argv, '--all'])).opened[0]?.devices).toBe('all');
  });

  it('names --simulate only where it was not asked for', async () => {
    for (const option of [['--simulate'], ['--simulate=idle'], ['--simulate', 'idle']]) {
      const { code, errors } = await outcome(['snapshot', ...option], fakeWorld(noLibrary));
      expect(code).toBe(1);
      expect(errors).not.toContain('--simulate');
    }
  });

  it('names --all where CUDA_VISIBLE_DEVICES hides every device', async () => {
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '9');
    const hidden = thrown(() => chooseDevices('visible', [], []));
    vi.unstubAllEnvs();
    expect(await outcome(['snapshot'], fakeWorld(hidden))).toMatchObject({
      code: 1,
      errors:
        'gpuring: ERR_GPU_NO_DEVICE: CUDA_VISIBLE_DEVICES ("9") leaves no device; ' +
        'add --all for every device of the driver\n',
    });
  });

  it('passes on the library and the period', async () => {
    const [options] = (await outcome(['snapshot', '--library', '/x.so', '--period', '50'])).opened;
    expect(options).toMatchObject({ libraryPath: '/x.so', periodMs: 50 });
  });

  it('shuts down, whatever happens', async () => {
    for (const argv of commands) {
      const cluster = fakeCluster();
      await outcome(argv, fakeWorld(cluster));
      expect(cluster.shutdowns()).toBe(1);
      const failing = { ...cluster, listDevices: () => expect.unreachable('no devices') };
      expect((await outcome(argv, fakeWorld(failing))).code).toBe(1);
      expect(cluster.shutdowns()).toBe(2);
    }
  });

  it('treats a refused argument as bad usage and keeps a failure on one line', async () => {
    const refused = rangeError('ERR_GPU_OUT_OF_RANGE', 'options.periodMs: expected 1 or more');
    expect((await outcome(['snapshot'], fakeWorld(refused))).code).toBe(2);
    const { code, errors } = await outcome(['snapshot'], fakeWorld(new Error('a\nb\x1b[2J')));
    expect({ code, errors }).toEqual({ code: 1, errors: 'gpuring: a b?[2J\n' });
  });

  it('names the simulation before anything else it prints', async () => {
    const cluster = fakeCluster({ status: simulatedStatus });
    for (const argv of [['top'], ['snapshot'], ['select'], ['distribute', '--items', '3']]) {
      const { output } = await outcome(argv, fakeWorld(cluster));
      expect(output.split('\n')[0]).toBe('SIMULATED: scenario mixed (no real GPU)');
    }
    for (const argv of [['snapshot'], ['select'], ['distribute', '--items', '3'], ['doctor']]) {
      const { output } = await outcome([...argv, '--json'], fakeWorld(cluster));
      expect(JSON.parse(output).simulated).toBe(true);
    }
  });
});

describe('top without a terminal', () => {
  it('prints five tables, a second apart', async () => {
    const { code, output, sleeps } = await outcome(['top']);
    expect(code).toBe(0);
    expect(output.match(/^gpuring {3}driver/gm)).toHaveLength(5);
    expect(output.match(/^0 {2}H100/gm)).toHaveLength(5);
    expect(sleeps).toEqual([1000, 1000, 1000, 1000, 1000]);
  });

  it('takes count and interval, in a terminal too', async () => {
    const terminal = new FakeTerminal({ isTTY: true, columns: 80, rows: 24 });
    const argv = ['top', '--count', '2', '--interval', '250'];
    const { output, sleeps } = await outcome(argv, fakeWorld(fakeCluster(), { terminal }));
    expect(output.match(/^gpuring {3}driver/gm)).toHaveLength(2);
    expect(output).not.toContain('\x1b[?1049h');
    expect(sleeps).toEqual([250, 250]);
  });

  it('looks at the samples every second, however long it is between prints', async () => {
    let looks = 0;
    const cluster = fakeCluster();
    const watched = fakeWorld({
      ...cluster,
      getMetricsHistory: (deviceId) => {
        if (deviceId === 'GPU-0') looks += 1;
        return cluster.getMetricsHistory(deviceId);
      },
    });
    const argv = ['top', '--count', '2', '--interval', '2500'];
    const { output, sleeps } = await outcome(argv, watched);
    expect(output.match(/^gpuring {3}driver/gm)).toHaveLength(2);
    expect(sleeps).toEqual([1000, 1000, 500, 1000, 1000, 500]);
    expect(looks).toBeGreaterThanOrEqual(6);
  });

  it.each([
    [1, 6000],
    [100, 600],
    [5000, 12],
    [3_600_000, 2],
  ])('at a period of %d ms keeps %d samples', async (period, maxHistory) => {
    const [options] = (await outcome(['top', '--period', String(period)])).opened;
    expect(options).toMatchObject({ periodMs: period, maxHistory });
  });

  it('stops when it is told to', async () => {
    const world = fakeWorld();
    world.stop.abort();
    expect((await outcome(['top'], world)).output).toBe('');
  });

  it('uses colours and Unicode only where they are known to work', async () => {
    const plain = await outcome(['top', '--count', '1'], fakeWorld(fakeCluster(), { env: {} }));
    expect(plain.output).not.toContain('\x1b');
    expect(plain.output).toMatch(/^[\x20-\x7e\n]+$/);
    const env = { FORCE_COLOR: '1', LANG: 'C.UTF-8' };
    const rich = await outcome(['top', '--count', '1'], fakeWorld(fakeCluster(), { env }));
    expect(rich.output).toContain('\x1b[32m');
    expect(rich.output).toContain('━');
  });
});

describe('snapshot', () => {
  it('prints driver, devices and metrics as JSON, unknown ones absent', async () => {
    const { code, output } = await outcome(['snapshot', '--json']);
    expect(code).toBe(0);
    const { simulated, driver, devices } = JSON.parse(output);
    expect(simulated).toBe(false);
    expect(driver).toEqual({
      libraryPath: '/usr/lib/libnvidia-ml.so.1',
      driverVersion: '570.124.06',
      nvmlVersion: '12.570.124.06',
      cudaDriverVersion: '12.8',
    });
    expect(devices).toHaveLength(3);
    expect(devices[0]).toMatchObject({ deviceId: 'GPU-0', metrics: { powerWatts: 312.4 } });
    expect(devices[2].metrics).toEqual({
      deviceId: 'GPU-2',
      timestampMs: expect.any(Number),
      ageMs: 12,
    });
  });

  it('says which devices fail and how many are missing, in text and JSON', async () => {
    const failing = [{ deviceId: 'GPU-1', code: 'ERR_GPU_DEVICE_LOST' }] as const;
    const status = { ...realStatus, failing, skippedDevices: 1 };
    const { output } = await outcome(['snapshot'], fakeWorld(fakeCluster({ status })));
    expect(output).toMatch(/^1 {2}H100.* lost +1\.2 s$/m);
    const json = await outcome(['snapshot', '--json'], fakeWorld(fakeCluster({ status })));
    expect(JSON.parse(json.output)).toMatchObject({ failing, skippedDevices: 1 });
    expect(JSON.parse((await outcome(['snapshot', '--json'])).output)).toMatchObject({
      failing: [],
      aggregate: { deviceCount: 3, memoryDeviceCount: 2, powerDeviceCount: 2 },
    });
  });

  it('waits for first samples, but not longer than a second', async () => {
    expect((await outcome(['snapshot'])).sleeps).toEqual([]);
    const silent = fakeWorld(fakeCluster({ samples: [] }));
    const { code, output, sleeps } = await outcome(['snapshot'], silent);
    expect(code).toBe(0);
    expect(sleeps.reduce((sum, ms) => sum + ms, 0)).toBe(1000);
    expect(output).toMatch(/^0 {2}H100 80GB HBM3 +- +-\/80\.0 +- /m);
  });
});

describe('select', () => {
  it('prints the device, the reason and a line to export', async () => {
    const { code, output } = await outcome(['select']);
    expect(code).toBe(0);
    expect(output).toBe(
      'selected  NVIDIA H100 80GB HBM3  (index 0, CUDA ~0)\n' +
        'because   score 0.4430: memory free 48.5 %, idle 38.0 %\n' +
        'CUDA_VISIBLE_DEVICES=GPU-0\n',
    );
  });

  it("marks CUDA's index where it is an estimate", async () => {
    const env = { LANG: 'C.UTF-8', NO_COLOR: '1' };
    const shown = async (more: Record<string, string>, boards = devices) => {
      const cluster = fakeCluster({ devices: boards, samples: samples.slice(0, boards.length) });
      const world = () => fakeWorld(cluster, { env: { ...env, ...more } });
      const { output } = await outcome(['select'], world());
      const json = JSON.parse((await outcome(['select', '--json'], world())).output);
      return [/CUDA ~?\d/.exec(output)?.[0], json.cudaOrderEstimated];
    };
    expect(await shown({})).toEqual(['CUDA ~0', true]);
    expect(await shown({ CUDA_VISIBLE_DEVICES: '0,1,2' })).toEqual(['CUDA ~0', true]);
    expect(await shown({ CUDA_VISIBLE_DEVICES: 'GPU-0,GPU-1' })).toEqual(['CUDA 0', undefined]);
    expect(await shown({ CUDA_DEVICE_ORDER: 'PCI_BUS_ID' })).toEqual(['CUDA 0', undefined]);
    expect(await shown({}, devices.slice(0, 2))).toEqual(['CUDA 0', undefined]);
  });

  it('explains every device', async () => {
    const { output } = await outcome(['select', '--explain']);
    expect(output).toMatch(/^0 {2}NVIDIA H100 80GB HBM3 +selected +0\.4430 /m);
    expect(output).toMatch(/^1 {2}NVIDIA H100 80GB HBM3 +ranked +0\.\d{4} +score .* behind GPU-0/m);
    expect(output).toMatch(/^2 {2}NVIDIA L4 +\w+ /m);
  });

  it('orders by the policy that is named', async () => {
    const { output } = await outcome(['select', '--policy', 'most-free-memory']);
    expect(output).toMatch(/^because {3}cost 0\.\d+: \d+\.\d\d GiB free$/m);
    const { code, errors } = await outcome(['select', '--policy', 'fastest']);
    expect(code).not.toBe(0);
    expect(errors).toContain('--policy');
  });

  it('says for each device why none fits, and fails', async () => {
    const { code, output, errors } = await outcome(['select', '--min-memory', '60GiB']);
    expect(code).toBe(1);
    expect(output).toBe('');
    const lines = errors.trimEnd().split('\n');
    expect(lines[0]).toBe('gpuring: no device fits');
    expect(lines[1]).toBe('  0 NVIDIA H100 80GB HBM3: 38.80 GiB free, 60.00 GiB wanted');
    expect(lines).toHaveLength(4);
  });

  it('prints JSON, with and without a device', async () => {
    const chosen = JSON.parse((await outcome(['select', '--json'])).output);
    expect(chosen.selected).toMatchObject({
      deviceId: 'GPU-0',
      index: 0,
      cudaIndex: 0,
      code: 'best',
      environment: { CUDA_VISIBLE_DEVICES: 'GPU-0' },
    });
    expect(chosen.devices).toHaveLength(3);
    const none = await outcome(['select', '--json', '--min-memory', '60GiB']);
    expect(none.code).toBe(1);
    expect(JSON.parse(none.output)).not.toHaveProperty('selected');
  });
});

describe('distribute', () => {
  it('prints counts that add up', async () => {
    const { code, output } = await outcome(['distribute', '--items', '1000']);
    expect(code).toBe(0);
    expect(output).toBe(
      '#  NAME                   DEVICE  ITEMS\n' +
        '0  NVIDIA H100 80GB HBM3  GPU-0     334\n' +
        '1  NVIDIA H100 80GB HBM3  GPU-1     333\n' +
        '2  NVIDIA L4              GPU-2     333\n' +
        '1,000 items: 1,000 assigned, 0 unassigned   (strategy uniform)\n',
    );
  });

  it('shows what nobody may take', async () => {
    const argv = ['distribute', '--items', '10', '--max-per-device', '2', '--json'];
    const result = JSON.parse((await outcome(argv)).output);
    expect(result).toMatchObject({ assigned: 6, unassigned: 4, total: 10, strategy: 'uniform' });
    expect(result.devices.map(({ items }: { items: number }) => items)).toEqual([2, 2, 2]);
  });

  it('shares by capacity', async () => {
    const argv = ['distribute', '--items', '322', '--strategy', 'capacity', '--json'];
    const { devices, strategy } = JSON.parse((await outcome(argv)).output);
    expect(strategy).toBe('capacity');
    expect(devices.map(({ items }: { items: number }) => items)).toEqual([132, 132, 58]);
  });

  it('plans more items than an array could hold', async () => {
    const argv = ['distribute', '--items', '4000000000', '--strategy', 'least-loaded', '--json'];
    const { total, devices } = JSON.parse((await outcome(argv)).output);
    expect(total).toBe(4e9);
    expect(devices[0].items).toBeGreaterThan(devices[2].items);
  });

  it('fails rather than hide a lost item', async () => {
    const cluster = fakeCluster();
    const losing = fakeWorld({
      ...cluster,
      distribute: (items, options) => cluster.distribute(items - 1, options),
    });
    const { code, errors } = await outcome(['distribute', '--items', '10'], losing);
    expect({ code, errors }).toEqual({ code: 1, errors: 'gpuring: 10 items came out as 9\n' });
  });
});
