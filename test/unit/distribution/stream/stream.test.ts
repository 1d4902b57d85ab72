import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { distributeStream } from '../../../../lib/distribution/stream/standalone.js';
import { StreamDevices } from '../../../../lib/distribution/stream/stream-devices.js';
import { HandSource, streamOver, turns } from '../../../support/streams.js';

const over = (result: Promise<IteratorResult<unknown>>) => result.then(({ done }) => done);
const idle = { inFlight: 0, waiting: 0 };

describe('reading a stream', () => {
  it('gives each item to whoever asks, and ends all readers together', async () => {
    const { stream, devices } = streamOver(['a', 'b'], ['x', 'y', 'z']);
    const [a, b] = [stream.itemsOf('a'), stream.itemsOf('b')];
    expect(await a.next()).toEqual({ done: false, value: 'x' });
    expect(await b.next()).toEqual({ done: false, value: 'y' });
    expect(await a.next()).toEqual({ done: false, value: 'z' });
    const last = b.next();
    expect(stream.stats()).toMatchObject({ acknowledged: 2, inFlight: 1, waiting: 1 });
    expect([devices.inFlight('a'), devices.inFlight('b')]).toEqual([1, 0]);
    expect(await over(a.next())).toBe(true);
    expect(await over(last)).toBe(true);
    expect(await stream.completion).toMatchObject({ pulled: 3, acknowledged: 3, ...idle });
    expect(devices.host.listenerCount).toBe(0);
    expect(await over(stream.itemsOf('a').next())).toBe(true);
  });

  it('answers calls of next() that overlap one after the other', async () => {
    const source = new HandSource();
    const { stream } = streamOver(['a'], source);
    const items = stream.itemsOf('a');
    const answers = [items.next(), items.next(), items.next()];
    source.give();
    await turns();
    expect(source).toMatchObject({ asked: 2, mostPending: 1 });
    source.give();
    await turns();
    source.end();
    const values = (await Promise.all(answers)).map(({ value }) => value);
    expect(values).toEqual([0, 1, undefined]);
    expect(await stream.completion).toMatchObject({ acknowledged: 2 });
  });

  it('gives back what a reader leaves, unless it says that it is done', async () => {
    const { stream } = streamOver(['a', 'b'], [1, 2]);
    for await (const item of stream.itemsOf('a')) {
      expect(item).toBe(1);
      break;
    }
    const items = stream.itemsOf('b');
    for await (const item of items) {
      expect([item, items.attempt]).toEqual([1, 2]);
      expect(items.acknowledge()).toBe(true);
      expect(items.acknowledge()).toBe(false);
      break;
    }
    const rest: number[] = [];
    for await (const item of stream.itemsOf('a')) rest.push(item);
    expect(rest).toEqual([2]);
    expect(await stream.completion).toMatchObject({ delivered: 3, acknowledged: 2, returned: 1 });
  });

  it('gives back what a reader had that is collected as garbage', async () => {
    const { stream } = streamOver(['a', 'b'], [1]);
    await (async () => expect(await stream.itemsOf('a').next()).toMatchObject({ value: 1 }))();
    const next = stream.itemsOf('b').next();
    const gc: unknown = Reflect.get(globalThis, 'gc') ?? (await exposedGc());
    let isDone = false;
    void next.then(() => {
      isDone = true;
    });
    for (let turn = 0; turn < 200 && !isDone; turn += 1) {
      (gc as () => void)();
      await turns(1);
    }
    expect(await next).toEqual({ done: false, value: 1 });
  });

  it('gives the next item to the device where it is done first', async () => {
    const source = new HandSource();
    const fleet = new StreamDevices([
      { deviceId: 'slow', speed: 1 },
      { deviceId: 'fast', speed: 3 },
    ]);
    const { stream } = streamOver(fleet, source);
    const got: string[] = [];
    for (const deviceId of ['slow', 'slow', 'fast', 'fast', 'fast', 'fast']) {
      void stream
        .itemsOf(deviceId)
        .next()
        .then(() => got.push(deviceId));
    }
    for (let item = 0; item < 6; item += 1) {
      source.give();
      await turns(1);
    }
    expect(got).toEqual(['fast', 'fast', 'slow', 'fast', 'fast', 'slow']);
    stream.cancel();
  });
});

async function exposedGc(): Promise<() => void> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

