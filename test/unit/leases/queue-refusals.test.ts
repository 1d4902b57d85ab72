import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GPUError } from '../../../lib/errors.js';
import { requestFor } from '../../support/fake-grantor.js';
import { type Asker, pass, QueueRig, settle, useStillTime } from '../../support/queue-rig.js';

beforeEach(() => useStillTime());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const small = requestFor([0]);
const closed = new GPUError('ERR_GPU_CLOSED', 'the end');

async function full(maxQueue?: number): Promise<{ rig: QueueRig; holder: Asker }> {
  const rig = new QueueRig([1], maxQueue === undefined ? {} : { maxQueue });
  const holder = rig.ask(small);
  await settle();
  return { rig, holder };
}

describe('refused at once', () => {
  it('what no device can ever serve', async () => {
    const { rig } = await full();
    const asker = rig.ask(requestFor([0], { weight: 2 }));
    await settle();
    expect(asker.state).toBe('ERR_GPU_UNSATISFIABLE');
  });

  it('when the queue is full, but not what is free all the same', async () => {
    const rig = new QueueRig([1, 1], { maxQueue: 1 });
    rig.ask(small);
    const askers = [rig.ask(small), rig.ask(small, { priority: 9 }), rig.ask(requestFor([1]))];
    await settle();
    const states = askers.map(({ state }) => state);
    expect(states).toEqual(['waiting', 'ERR_GPU_QUEUE_FULL', 'granted']);
    rig.queue.close(closed);
  });

  it('all that would have to wait, by a queue for nobody', async () => {
    const { rig } = await full(0);
    const asker = rig.ask(small);
    await settle();
    expect(asker.state).toBe('ERR_GPU_QUEUE_FULL');
  });

  it('who has no time', async () => {
    const { rig, holder } = await full();
    const asker = rig.ask(small, { timeoutMs: 0 });
    await settle();
    expect(asker.state).toBe('ERR_GPU_DEADLINE_UNREACHABLE');
    rig.release(holder);
    const other = rig.ask(small, { timeoutMs: 0 });
    await settle();
    expect(other.state).toBe('granted');
  });

  it('whose signal is aborted already, with its reason', async () => {
    const rig = new QueueRig([1]);
    const signal = AbortSignal.abort('no more');
    const patience = { priority: 0, timeoutMs: Infinity, signal };
    await expect(rig.queue.acquire(small, patience)).rejects.toBe('no more');
    expect(rig.grantor.attempts).toBe(0);
  });

  it('after the end', async () => {
    const rig = new QueueRig([1]);
    rig.queue.close(closed);
    const asker = rig.ask(small);
    await settle();
    expect(asker.reason).toBe(closed);
    expect(rig.grantor.used).toBe(0);
  });
});

