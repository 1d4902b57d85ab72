import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../lib/cli/run.js';
import { fakeWorld } from './fixture.js';

async function outcome(...args: readonly string[]) {
  const world = fakeWorld();
  const code = await run(['replay', ...args], world.context);
  const { output, errors } = world.terminal;
  return { code, output, errors, opened: world.opened };
}

const short = ['--seconds', '5', '--policy', 'score,least-loaded'];

describe('gpuring replay', () => {
  it('prints a table that says what it is, and asks no driver', async () => {
    const { code, output, errors, opened } = await outcome(...short, '--dispatchers', '4');
    expect({ code, errors, opened }).toEqual({ code: 0, errors: '', opened: [] });
    const lines = output.split('\n');
    expect(lines[0]).toMatch(/^SIMULATED: a replay.*no real GPU$/);
    expect(lines[1]).toBe(
      'scenario heterogeneous, 8 GPUs, 4 dispatchers, shared ledger, telemetry every 1000 ms',
    );
    expect(lines[2]).toMatch(/^\d+ requests in 5 s, load 0.7, bursts of 2, seed 1$/);
    expect(lines[3]).toMatch(/^POLICY +MEAN +P50 +P99 +\/ORACLE +IMBALANCE +REFUSED +kJ$/);
    expect(lines.slice(4, 7).map((line) => line.split(' ')[0])).toEqual([
      'score',
      'least-loaded',
      'oracle',
    ]);
    expect(lines[6]).toMatch(/^oracle( +\d+\.\d{3}){3} +1\.00 +\d+\.\d{3} +0 +\d+\.\d$/);
    expect(output).toMatch(/^seconds from a request.*imbalance: longest less shortest wait/m);
    expect(lines.filter((line) => line.length > 80 && !/^SIM|^scen/.test(line))).toEqual([]);
  });

  it('prints the same as JSON', async () => {
    const { code, output } = await outcome(...short, '--json', '--trace', 'qwen3-asr/gpu_log');
    expect(code).toBe(0);
    const { simulated, nature, scenario, gpus, policies, ...settings } = JSON.parse(output);
    expect({ simulated, scenario }).toEqual({ simulated: true, scenario: 'heterogeneous' });
    expect(nature).toContain('no real GPU');
    expect(settings).toEqual({
      dispatchers: 1,
      ledger: 'shared',
      telemetryMs: 1000,
      load: 0.7,
      burst: 2,
      seconds: 5,
      serviceMs: 200,
      memoryBytes: 0,
      seed: 1,
    });
    expect(gpus).toHaveLength(8);
    expect(gpus[7]).toMatchObject({ index: 7, speed: 4, recording: 'qwen3-asr/gpu_log' });
    expect(policies.map(({ policy }: { policy: string }) => policy)).toEqual([
      'score',
      'least-loaded',
      'oracle',
    ]);
    for (const figures of policies) {
      const { requests, refused, served, meanMs, p50Ms, p99Ms, timesOracle } = figures;
      expect(served.reduce((sum: number, one: number) => sum + one, 0) + refused).toBe(requests);
      expect(p50Ms).toBeLessThan(p99Ms);
      expect(timesOracle).toBeCloseTo(meanMs / policies[2].meanMs, 9);
      expect(figures.joules).toBeGreaterThan(0);
    }
  });

  it('prints the same bytes for the same seed, others for another', async () => {
    const args = ['--seconds', '5', '--dispatchers', '3', '--ledger', 'private', '--json'];
    const [first, again, other] = [
      await outcome(...args, '--seed', '7'),
      await outcome(...args, '--seed', '7'),
      await outcome(...args, '--seed', '8'),
    ];
    expect(first.output.length).toBeGreaterThan(1000);
    expect(again.output).toBe(first.output);
    expect(other.output).not.toBe(first.output);
  });

  it('takes several recordings, its own and of users', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gpuring-replay-'));
    try {
      const file = join(folder, 'mine.csv');
      writeFileSync(file, 'timestamp,power.draw [W]\n2024/03/01 10:00:00,77\n');
      const args = [...short, '--json', '--trace', file, '--trace', 'transient_A100'];
      const { gpus } = JSON.parse((await outcome(...args)).output);
      const recordings = gpus.map(({ recording }: { recording: string }) => recording);
      expect(recordings.slice(0, 4)).toEqual([
        file,
        'gpu-power-benchmark/transient_A100',
        file,
        'gpu-power-benchmark/transient_A100',
      ]);
      writeFileSync(file, 'timestamp,power.draw [W]\n2024/03/01 10:00:00,hot\n');
      expect(await outcome(...short, '--trace', file)).toMatchObject({
        code: 1,
        output: '',
        errors: expect.stringMatching(
          /^gpuring: ERR_GPU_SCENARIO_INVALID: .*mine\.csv:2: power\.draw: expected a power/,
        ),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses requests where a GPU takes no more', async () => {
    const args = [...short, '--json', '--max-in-flight', '1', '--load', '2'];
    const { policies } = JSON.parse((await outcome(...args)).output);
    for (const { refused, served } of policies) {
      expect(refused).toBeGreaterThan(0);
      expect(Math.min(...served)).toBeGreaterThan(0);
    }
  });

  it.each([
    [['--policy', 'best'], "unknown value 'best' for --policy"],
    [['--policy', 'score,'], "unknown value '' for --policy"],
    [['--scenario', 'mixed'], "unknown value 'mixed' for --scenario"],
    [['--ledger', 'mine'], "unknown value 'mine' for --ledger"],
    [['--dispatchers', '0'], '--dispatchers: expected a whole number from 1 to 64'],
    [['--dispatchers', '65'], '--dispatchers: expected a whole number from 1 to 64'],
    [['--telemetry-ms', '0'], '--telemetry-ms: expected a whole number from 1'],
    [['--load', '0'], '--load: expected a number from 0.001 to 10'],
    [['--load', 'high'], '--load: expected a number from 0.001 to 10'],
    [['--burst', '0.5'], '--burst: expected a number from 1 to 10000'],
    [['--seconds', '1e3'], '--seconds: expected a number from 1'],
    [['--seed', '-1'], '--seed: expected a whole number from 0'],
    [['--memory', 'much'], '--memory: expected bytes'],
    [['--seconds', '604800'], 'expected at most 5,000,000 requests, got about 33,868,800'],
    [['--frames'], "unknown option '--frames'"],
  ])('%j is bad usage', async (args, message) => {
    const { code, output, errors } = await outcome(...args);
    expect({ code, output }).toEqual({ code: 2, output: '' });
    expect(errors).toContain(`gpuring: ${message}`);
    expect(errors.split('\n')).toHaveLength(2);
  });

  it('names the recordings when there is none of that name', async () => {
    const { code, errors } = await outcome('--trace', 'nosuch');
    expect(code).toBe(1);
    expect(errors).toMatch(/^gpuring: ERR_GPU_SCENARIO_INVALID: .*nosuch.*transient_A100/);
  });

  it('has a help text with every option', async () => {
    const { code, output } = await outcome('--help');
    expect(code).toBe(0);
    for (const name of ['policy', 'trace', 'scenario', 'dispatchers', 'ledger', 'seed', 'json']) {
      expect(output).toMatch(new RegExp(`^ {2}--${name}`, 'm'));
    }
  });
});