describe('the source of a stream', () => {
  it.each([0, 3])(
    'is asked for no more than is waited for and a prefetch of %i',
    async (prefetch) => {
      const source = new HandSource();
      const { stream } = streamOver(['a', 'b'], source, { prefetch });
      const readers = [stream.itemsOf('a'), stream.itemsOf('b')];
      await turns();
      expect(source.asked).toBe(Math.min(prefetch, 1));
      for (let turn = 0; turn < 20; turn += 1) {
        source.give();
        await turns(1);
      }
      expect(stream.stats().atHand).toBe(prefetch);
      const asked = readers.map((reader) => reader.next());
      for (let turn = 0; turn < 20; turn += 1) {
        source.give();
        await turns(1);
      }
      await Promise.all(asked);
      expect(stream.stats()).toMatchObject({ inFlight: 2, atHand: prefetch, pulled: 2 + prefetch });
      expect(source.mostPending).toBe(1);
      stream.cancel();
    },
  );

  it('is asked several times at once where that is allowed', async () => {
    const source = new HandSource();
    const { stream } = streamOver(['a'], source, { concurrentPulls: 3 });
    const answers = [1, 2, 3, 4].map(() => stream.itemsOf('a').next());
    await turns();
    expect(source.pending).toBe(3);
    source.give();
    source.end();
    await turns();
    expect(stream.stats()).toMatchObject({ pulled: 1, inFlight: 1 });
    source.give();
    await turns();
    // Nothing is over before what was asked for is settled.
    expect(stream.stats()).toMatchObject({ pulled: 2, inFlight: 2, waiting: 2 });
    stream.cancel();
    await Promise.allSettled(answers);
  });

  it('that throws fails the stream, is not closed, and what was under way is left', async () => {
    const source = new HandSource();
    const { stream, devices } = streamOver(['a', 'b'], source);
    const [a, b] = [stream.itemsOf('a'), stream.itemsOf('b')];
    const first = a.next();
    source.give();
    await first;
    const waiting = b.next();
    const error = new Error('no more');
    source.fail(error);
    await expect(waiting).rejects.toBe(error);
    await expect(stream.completion).rejects.toBe(error);
    expect(source.returns).toBe(0);
    expect(devices.inFlight('a')).toBe(0);
    expect(stream.unfinished).toEqual([0]);
    // It was at it, and is done.
    await expect(a.next()).rejects.toBe(error);
    expect(stream.unfinished).toEqual([]);
    expect(await over(a.next())).toBe(true);
    expect(stream.stats()).toMatchObject({ pulled: 1, acknowledged: 1 });
  });

  it('may be of promises, and is closed when one rejects', async () => {
    const error = new Error('a bad item');
    const closed = vi.fn();
    function* promises() {
      try {
        yield Promise.resolve(1);
        yield Promise.reject(error);
      } finally {
        closed();
      }
    }
    const { stream } = streamOver<number>(['a'], promises() as never);
    const items = stream.itemsOf('a');
    expect(await items.next()).toEqual({ done: false, value: 1 });
    await expect(items.next()).rejects.toBe(error);
    await turns();
    expect(closed).toHaveBeenCalledTimes(1);
  });

  it.each([undefined, null, 7, 'text', {}, { [Symbol.iterator]: () => 7 }])(
    'is refused when it is %s',
    (source) => {
      expect(() => streamOver(['a'], source as never)).toThrow(
        expect.objectContaining({ code: 'ERR_GPU_INVALID_TYPE' }),
      );
    },
  );

  it('that gives no result objects fails the stream', async () => {
    const source = { [Symbol.asyncIterator]: () => ({ next: async () => 7 }) };
    const { stream } = streamOver(['a'], source as never);
    await expect(stream.itemsOf('a').next()).rejects.toMatchObject({
      code: 'ERR_GPU_INVALID_TYPE',
    });
  });
});

