// Sixteen workers acquire and release on one live cluster: seconds in `npm test`, a minute in
// `npm run test:long`.
import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/program.js';

const seconds = process.env.GPURING_LONG === '1' ? 60 : 8;
const workers = 16;

const { maxInFlight } = require('./programs/lease-crowd-cluster.cjs') as { maxInFlight: number };

describe(`${workers} workers on one ledger, ${seconds} s`, () => {
  it('are never promised too much, all served, and leave the ledger empty', async () => {
    const ending = await runProgram('hazards/programs/lease-crowd.cjs', {
      args: [String(seconds), String(workers)],
      timeoutMs: 1000 * seconds + 120_000,
    });
    expect(ending.stderr).toBe('');
    expect(ending).toMatchObject({ code: 0, signal: null });
    const { counts, mistakes, ledger, seen, most } = JSON.parse(ending.stdout);
    console.log(ending.stdout.trim());
    expect(mistakes).toEqual([]);
    const empty = { inFlight: 0, leaseCount: 0, leasedBytes: 0, reservedBytes: 0 };
    expect(ledger).toEqual({ afterRelease: empty, afterwards: empty, granted: 0 });
    expect(counts.served + counts.aborted).toBe(counts.waited);
    // That it was a crowd at all: every way was gone, and there was not enough for all.
    for (const what of Object.values(counts)) expect(what).toBeGreaterThan(seconds);
    expect(seen.strange).toEqual([]);
    expect(seen.looks).toBeGreaterThan(100);
    expect(seen.churned).toBeGreaterThan(0);
    expect(most.inFlight).toBeGreaterThan(maxInFlight / 2);
    expect(most.leasedBytes).toBeGreaterThan(0);
  });
});