describe('while waiting', () => {
  it('time runs out', async () => {
    const { rig } = await full();
    const asker = rig.ask(small, { timeoutMs: 12 });
    await pass(10);
    expect(asker.state).toBe('waiting');
    await pass(5);
    expect(asker.state).toBe('ERR_GPU_TIMEOUT');
    expect(asker.listeners).toBe(0);
  });

  it('a release that comes after the deadline serves the next', async () => {
    const { rig, holder } = await full();
    const late = rig.ask(small, { timeoutMs: 12 });
    const next = rig.ask(small);
    await pass(10);
    vi.advanceTimersByTime(3);
    rig.release(holder);
    await settle();
    expect([late.state, next.state]).toEqual(['ERR_GPU_TIMEOUT', 'granted']);
  });

  it('the signal is aborted: its reason, at once, and no listener stays', async () => {
    const { rig, holder } = await full();
    const asker = rig.ask(small);
    const next = rig.ask(small);
    expect(asker.listeners).toBe(1);
    const gone = new Error('client is gone');
    asker.controller.abort(gone);
    rig.release(holder);
    await settle();
    expect(asker.reason).toBe(gone);
    expect(asker.listeners).toBe(0);
    expect(next.state).toBe('granted');
    expect(next.listeners).toBe(0);
  });

  it('many may wait on one signal, which gets one listener', async () => {
    const { rig, holder } = await full();
    const controller = new AbortController();
    const patience = { priority: 0, timeoutMs: Infinity, signal: controller.signal };
    const results = Promise.allSettled(
      Array.from({ length: 50 }, () => rig.queue.acquire(small, patience)),
    );
    await settle();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    rig.release(holder);
    controller.abort('gone');
    const [first, ...others] = await results;
    expect(first?.status).toBe('fulfilled');
    expect(others).toEqual(Array(49).fill({ status: 'rejected', reason: 'gone' }));
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('the last device that would do goes for good', async () => {
    const rig = new QueueRig([1, 1]);
    rig.ask(small);
    rig.ask(requestFor([1]));
    const other = rig.ask(requestFor([1]));
    const either = rig.ask(requestFor([0, 1]));
    const only = rig.ask(small);
    await settle();
    rig.grantor.removeDevice(0);
    await pass(250);
    const states = [other, either, only].map(({ state }) => state);
    expect(states).toEqual(['waiting', 'waiting', 'ERR_GPU_UNSATISFIABLE']);
    rig.queue.close(closed);
    await settle();
    expect([other.reason, either.reason]).toEqual([closed, closed]);
  });
});

describe('no lease is lost', () => {
  it('when a listener before ours releases the lease that ours would have got', async () => {
    const { rig, holder } = await full();
    const controller = new AbortController();
    controller.signal.addEventListener('abort', () => rig.release(holder));
    const patience = { priority: 0, timeoutMs: Infinity, signal: controller.signal };
    const refused = expect(rig.queue.acquire(small, patience)).rejects.toThrow('aborted');
    const next = rig.ask(small);
    controller.abort();
    await refused;
    await settle();
    expect(next.state).toBe('granted');
  });

  it('when a listener before ours keeps ours from being called', async () => {
    const { rig } = await full();
    const controller = new AbortController();
    controller.signal.addEventListener('abort', (event) => event.stopImmediatePropagation());
    const patience = { priority: 0, timeoutMs: Infinity, signal: controller.signal };
    const refused = expect(rig.queue.acquire(small, patience)).rejects.toThrow('aborted');
    controller.abort();
    await pass(5);
    await refused;
  });

  it.each(['acquire', 'walk'])('when a filter aborts what is granted, in %s', async (place) => {
    const { rig, holder } = await full();
    const target = requestFor([0]);
    const controller = new AbortController();
    const abort = () => {
      rig.grantor.onAttempt = (request) => {
        if (request === target) controller.abort();
      };
    };
    if (place === 'acquire') {
      rig.release(holder);
      abort();
    }
    const patience = { priority: 0, timeoutMs: Infinity, signal: controller.signal };
    const refused = expect(rig.queue.acquire(target, patience)).rejects.toThrow('aborted');
    const next = rig.ask(small);
    if (place === 'walk') abort();
    rig.release(holder);
    await refused;
    await settle();
    expect(next.state).toBe('granted');
    expect(rig.grantor.used).toBe(1);
  });

  it('when a filter ends the queue', async () => {
    const rig = new QueueRig([1]);
    rig.grantor.onAttempt = () => rig.queue.close(closed);
    const asker = rig.ask(small);
    await settle();
    expect(asker.reason).toBe(closed);
    expect(rig.grantor.used).toBe(0);
  });

  it('when a filter throws: that one is told, the others are served', async () => {
    const { rig, holder } = await full();
    const broken = requestFor([0]);
    const asker = rig.ask(broken);
    const next = rig.ask(small);
    rig.grantor.onAttempt = (request) => {
      if (request === broken) throw new Error('on purpose');
    };
    rig.release(holder);
    await settle();
    expect([asker.state, next.state]).toEqual(['on purpose', 'granted']);
  });

  it('and nothing recurses when a filter releases, or asks again and again', async () => {
    const { rig, holder } = await full(50);
    const waiting = rig.ask(small);
    await settle();
    rig.grantor.onAttempt = () => {
      rig.queue.serve();
      rig.ask(small);
    };
    rig.release(holder);
    rig.grantor.onAttempt = () => {};
    await settle();
    expect(waiting.state).toBe('granted');
    expect(rig.grantor.attempts).toBeLessThan(100);
    rig.queue.close(closed);
  });

  it('when somebody leaves in the middle of a walk: the others are served in order', async () => {
    const rig = new QueueRig([1, 1, 1]);
    const holders = [0, 1, 2].map((device) => rig.ask(requestFor([device])));
    await settle();
    const leaver = rig.ask(requestFor([0]));
    const [second, third, last] = [1, 2, 2].map((device) => rig.ask(requestFor([device])));
    await settle();
    rig.grantor.onAttempt = ({ devices }) => {
      if (devices[0] === 1) leaver.controller.abort('gone');
    };
    for (const holder of holders.slice(2)) rig.release(holder);
    await settle();
    expect([leaver, second, third, last].map((asker) => asker?.state)).toEqual([
      'gone',
      'waiting',
      'granted',
      'waiting',
    ]);
    rig.queue.close(closed);
  });

  it('when each release is made by the one who was served last, ten thousand deep', async () => {
    const { rig, holder } = await full(10_000);
    const patience = { priority: 0, timeoutMs: Infinity, signal: undefined };
    const served = Array.from({ length: 10_000 }, async () => {
      const lease = await rig.queue.acquire(small, patience);
      rig.grantor.release(lease);
      rig.queue.released(0);
    });
    rig.release(holder);
    await Promise.all(served);
    expect(rig.grantor.used).toBe(0);
    expect(rig.queue.length).toBe(0);
  });
});
