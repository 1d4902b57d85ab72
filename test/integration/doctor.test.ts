// What is in the way, staged with the simulated driver and found by the program.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../lib/testing/index.js';
import { nvmlReturns, simulatedDriverPath } from '../../lib/testing/index.js';
import { runProgram } from '../support/program.js';

const h100s = { devices: [{ board: 'h100', count: 2 }] } as const;

interface Check {
  readonly check: string;
  readonly verdict: string;
  readonly detail: string;
  readonly hint?: string;
}

/** The program as a user has it, on a driver that is found by GPURING_NVML_PATH. */
async function examine(libraryPath: string, scenario: Scenario = h100s) {
  const ended = await runProgram(join(__dirname, '../../dist/cli/main.js'), {
    args: ['doctor', '--json'],
    env: {
      ...process.env,
      GPURING_NVML_PATH: libraryPath,
      GPURING_SCENARIO: JSON.stringify(scenario),
    },
  });
  const report: { readonly checks: readonly Check[] } = JSON.parse(ended.stdout);
  return {
    code: ended.code,
    find: (name: string) => report.checks.find(({ check }) => check === name),
  };
}

const onDriver = (scenario: Scenario) => examine(simulatedDriverPath(), scenario);
const initAnswers = (nvmlReturn: number): Scenario => ({
  ...h100s,
  faults: [{ function: 'nvmlInit*', return: nvmlReturn }],
});

describe('doctor', () => {
  it('names a library that is missing', async () => {
    const { code, find } = await examine(join(tmpdir(), 'no-such-folder', 'libnvidia-ml.so.1'));
    expect(code).toBe(2);
    expect(find('library')).toMatchObject({ verdict: 'FAIL', hint: expect.any(String) });
    expect(find('library')?.detail).toMatch(/^ERR_GPU_LIBRARY_NOT_FOUND/);
  });

  it.each([
    ['no driver', nvmlReturns.driverNotLoaded, /^ERR_GPU_DRIVER_NOT_LOADED/, /modprobe nvidia/],
    [
      'a mismatch',
      nvmlReturns.libRmVersionMismatch,
      /^ERR_GPU_DRIVER_MISMATCH/,
      /reboot|restart the container/,
    ],
    ['no permission', nvmlReturns.noPermission, /^ERR_GPU_NO_PERMISSION/, /\/dev\/nvidia/],
    [
      'a control group without the devices',
      nvmlReturns.operatingSystem,
      /^ERR_GPU_NO_PERMISSION/,
      /control group/i,
    ],
  ])('names %s', async (_cause, nvmlReturn, detail, hint) => {
    const { code, find } = await onDriver(initAnswers(nvmlReturn));
    expect(code).toBe(2);
    expect(find('driver')?.verdict).toBe('FAIL');
    expect(find('driver')?.detail).toMatch(detail);
    expect(find('driver')?.hint).toMatch(hint);
  });

  it('names persistence mode that is off', async () => {
    const { find } = await onDriver({
      devices: [{ board: 'h100' }, { board: 'rtx4090' }], // servers keep it on, desktops do not
    });
    expect(find('persistence')).toMatchObject({
      verdict: 'WARN',
      detail: 'mode is off on device 1',
    });
  });

  it('names an old driver with the 32-byte process record', async () => {
    const processes = [
      { pid: 4242, memoryMiB: 512 },
      { pid: 4243, memoryMiB: 256 },
    ];
    const { find } = await onDriver({
      processRecordBytes: 32,
      devices: [{ board: 'a100', processes }],
    });
    expect(find('process records')).toMatchObject({ verdict: 'WARN', hint: expect.any(String) });
  });

  it('names a device that is lost', async () => {
    const fault = { function: 'nvmlDeviceGetPowerUsage', device: 1, return: nvmlReturns.gpuIsLost };
    const { code, find } = await onDriver({ ...h100s, faults: [fault] });
    expect(code).toBe(2);
    expect(find('health')?.detail).toMatch(/^device 1 is lost/);
  });

  it('finds nothing wrong with a driver that is well', async () => {
    const { find } = await onDriver(h100s);
    expect(find('health')?.verdict).toBe('PASS');
    expect(find('persistence')).toMatchObject({ verdict: 'PASS', detail: 'mode is on' });
    expect(find('process records')).toBeUndefined();
  });
});
