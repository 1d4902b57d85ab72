import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ending, runProgram } from '../support/program.js';

const program = join(__dirname, '../../dist/cli/main.js');
const { GPURING_NVML_PATH: _path, LD_LIBRARY_PATH: _folders, ...bare } = process.env;
const environment = { ...bare, LC_ALL: 'C.UTF-8', NO_COLOR: '1' };

function gpuring(...args: readonly string[]): Promise<Ending> {
  return runProgram('../dist/cli/main.js', { args, env: environment });
}

beforeAll(() => {
  expect(existsSync(program), 'npm run build comes first').toBe(true);
});

/** `name: value` of every device in the tables that `top` printed, one list a table. */
function tables(output: string): readonly (readonly string[])[] {
  const blocks = output.split(/^SIMULATED.*$/m).slice(1);
  return blocks.map((block) => block.split('\n').filter((line) => /^ *\d+ {2}/.test(line)));
}

describe('gpuring --simulate', () => {
  it('top prints tables whose values change', async () => {
    const args = ['top', '--simulate', '--count', '3', '--interval', '400'];
    const { code, stdout, stderr } = await gpuring(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const printed = tables(stdout);
    expect(printed).toHaveLength(3);
    const [first = [], , last = []] = printed;
    expect(first.length).toBeGreaterThan(1);
    expect(last).toHaveLength(first.length);
    expect(last).not.toEqual(first);
  });

  it('snapshot, select and distribute agree about the devices', async () => {
    const snapshot = JSON.parse((await gpuring('snapshot', '--simulate', '--json')).stdout);
    const select = JSON.parse((await gpuring('select', '--simulate', '--json')).stdout);
    const args = ['distribute', '--simulate', '--items', '1000', '--json'];
    const distribute = JSON.parse((await gpuring(...args)).stdout);
    const ids = ({ devices }: { devices: readonly { deviceId: string }[] }) =>
      devices.map(({ deviceId }) => deviceId);
    expect(ids(select)).toEqual(ids(snapshot));
    expect(ids(distribute)).toEqual(ids(snapshot));
    expect(ids(snapshot)).toContain(select.selected.deviceId);
    expect([snapshot, select, distribute].map(({ simulated }) => simulated)).toEqual([
      true,
      true,
      true,
    ]);
    for (const { metrics } of snapshot.devices) expect(metrics.simulated).toBe(true);
    expect(distribute.assigned + distribute.unassigned).toBe(1000);
  });

  it('doctor warns of the simulation', async () => {
    const { code, stdout } = await gpuring('doctor', '--simulate');
    expect(stdout).toMatch(/^WARN {2}simulator +simulated: scenario mixed$/m);
    expect(code).toBe(1);
  });

  it('names the scenarios when there is none of that name', async () => {
    const { code, stderr } = await gpuring('snapshot', '--simulate', 'nosuch');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^gpuring: ERR_GPU_SCENARIO_INVALID: .*nosuch.*mixed.*\n$/);
  });

  it('ends quietly when the reader of its output goes away', async () => {
    const args = [program, 'top', '--simulate', '--count', '50', '--interval', '50'];
    const child = spawn(process.execPath, args, { env: environment });
    let errors = '';
    child.stderr.on('data', (data: Buffer) => {
      errors += data.toString();
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, errors }).toEqual({ code: 141, errors: '' });
  });

  it.each([['snapshot'], ['snapshot', '--json'], ['top', '--count', '2', '--interval', '50']])(
    '%s says in one line that its output cannot be written',
    async (...args) => {
      const full = openSync('/dev/full', 'w');
      const child = spawn(process.execPath, [program, ...args, '--simulate'], {
        env: environment,
        stdio: ['ignore', full, 'pipe'],
      });
      closeSync(full);
      let errors = '';
      child.stderr?.on('data', (data: Buffer) => {
        errors += data.toString();
      });
      const code = await new Promise((resolve) => child.on('close', resolve));
      expect({ code, errors }).toEqual({
        code: 1,
        errors: 'gpuring: ENOSPC: no space left on device, write\n',
      });
    },
  );

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends in order on %s', async (signal, expected) => {
    const args = [program, 'top', '--simulate', '--count', '1000', '--interval', '100'];
    const child = spawn(process.execPath, args, { env: environment });
    child.stdout.once('data', () => child.kill(signal));
    const ended = await new Promise((resolve) => {
      child.on('close', (code, endedBy) => resolve({ code, endedBy }));
    });
    expect(ended).toEqual({ code: expected, endedBy: null });
  });
});

describe('without a driver', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gpuring-cli-'));
  const notALibrary = join(folder, 'libnvidia-ml.so.1');
  writeFileSync(notALibrary, 'no ELF file');
  chmodSync(notALibrary, 0o755);
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    [['top'], 'top'],
    [['snapshot'], 'snapshot'],
    [['select'], 'select'],
    [['distribute', '--items', '5'], 'distribute'],
  ])('%j fails with one line: code, reason, hint, --simulate', async (args) => {
    const missing = await gpuring(...args, '--library', join(folder, 'missing.so'));
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^gpuring: ERR_GPU_LIBRARY_NOT_FOUND: .+; .+--simulate\n$/);
    const invalid = await gpuring(...args, '--library', notALibrary);
    expect(invalid).toMatchObject({ code: 1, stdout: '' });
    expect(invalid.stderr).toMatch(/^gpuring: ERR_GPU_LIBRARY_INVALID: .+; .+--simulate\n$/);
  });

  it('doctor fails at the library', async () => {
    const { code, stdout } = await gpuring('doctor', '--json', '--library', notALibrary);
    expect(code).toBe(2);
    const { simulated, checks } = JSON.parse(stdout);
    expect(simulated).toBe(false);
    const library = checks.find(({ check }: { check: string }) => check === 'library');
    expect(library.verdict).toBe('FAIL');
  });
});

describe('bad usage', () => {
  it.each([[['tpo']], [['top', '--no-such']], [['distribute']], [['select', '--policy', 'x']]])(
    '%j: one line, exit code 2',
    async (args) => {
      const { code, stdout, stderr } = await gpuring(...args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^gpuring: .+\n$/);
    },
  );
});
