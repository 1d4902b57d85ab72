import { describe, expect, it } from 'vitest';
import type { Host } from '../../../lib/cli/host.js';
import { run } from '../../../lib/cli/run.js';
import { type ErrorCode, GPUError } from '../../../lib/errors.js';
import { fakeCluster, fakeWorld, healthyHost, realStatus, simulatedStatus } from './fixture.js';

const gpus = [0, 1].map((index) => ({
  deviceId: `GPU-${index}`,
  name: 'NVIDIA H100 80GB HBM3',
  vendor: 'nvidia',
  memoryBytes: 80e9,
  index,
  cudaIndex: index,
}));
const answers = gpus.map(({ deviceId }) => ({ deviceId, timestampMs: 1 }));
const healthy = fakeCluster({ devices: gpus, samples: answers });

interface Check {
  readonly check: string;
  readonly verdict: string;
  readonly detail: string;
  readonly hint?: string;
}

async function examined(
  cluster: Parameters<typeof fakeWorld>[0] = healthy,
  {
    host = {},
    env = {},
    argv = [],
  }: { host?: Partial<Host>; env?: Record<string, string>; argv?: readonly string[] } = {},
) {
  const world = fakeWorld(cluster, { host: { ...healthyHost, ...host }, env });
  const code = await run(['doctor', '--json', ...argv], world.context);
  const report: { verdict: string; simulated: boolean; checks: readonly Check[] } = JSON.parse(
    world.terminal.output,
  );
  const find = (name: string) => report.checks.find(({ check }) => check === name);
  return { code, ...report, find, opened: world.opened };
}

