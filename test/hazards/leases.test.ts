// How programs and workers end that hold leases, or wait for some.
import { describe, expect, it } from 'vitest';
import { type Ending, inParallel, runProgram } from '../support/program.js';

const atOnce = 4;
const rounds = 12;

function unexpected(endings: readonly Ending[], code: number): readonly Ending[] {
  return endings.filter((ending) => ending.code !== code || ending.signal !== null);
}

describe('workers that end while they hold leases and while they wait', () => {
  it.each(['terminate', 'exit', 'throw'])('leave nothing in the ledger: %s', async (how) => {
    const ending = await runProgram('hazards/programs/lease-worker-ends.cjs', {
      args: [String(rounds), how],
      timeoutMs: 60_000,
    });
    expect(ending).toMatchObject({ code: 0, signal: null, stdout: `${rounds} rounds\n` });
  });
});

describe('a process that ends while it holds leases and while it waits', () => {
  it.each([
    ['exit', 7],
    ['throw', 1],
  ])('ends with its own code and no signal: %s', async (how, code) => {
    const endings = await inParallel(16, atOnce, (index) =>
      runProgram('hazards/programs/lease-process-ends.cjs', { args: [how, String(index % 8)] }),
    );
    expect(unexpected(endings, code)).toEqual([]);
    if (how === 'throw') {
      for (const { stderr } of endings) expect(stderr).toContain('on purpose, 8 held');
    }
  });

  it('is not kept alive by leases that it holds', async () => {
    const ending = await runProgram('hazards/programs/lease-idle.cjs', { args: ['holding'] });
    expect(ending).toMatchObject({ code: 0, signal: null, stdout: 'holding\n' });
  });

  it('is kept alive by who waits, until it is served', async () => {
    const ending = await runProgram('hazards/programs/lease-idle.cjs', { args: ['waiting'] });
    expect(ending).toMatchObject({ code: 0, signal: null, stdout: 'served true\n' });
    expect(ending.elapsedMs).toBeGreaterThan(400);
  });
});

describe('what is forgotten', () => {
  it('comes back to the ledger once it is collected', async () => {
    const ending = await runProgram('hazards/programs/lease-forgotten.cjs', { timeoutMs: 60_000 });
    expect(ending).toMatchObject({ code: 0, signal: null });
    const { leaks, warnings, served, released } = JSON.parse(ending.stdout);
    expect({ served, released }).toEqual({ served: true, released: true });
    expect(leaks).toBeGreaterThan(0);
    expect(warnings).toEqual(['GPURingLeaseLeak']);
  });
});
