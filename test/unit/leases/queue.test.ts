import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GPUError } from '../../../lib/errors.js';
import { requestFor } from '../../support/fake-grantor.js';
import { pass, QueueRig, settle, useStillTime } from '../../support/queue-rig.js';

beforeEach(() => useStillTime());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const small = requestFor([0]);

async function statesOf(...askers: readonly { readonly state: string }[]) {
  await settle();
  return askers.map(({ state }) => state);
}

describe('the queue', () => {
  it('grants at once what is free', async () => {
    const rig = new QueueRig([2]);
    expect(await statesOf(rig.ask(small), rig.ask(small))).toEqual(['granted', 'granted']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('serves by priority, then deadline, then arrival, at the moment of a release', async () => {
    const rig = new QueueRig([1]);
    let holder = rig.ask(small);
    await settle();
    const asked = {
      last: rig.ask(small, { priority: -1, timeoutMs: 50 }),
      patient: rig.ask(small),
      patientToo: rig.ask(small),
      hasty: rig.ask(small, { timeoutMs: 1000 }),
      hastier: rig.ask(small, { timeoutMs: 900 }),
      urgent: rig.ask(small, { priority: 1 }),
    };
    const order: string[] = [];
    while (rig.queue.length > 0) {
      rig.release(holder);
      await settle();
      const [name, next] = Object.entries(asked).find(([, one]) => one.lease?.isLive) ?? [];
      if (name === undefined || next === undefined) throw new Error('nobody was served');
      order.push(name);
      holder = next;
    }
    expect(order).toEqual(['urgent', 'hastier', 'hasty', 'patient', 'patientToo', 'last']);
  });

  it('finds by its timer what others released', async () => {
    const rig = new QueueRig([1]);
    const other = rig.grantor.tryGrant(small, new Set());
    const asker = rig.ask(small);
    await pass(20);
    expect(asker.state).toBe('waiting');
    if (other.outcome === 'granted') rig.grantor.release(other.lease);
    await pass(5);
    expect(asker.state).toBe('granted');
  });

  it('keeps the process alive exactly while somebody waits', async () => {
    const rig = new QueueRig([1]);
    const holder = rig.ask(small);
    await settle();
    expect(vi.getTimerCount()).toBe(0);
    const waiters = [rig.ask(small), rig.ask(small)];
    expect(vi.getTimerCount()).toBe(1);
    for (const { controller } of waiters) controller.abort();
    expect(vi.getTimerCount()).toBe(0);
    rig.release(holder);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a big request', () => {
  const wide = requestFor([0, 1], { count: 2 });

  it('is not starved by small ones behind it', async () => {
    const rig = new QueueRig([1, 1]);
    const holders = [rig.ask(small), rig.ask(requestFor([1]))];
    await settle();
    const gang = rig.ask(wide);
    const behind = rig.ask(requestFor([0, 1]));
    const later = holders.map((holder) => {
      rig.release(holder);
      return rig.ask(requestFor([0, 1]));
    });
    expect(await statesOf(gang, behind, ...later)).toEqual([
      'granted',
      'waiting',
      'waiting',
      'waiting',
    ]);
    rig.release(gang);
    expect(await statesOf(behind, ...later)).toEqual(['granted', 'granted', 'waiting']);
    rig.queue.close(new GPUError('ERR_GPU_CLOSED', 'the end'));
  });

  it('is passed where they do not compete', async () => {
    const rig = new QueueRig([1, 1, 1]);
    const holder = rig.ask(small);
    await settle();
    const gang = rig.ask(wide);
    const elsewhere = rig.ask(requestFor([0, 1, 2]));
    expect(await statesOf(gang, elsewhere)).toEqual(['waiting', 'granted']);
    expect(elsewhere.lease?.devices).toEqual([2]);
    rig.release(holder);
    expect(await statesOf(gang)).toEqual(['granted']);
  });

  it('withholds its devices from those who do not wait, unless they go first', async () => {
    const rig = new QueueRig([1, 1, 1]);
    rig.ask(small);
    const gang = rig.ask(wide);
    const casual = { priority: 0, deadlineMs: Infinity };
    expect([...rig.queue.withheldFrom(casual)]).toEqual([0, 1]);
    expect([...rig.queue.withheldFrom({ ...casual, priority: 1 })]).toEqual([]);
    gang.controller.abort();
    expect([...rig.queue.withheldFrom(casual)]).toEqual([]);
  });

  it('keeps its device until samples show what a lease gave back, but not for good', async () => {
    const rig = new QueueRig([2]);
    const holder = rig.ask(small);
    await settle();
    const [big, bigToo] = [2, 2].map((weight) => rig.ask(requestFor([0], { weight })));
    const behind = rig.ask(small);
    rig.grantor.blindFrom = 2;
    rig.release(holder);
    await pass(900);
    expect([big, behind].map((asker) => asker?.state)).toEqual(['waiting', 'waiting']);
    rig.grantor.blindFrom = Infinity;
    await pass(5);
    expect([big, behind].map((asker) => asker?.state)).toEqual(['granted', 'waiting']);
    rig.grantor.blindFrom = 2;
    if (big !== undefined) rig.release(big);
    await pass(1005);
    expect([bigToo, behind].map((asker) => asker?.state)).toEqual(['waiting', 'granted']);
    rig.queue.close(new GPUError('ERR_GPU_CLOSED', 'the end'));
  });

  it('lets those behind go on when it gives up', async () => {
    const rig = new QueueRig([1, 1]);
    rig.ask(small);
    const gang = rig.ask(wide, { timeoutMs: 20 });
    const behind = rig.ask(requestFor([1]));
    expect(await statesOf(gang, behind)).toEqual(['waiting', 'waiting']);
    await pass(20);
    expect(await statesOf(gang, behind)).toEqual(['ERR_GPU_TIMEOUT', 'granted']);
  });
});

describe('a walk along the line', () => {
  it('ends where there is no device left to offer', async () => {
    const rig = new QueueRig([1], { maxQueue: 1000 });
    rig.ask(small);
    for (let count = 0; count < 1000; count += 1) rig.ask(small);
    const before = rig.grantor.attempts;
    await pass(5);
    expect(rig.grantor.attempts - before).toBe(1);
    rig.queue.close(new GPUError('ERR_GPU_CLOSED', 'the end'));
  });
});
