import { describe, expect, it } from 'vitest';
import { type Ending, inParallel, runProgram } from '../support/program.js';

const runs = 200;
const atOnce = 4;

function unexpected(endings: readonly Ending[], code: number): readonly Ending[] {
  return endings.filter((ending) => ending.code !== code || ending.signal !== null);
}

describe('process.exit() while polling', () => {
  it(`ends with its own code and no signal in ${runs} runs`, async () => {
    const endings = await inParallel(runs, atOnce, (index) =>
      runProgram('hazards/programs/exit-while-polling.cjs', { args: [String(index % 8)] }),
    );
    expect(unexpected(endings, 7)).toEqual([]);
  });
});

describe('an uncaught exception while polling', () => {
  it('ends with code 1 and no signal in 40 runs', async () => {
    const endings = await inParallel(40, atOnce, (index) =>
      runProgram('hazards/programs/uncaught-while-polling.cjs', { args: [String(index % 8)] }),
    );
    expect(unexpected(endings, 1)).toEqual([]);
    for (const { stderr } of endings) expect(stderr).toContain('on purpose');
  });
});

describe('worker.terminate() while polling', () => {
  it(`harms neither process nor main thread's manager in ${runs} rounds`, async () => {
    const ending = await runProgram('hazards/programs/worker-terminate.cjs', {
      args: [String(runs), 'shared'],
      timeoutMs: 120_000,
    });
    expect(ending).toMatchObject({ code: 0, signal: null, stdout: `${runs} rounds\n` });
  });

  it(`leaves no thread in unloaded code, ${runs} rounds in workers alone`, async () => {
    const ending = await runProgram('hazards/programs/worker-terminate.cjs', {
      args: [String(runs), 'alone'],
      timeoutMs: 120_000,
    });
    expect(ending).toMatchObject({ code: 0, signal: null, stdout: `${runs} rounds\n` });
  });
});

describe('shutdown()', () => {
  it(`may be called twice at once and again, ${runs} rounds of opening anew`, async () => {
    const ending = await runProgram('hazards/programs/double-shutdown.cjs', {
      args: [String(runs)],
      timeoutMs: 120_000,
    });
    expect(ending).toMatchObject({ code: 0, signal: null, stdout: `${runs} rounds\n` });
  });
});

describe('managers that were shut down', () => {
  it('give their memory back, though somebody keeps them', async () => {
    const ending = await runProgram('hazards/programs/closed-managers.cjs', { args: ['100'] });
    expect(ending).toMatchObject({ code: 0, signal: null });
    expect(Number(ending.stdout)).toBeLessThan(60e6);
  });
});

describe('an idle manager', () => {
  it('does not keep the process alive', async () => {
    const ending = await runProgram('hazards/programs/idle-manager.cjs', { timeoutMs: 20_000 });
    expect(ending).toMatchObject({ code: 0, signal: null, stdout: '8\n' });
  });
});

describe('a driver call that never returns', () => {
  it('ages the data, and shutdown() gives up on the thread in time', async () => {
    const ending = await runProgram('hazards/programs/hung-driver.cjs', { args: ['shutdown'] });
    expect(ending).toMatchObject({ code: 0, signal: null });
    const { ageMs, shutdownMs } = JSON.parse(ending.stdout);
    expect(ageMs).toBeGreaterThan(200);
    expect(shutdownMs).toBeLessThan(2000);
  });

  it.each(['exit', 'natural'])('does not hold up the end of the process (%s)', async (how) => {
    const ending = await runProgram('hazards/programs/hung-driver.cjs', {
      args: [how],
      timeoutMs: 20_000,
    });
    expect(ending).toMatchObject({ code: how === 'exit' ? 5 : 0, signal: null });
  });
});