describe('objects that refuse to be looked at', () => {
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy as never;
  };

  it('are no signal and no devices', () => {
    const typed = expect.objectContaining({ code: 'ERR_GPU_INVALID_TYPE' });
    expect(() => streamOver(['a'], [1], { signal: revoked() })).toThrow(typed);
    const derived = Object.create(AbortSignal.prototype) as AbortSignal;
    expect(() => streamOver(['a'], [1], { signal: derived })).toThrow(typed);
    expect(() => distributeStream(revoked(), [1])).toThrow(typed);
  });

  it.each([
    ['result', Symbol.iterator, () => revoked()],
    ['result of an async source', Symbol.asyncIterator, () => revoked()],
    [
      'promise',
      Symbol.asyncIterator,
      () => {
        const promise = Promise.resolve({ done: true });
        const refuse = () => {
          throw new Error('of the user');
        };
        return Object.defineProperty(promise, 'constructor', { get: refuse });
      },
    ],
  ])('fail the stream as a %s of the source', async (_, iterator, next) => {
    const { stream } = streamOver(['a'], { [iterator]: () => ({ next }) } as never);
    await expect(stream.itemsOf('a').next()).rejects.toBeInstanceOf(Error);
    await expect(stream.completion).rejects.toBeInstanceOf(Error);
    expect(stream.stats()).toMatchObject({ pulled: 0, waiting: 0 });
  });
});

describe('a stream that is aborted', () => {
  it.each(['before', 'idle', 'asking', 'holding', 'prefetched'])(
    'while it is %s closes its source once and lets go of everything',
    async (moment) => {
      const source = new HandSource();
      const controller = new AbortController();
      const { signal } = controller;
      const reason = new Error('enough');
      if (moment === 'before') controller.abort(reason);
      const prefetch = moment === 'prefetched' ? 2 : 0;
      const { stream, devices } = streamOver(['a', 'b'], source, { signal, prefetch });
      const [a, b] = [stream.itemsOf('a'), stream.itemsOf('b')];
      const answers: Promise<unknown>[] = [];
      if (moment === 'asking' || moment === 'holding') answers.push(a.next());
      if (moment === 'holding' || moment === 'prefetched') {
        source.give();
        await turns();
        answers.push(b.next());
      }
      for (const answer of answers) answer.catch(() => {});
      const interrupted = a.signal;
      controller.abort(reason);
      await expect(stream.completion).rejects.toBe(reason);
      await turns();
      expect(source.returns).toBe(1);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
      expect(devices.host.listenerCount).toBe(0);
      expect([devices.inFlight('a'), devices.inFlight('b')]).toEqual([0, 0]);
      expect(interrupted.reason).toBe(reason);
      if (moment === 'asking') await expect(answers[0]).rejects.toBe(reason);
      expect(stream.stats().waiting).toBe(0);
      const late = source.pending;
      source.give();
      await turns();
      const { pulled, acknowledged } = stream.stats();
      expect(stream.unfinished).toHaveLength(pulled - acknowledged);
      expect(late).toBe(moment === 'before' || moment === 'idle' ? 0 : 1);
      await stream[Symbol.asyncDispose]();
      expect(source.returns).toBe(1);
      await Promise.allSettled(answers);
    },
  );

  it('by disposing of it waits for the source, and tells what its return throws', async () => {
    const error = new Error('cannot close');
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: () => Promise.reject(error),
      }),
    };
    const { stream } = streamOver<number>(['a'], source);
    void stream
      .itemsOf('a')
      .next()
      .catch(() => {});
    await expect(stream[Symbol.asyncDispose]()).rejects.toBe(error);
    await expect(stream.completion).rejects.toMatchObject({ code: 'ERR_GPU_CLOSED' });
  });

  it('from within its source closes the generator', async () => {
    const closed = vi.fn();
    const parts: { cancel?(): void } = {};
    function* items() {
      try {
        yield 1;
        parts.cancel?.();
        yield 2;
      } finally {
        closed();
      }
    }
    const { stream } = streamOver<number>(['a'], items());
    parts.cancel = () => stream.cancel(new Error('from within'));
    const reader = stream.itemsOf('a');
    await reader.next();
    await expect(reader.next()).rejects.toThrow('from within');
    await turns();
    expect(closed).toHaveBeenCalledTimes(1);
    expect(stream.unfinished).toEqual([2]);
  });

  it('has a source that never ends: leaving it is enough', async () => {
    const closed = vi.fn();
    async function* forever() {
      try {
        for (let item = 0; ; item += 1) yield item;
      } finally {
        closed();
      }
    }
    {
      await using disposed = streamOver<number>(['a'], forever()).stream;
      const items = disposed.itemsOf('a');
      for (let item = 0; item < 100; item += 1) expect((await items.next()).value).toBe(item);
    }
    expect(closed).toHaveBeenCalledTimes(1);
  });
});
