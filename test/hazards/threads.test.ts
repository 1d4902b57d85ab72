import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ending, inParallel, runProgram } from '../support/program.js';

const folder = mkdtempSync(join(tmpdir(), 'gpuring-hazards-'));
/** One a processor: an exit waits 100 ms, which a thread that gets none for so long overstays. */
const atOnce = Math.max(1, Math.min(4, availableParallelism()));

/** Compiles test/hazards/drivers/NAME.cc. */
function library(name: string): string {
  const output = join(folder, `${name}.so`);
  const source = join(__dirname, 'drivers', `${name}.cc`);
  execFileSync('c++', ['-std=c++17', '-O1', '-fPIC', '-shared', '-o', output, source, '-ldl']);
  return output;
}

function unexpected(endings: readonly Ending[], code: number): readonly Ending[] {
  return endings.filter((ending) => ending.code !== code || ending.signal !== null);
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('process.exit() in a driver whose library has state to destroy', () => {
  let driver = '';
  beforeAll(() => {
    driver = library('static_state');
  });

  it.each(['probe', 'open'])('waits for the thread that is inside: %s, 40 runs', async (how) => {
    const endings = await inParallel(40, atOnce, (index) =>
      runProgram('hazards/programs/exit-while-opening.cjs', {
        args: [driver, how, String(10 + index)],
      }),
    );
    expect(unexpected(endings, 7)).toEqual([]);
  });
});

describe('a driver whose init never returns', () => {
  // The open has another thread, that watches over it.
  it.each(['exit', 'worker'])('holds one thread for all probes and nobody up: %s', async (how) => {
    const ending = await runProgram('hazards/programs/hung-init.cjs', { args: [how] });
    expect(ending).toMatchObject({ code: 5, signal: null });
    const { threads, terminateMs } = JSON.parse(ending.stdout);
    expect(threads).toBe(3);
    expect(terminateMs).toBeLessThan(2000);
    expect(ending.elapsedMs).toBeLessThan(10_000);
  });
});

describe('twenty workers at once', () => {
  it('open, read and end together, 8 rounds', async () => {
    const ending = await runProgram('hazards/programs/worker-crowd.cjs', {
      args: ['8'],
      timeoutMs: 240_000,
    });
    expect(ending).toMatchObject({ code: 0, signal: null, stdout: '8 rounds\n' });
  });
});

describe('managers that nobody shuts down', () => {
  it('let go of their threads when they are collected', async () => {
    const ending = await runProgram('hazards/programs/forgotten-managers.cjs', {
      args: ['100'],
      timeoutMs: 120_000,
    });
    expect(ending).toMatchObject({ code: 0, signal: null });
    const { before, after } = JSON.parse(ending.stdout);
    expect(before).toBeGreaterThan(0);
    expect(after).toBe(0);
  });
});

describe('a system without a further thread', () => {
  it('fails open() and isAvailable() as their contracts say, and only for as long', async () => {
    const ending = await runProgram('hazards/programs/no-threads.cjs', {
      env: { ...process.env, LD_PRELOAD: library('no_threads') },
    });
    expect(ending).toMatchObject({ code: 0, signal: null });
    expect(JSON.parse(ending.stdout)).toEqual({
      without: { code: 'ERR_GPU_TRY_AGAIN', available: false },
      afterwards: { available: true },
    });
  });
});
