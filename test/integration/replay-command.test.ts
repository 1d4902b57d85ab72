import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/program.js';

const { GPURING_NVML_PATH: _path, ...bare } = process.env;
const environment = { ...bare, LC_ALL: 'C.UTF-8', NO_COLOR: '1' };

function replay(...args: readonly string[]) {
  const whole = { args: ['replay', ...args], env: environment };
  return runProgram('../dist/cli/main.js', whole);
}

describe('gpuring replay', () => {
  it('prints the same bytes twice, as table and as JSON', async () => {
    for (const form of [[], ['--json']]) {
      const args = ['--dispatchers', '16', '--seconds', '20', '--seed', '5', ...form];
      const [first, second] = await Promise.all([replay(...args), replay(...args)]);
      expect(first).toMatchObject({ code: 0, stderr: '' });
      expect(first.stdout).toMatch(/SIMULATED|"simulated": true/);
      expect(second.stdout).toBe(first.stdout);
    }
  });

  it('finds the recordings that ship, and needs no driver, simulated or real', async () => {
    const env = { ...environment, GPURING_NVML_PATH: '/nonexistent/libnvidia-ml.so.1' };
    const args = ['replay', '--scenario', 'recorded', '--seconds', '5', '--policy', 'pack'];
    const { code, stdout } = await runProgram('../dist/cli/main.js', { args, env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^others at work: .*transient_A100, .*v100s-miris\/gpu_log$/m);
  });

  it('refuses bad options with one line and code 2', async () => {
    const { code, stdout, stderr } = await replay('--policy', 'least-laoded');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^gpuring: .*'least-laoded'.*did you mean least-loaded.*\n$/);
  });
});