describe('doctor', () => {
  it('passes a healthy machine', async () => {
    const { code, verdict, checks } = await examined();
    expect(checks.filter((check) => check.verdict !== 'PASS')).toEqual([]);
    expect({ code, verdict }).toEqual({ code: 0, verdict: 'PASS' });
    expect(checks.map(({ check }) => check)).toEqual([
      'platform',
      'node',
      'addon',
      'library',
      'driver',
      'devices',
      'samples',
      'health',
      'CUDA_VISIBLE_DEVICES',
      'device files',
      'persistence',
      'container',
    ]);
  });

  it('asks for all devices and does not wait for a hung driver', async () => {
    expect((await examined()).opened[0]).toMatchObject({ devices: 'all', openTimeoutMs: 5000 });
  });

  it('warns of a simulator and leaves the machine out of it', async () => {
    const cluster = fakeCluster({ devices: gpus, samples: answers, status: simulatedStatus });
    const { code, simulated, find } = await examined(cluster, { argv: ['--simulate'] });
    expect({ code, simulated }).toEqual({ code: 1, simulated: true });
    expect(find('simulator')).toMatchObject({
      verdict: 'WARN',
      detail: 'simulated: scenario mixed',
    });
    expect(find('device files')).toBeUndefined();
  });

  it.each<[ErrorCode, string, readonly string[]]>([
    ['ERR_GPU_ADDON_NOT_FOUND', 'addon', []],
    ['ERR_GPU_ADDON_DISABLED', 'addon', []],
    ['ERR_GPU_LIBRARY_NOT_FOUND', 'library', ['addon']],
    ['ERR_GPU_LIBRARY_INVALID', 'library', ['addon']],
    ['ERR_GPU_DRIVER_NOT_LOADED', 'driver', ['addon', 'library']],
    ['ERR_GPU_DRIVER_MISMATCH', 'driver', ['addon', 'library']],
    ['ERR_GPU_NO_PERMISSION', 'driver', ['addon', 'library']],
    ['ERR_GPU_TIMEOUT', 'driver', ['addon', 'library']],
    ['ERR_GPU_NO_DEVICE', 'devices', ['addon', 'library', 'driver']],
    ['ERR_GPU_SIMULATOR_NOT_FOUND', 'simulator', []],
    ['ERR_GPU_SCENARIO_INVALID', 'simulator', []],
  ])('%s fails the check %s, after those that passed', async (code, failed, passed) => {
    const error = new GPUError(code, 'what happened', { hint: 'what to do' });
    const result = await examined(error);
    expect(result.code).toBe(2);
    expect(result.find(failed)).toMatchObject({ verdict: 'FAIL', hint: 'what to do' });
    expect(result.find(failed)?.detail).toMatch(`${code}: what happened`);
    const stages = ['addon', 'library', 'driver', 'devices', 'samples'];
    const rest = result.checks.filter(({ check }) => stages.includes(check) && check !== failed);
    expect(rest.map(({ check, verdict }) => `${check} ${verdict}`)).toEqual(
      passed.map((check) => `${check} PASS`),
    );
  });

  it.each([
    ['NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct 19', '535.129.03'],
    ['NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.06  Release', '570.124.06'],
    [undefined, 'not loaded'],
  ])('names the kernel module beside a failing driver (%s)', async (text, version) => {
    const error = new GPUError('ERR_GPU_DRIVER_MISMATCH', 'versions differ');
    const readText = (path: string) => (path === '/proc/driver/nvidia/version' ? text : undefined);
    const { find } = await examined(error, { host: { readText } });
    expect(find('driver')?.detail).toContain(`(kernel module ${version})`);
  });

  it.each([
    [{ platform: 'darwin', glibcVersion: undefined }, 'FAIL'],
    [{ platform: 'win32', glibcVersion: undefined }, 'FAIL'],
    [{ glibcVersion: undefined }, 'FAIL'],
    [{ arch: 'ia32' }, 'FAIL'],
    [{ arch: 'arm64' }, 'WARN'],
    [{}, 'PASS'],
  ])('judges the platform %j: %s', async (host, verdict) => {
    expect((await examined(healthy, { host })).find('platform')?.verdict).toBe(verdict);
  });

  it.each([
    ['20.16.0', 'FAIL'],
    ['20.17.0', 'PASS'],
    ['18.20.0', 'FAIL'],
    ['22.0.0', 'PASS'],
    ['24.1.0', 'PASS'],
  ])('judges Node %s: %s', async (nodeVersion, verdict) => {
    expect((await examined(healthy, { host: { nodeVersion } })).find('node')?.verdict).toBe(
      verdict,
    );
  });

  it.each([
    ['535.42.01', 'PASS'],
    ['535.43.02', 'WARN'],
    ['535.86.10', 'WARN'],
    ['535.98', 'PASS'],
    ['570.54.01', 'PASS'],
  ])('judges driver %s: %s', async (driverVersion, verdict) => {
    const status = { ...realStatus, driverVersion };
    const cluster = fakeCluster({ devices: gpus, samples: answers, status });
    expect((await examined(cluster)).find('driver')?.verdict).toBe(verdict);
  });

  it.each<[string, Partial<Host>, string, RegExp]>([
    ['none', { list: () => [] }, 'FAIL', /^no \/dev\/nvidia\*$/],
    ['no access', { isAccessible: (path) => path !== '/dev/nvidia0' }, 'FAIL', /\/dev\/nvidia0$/],
    [
      'a control group',
      { openFailure: (path) => (path === '/dev/nvidia1' ? 'EPERM' : undefined) },
      'PASS',
      /nvidia0/,
    ],
    [
      'a control group in the way',
      { openFailure: (path) => (path === '/dev/nvidia0' ? 'EPERM' : undefined) },
      'FAIL',
      /^blocked: \/dev\/nvidia0 \(EPERM\)$/,
    ],
    ['no uvm', { list: () => ['nvidia0', 'nvidiactl'] }, 'WARN', /^no \/dev\/nvidia-uvm$/],
    ['WSL', { list: () => [], exists: (path) => path === '/dev/dxg' }, 'PASS', /WSL/],
  ])('judges device files: %s', async (_case, host, verdict, detail) => {
    const found = (await examined(healthy, { host })).find('device files');
    expect(found?.verdict).toBe(verdict);
    expect(found?.detail).toMatch(detail);
  });

  it('says which devices have persistence mode off', async () => {
    const details = { 'GPU-0': { persistenceMode: 1 }, 'GPU-1': { persistenceMode: 0 } };
    const off = await examined(fakeCluster({ devices: gpus, samples: answers, details }));
    expect(off.checks.filter(({ check }) => check === 'persistence')).toEqual([
      {
        check: 'persistence',
        verdict: 'WARN',
        detail: 'mode is off on device 1',
        hint: expect.stringMatching(/nvidia-persistenced/),
      },
    ]);
    const on = fakeCluster({
      devices: gpus,
      samples: answers,
      details: { 'GPU-0': { persistenceMode: 1 } },
    });
    expect((await examined(on)).find('persistence')?.detail).toBe('mode is on');
  });

  it('warns of a driver with long process records', async () => {
    const details = { 'GPU-1': { processRecordBytes: 32 } };
    const { find } = await examined(fakeCluster({ devices: gpus, samples: answers, details }));
    expect(find('process records')).toMatchObject({
      verdict: 'WARN',
      detail: 'the driver writes 32-byte process records where 24 are declared',
    });
    expect((await examined()).find('process records')).toBeUndefined();
  });

  it.each([
    ['degraded', 'WARN'],
    ['needs-reset', 'FAIL'],
    ['lost', 'FAIL'],
    ['hung', 'FAIL'],
  ] as const)('judges a device that is %s: %s', async (state, verdict) => {
    const health = {
      'GPU-1': { state, sinceMs: 0, message: 'what is wrong', recovery: 'what to do' },
    };
    const { find } = await examined(fakeCluster({ devices: gpus, samples: answers, health }));
    expect(find('health')).toEqual({
      check: 'health',
      verdict,
      detail: `device 1 is ${state}: what is wrong`,
      hint: 'what to do',
    });
  });

  it('says so when persistence is unknown', async () => {
    const { find } = await examined(healthy, { host: { exists: () => false } });
    expect(find('persistence')?.detail).toMatch(/^unknown/);
  });

  it.each<[string, Partial<Host>, string, RegExp]>([
    ['no container', {}, 'PASS', /not in a container/],
    ['GPUs passed in', { exists: (path) => path === '/.dockerenv' }, 'PASS', /GPUs passed in/],
    [
      'none passed in',
      { exists: (path) => path === '/.dockerenv', list: () => [] },
      'WARN',
      /Docker container, no GPU passed in$/,
    ],
    [
      'by its control group',
      { list: () => [], readText: (path) => (path === '/proc/1/cgroup' ? '0::/kubepods/x' : '') },
      'WARN',
      /in a container, no GPU/,
    ],
  ])('judges the container: %s', async (_case, host, verdict, detail) => {
    const found = (await examined(healthy, { host })).find('container');
    expect(found?.verdict).toBe(verdict);
    expect(found?.detail).toMatch(detail);
  });

  it.each([
    [{}, gpus, 'PASS', 'not set: 2 of 2 devices are visible to CUDA'],
    [{ CUDA_VISIBLE_DEVICES: '0,1' }, gpus, 'PASS', "'0,1': 2 of 2 devices are visible to CUDA"],
    [{ CUDA_VISIBLE_DEVICES: '' }, [], 'WARN', "'': 0 of 2 devices are visible to CUDA"],
    [{ CUDA_VISIBLE_DEVICES: '0,7' }, gpus.slice(0, 1), 'WARN', /1 of 2/],
    [{ CUDA_VISIBLE_DEVICES: '0' }, gpus.slice(0, 1), 'PASS', /1 of 2/],
  ])('judges visibility under %j', async (env, visible, verdict, detail) => {
    const devices = gpus.map(({ cudaIndex, ...device }) =>
      visible.some(({ deviceId }) => deviceId === device.deviceId)
        ? { ...device, cudaIndex }
        : device,
    );
    const cluster = fakeCluster({ devices, samples: answers });
    const found = (await examined(cluster, { env })).find('CUDA_VISIBLE_DEVICES');
    expect(found?.verdict).toBe(verdict);
    expect(found?.detail).toMatch(detail);
  });

  it("warns that CUDA's order of unequal boards is an estimate", async () => {
    const devices = gpus.map((device) => ({ ...device, name: `board ${device.index}` }));
    const mixed = fakeCluster({ devices, samples: answers });
    const name = 'CUDA_VISIBLE_DEVICES';
    expect((await examined(mixed)).find(name)?.verdict).toBe('WARN');
    const env = { CUDA_DEVICE_ORDER: 'FASTEST_FIRST' };
    expect((await examined(mixed, { env })).find(name)?.hint).toMatch(
      /CUDA_DEVICE_ORDER=PCI_BUS_ID/,
    );
    const byBus = { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
    expect((await examined(mixed, { env: byBus })).find(name)?.verdict).toBe('PASS');
  });

  it('warns of devices that do not answer', async () => {
    const { find } = await examined(fakeCluster({ devices: gpus, samples: answers.slice(0, 1) }));
    expect(find('samples')).toMatchObject({
      verdict: 'WARN',
      detail: 'no answer within a second from 1',
    });
  });

  it('takes the place in a list of UUIDs for exact', async () => {
    const devices = gpus.map((device) => ({ ...device, name: `board ${device.index}` }));
    const mixed = fakeCluster({ devices, samples: answers });
    const env = { CUDA_VISIBLE_DEVICES: 'GPU-0,GPU-1' };
    const found = (await examined(mixed, { env })).find('CUDA_VISIBLE_DEVICES');
    expect(found?.verdict).toBe('PASS');
  });

  it('warns of devices that fail, with or without an earlier sample', async () => {
    const code = 'ERR_GPU_DEVICE_LOST' as const;
    const status = { ...realStatus, failing: [{ deviceId: 'GPU-1', code }] };
    for (const samples of [answers, answers.slice(0, 1)]) {
      const { find, code: exit } = await examined(fakeCluster({ devices: gpus, samples, status }));
      expect(find('samples')).toMatchObject({
        verdict: 'WARN',
        detail: 'device 1 fails: ERR_GPU_DEVICE_LOST',
      });
      expect(exit).toBe(1);
    }
    const none = await examined(fakeCluster({ devices: gpus, samples: [], status }));
    expect(none.find('samples')?.detail).toBe(
      'device 1 fails: ERR_GPU_DEVICE_LOST; no answer within a second from 0',
    );
  });

  it('warns of devices that the driver would not hand out', async () => {
    const status = { ...realStatus, skippedDevices: 2 };
    const { find } = await examined(fakeCluster({ devices: gpus, samples: answers, status }));
    expect(find('devices')).toMatchObject({
      verdict: 'WARN',
      detail: '2 x NVIDIA H100 80GB HBM3; the driver would not hand out 2 more devices',
    });
  });

  it('prints a line for each check, its hint below, and the sum', async () => {
    const error = new GPUError('ERR_GPU_DRIVER_MISMATCH', 'differs', { hint: 'restart' });
    const { context, terminal } = fakeWorld(error);
    expect(await run(['doctor'], context)).toBe(2);
    expect(terminal.errors).toBe('');
    expect(terminal.output).toBe(
      [
        'PASS  platform              linux x64, glibc 2.36',
        'PASS  node                  Node 20.20.2',
        'PASS  addon                 loads',
        'PASS  library               found and loads',
        'FAIL  driver                ERR_GPU_DRIVER_MISMATCH: differs (kernel module not loaded)',
        '                            restart',
        'PASS  device files          /dev/nvidia-uvm, /dev/nvidia0, /dev/nvidiactl',
        'PASS  persistence           nvidia-persistenced runs',
        'PASS  container             not in a container',
        '7 passed, 0 warned, 1 failed',
        '',
      ].join('\n'),
    );
  });
});
