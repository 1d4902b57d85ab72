import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GPUError } from '../../../lib/errors.js';
import type { Load } from '../../../lib/leases/grantor.js';
import { noLoad, WaitEstimate } from '../../../lib/leases/wait-estimate.js';
import { requestFor } from '../../support/fake-grantor.js';
import { pass, QueueRig, settle, useStillTime } from '../../support/queue-rig.js';
import { randomFrom } from '../../support/random.js';

const load = (devices: number, weight = devices, memoryBytes = 0): Load => ({
  devices,
  weight,
  memoryBytes,
});
const since = (oldestAtMs: number | undefined) => ({ ...noLoad, oldestAtMs });

function estimateOf(holds: readonly number[], held: Load): WaitEstimate {
  const estimate = new WaitEstimate();
  for (const hold of holds) estimate.addHold(hold);
  estimate.noteHeld(held);
  return estimate;
}

const steady = Array.from({ length: 20 }, () => 100);

describe('the least wait', () => {
  it('is nothing until eight holds were seen, and where nothing is held', () => {
    expect(estimateOf(steady.slice(0, 7), load(1)).leastWaitMs(load(50), since(0), 0)).toBe(0);
    expect(estimateOf(steady, noLoad).leastWaitMs(load(50), since(0), 0)).toBe(0);
  });

  it('is what steady leases have left, for the first', () => {
    const estimate = estimateOf(steady, load(4));
    expect(estimate.leastWaitMs(noLoad, since(1000), 1030)).toBeCloseTo(70);
    expect(estimate.leastWaitMs(noLoad, since(1000), 1200)).toBe(0);
    expect(estimate.leastWaitMs(noLoad, since(undefined), 1000)).toBe(0);
  });

  it('is a hold more for each round ahead', () => {
    const estimate = estimateOf(steady, load(4));
    expect(estimate.leastWaitMs(load(3), since(undefined), 0)).toBe(0);
    expect(estimate.leastWaitMs(load(4), since(undefined), 0)).toBeCloseTo(100);
    expect(estimate.leastWaitMs(load(11), since(undefined), 0)).toBeCloseTo(200);
  });

  it('goes by the kindest measure: many small ones may follow one big lease', () => {
    const estimate = estimateOf(steady, load(1, 8, 80e9));
    expect(estimate.leastWaitMs(load(7, 7, 70e9), since(undefined), 0)).toBe(0);
    expect(estimate.leastWaitMs(load(17, 17, 170e9), since(undefined), 0)).toBeCloseTo(200);
  });

  it('remembers what was held before devices drained for a big request', () => {
    const estimate = estimateOf(steady, load(8));
    estimate.noteHeld(load(1));
    expect(estimate.leastWaitMs(load(7), since(undefined), 0)).toBe(0);
    estimate.forgetHeld();
    estimate.noteHeld(load(1));
    expect(estimate.leastWaitMs(load(7), since(undefined), 0)).toBeCloseTo(700);
  });

  it('is undercut by few, where holds vary as much as memoryless ones do', () => {
    const random = randomFrom(5);
    const hold = () => -100 * Math.log(1 - random());
    let undercut = 0;
    for (let trial = 0; trial < 1000; trial += 1) {
      const estimate = estimateOf(Array.from({ length: 64 }, hold), load(4));
      const ends = Array.from({ length: 4 }, hold);
      let grantedMs = 0;
      for (let turn = 0; turn <= 40; turn += 1) {
        ends.sort((one, other) => one - other);
        grantedMs = ends[0] ?? 0;
        ends[0] = grantedMs + hold();
      }
      if (estimate.leastWaitMs(load(40), since(0), 0) > grantedMs) undercut += 1;
    }
    expect(undercut).toBeLessThan(50);
  });
});

describe('a deadline that cannot be met', () => {
  beforeEach(() => useStillTime());
  afterEach(() => vi.useRealTimers());
  const small = requestFor([0]);

  it('is refused at once, by how long leases were held', async () => {
    const rig = new QueueRig([1, 1]);
    for (let count = 0; count < 10; count += 1) {
      const holder = rig.ask(small);
      await pass(100);
      rig.release(holder, 100);
    }
    rig.ask(small);
    rig.ask(requestFor([1]));
    rig.grantor.held = { ...load(1), oldestAtMs: performance.now() };
    const hasty = rig.ask(small, { timeoutMs: 50 });
    const patient = rig.ask(small, { timeoutMs: 150 });
    const behind = rig.ask(small, { timeoutMs: 160 });
    const elsewhere = rig.ask(requestFor([1]), { timeoutMs: 160 });
    await settle();
    expect([hasty, patient, behind, elsewhere].map(({ state }) => state)).toEqual([
      'ERR_GPU_DEADLINE_UNREACHABLE',
      'waiting',
      'ERR_GPU_DEADLINE_UNREACHABLE',
      'waiting',
    ]);
    rig.queue.close(new GPUError('ERR_GPU_CLOSED', 'the end'));
  });
});
