import { describe, expect, it } from 'vitest';
import { EventIterator } from '../../../lib/telemetry/event-iterator.js';
import { EventQueue } from '../../../lib/telemetry/event-queue.js';
import { event, events, told } from '../../support/events.js';

describe('a queue of events', () => {
  function filled(capacity: number, count: number): EventQueue {
    const queue = new EventQueue(capacity);
    for (const one of events(1, count)) queue.push(one);
    return queue;
  }
  const drained = (queue: EventQueue) => {
    const taken = [];
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) taken.push(one);
    return told(taken);
  };

  it('gives what it was given, in order', () => {
    expect(drained(filled(4, 4))).toEqual([1, 2, 3, 4]);
    expect(drained(filled(4, 0))).toEqual([]);
  });

  it('drops the oldest when it is full, and says how many in their place', () => {
    expect(drained(filled(3, 10))).toEqual([-7, 8, 9, 10]);
    expect(drained(filled(1, 3))).toEqual([-2, 3]);
  });

  it('says it once, and anew for what is dropped after that', () => {
    const queue = filled(2, 3);
    expect(told([queue.shift(), queue.shift()])).toEqual([-1, 2]);
    for (const one of events(4, 6)) queue.push(one);
    expect(drained(queue)).toEqual([-2, 5, 6]);
  });

  it('counts the events that a dropped one stood for', () => {
    const queue = new EventQueue(1);
    queue.push({ type: 'dropped', count: 40, timestampMs: 1 });
    queue.push(event(2));
    queue.push(event(3));
    expect(drained(queue)).toEqual([-41, 3]);
  });

  it('shows what it holds without giving it away, however often it went round', () => {
    const queue = filled(3, 5);
    expect(told(queue.toArray())).toEqual([-2, 3, 4, 5]);
    expect(drained(queue)).toEqual([-2, 3, 4, 5]);
    expect(queue.toArray()).toEqual([]);
    queue.push(event(9));
    queue.clear();
    expect(drained(queue)).toEqual([]);
  });
});

describe('an iterator over events', () => {
  function opened(more: { bufferSize?: number; signal?: AbortSignal } = {}) {
    const ended: EventIterator[] = [];
    const onEnd = (one: EventIterator) => ended.push(one);
    return { ended, iterator: new EventIterator({ bufferSize: 3, onEnd, ...more }) };
  }
  async function taken(iterator: EventIterator) {
    const list = [];
    for await (const one of iterator) list.push(one);
    return told(list);
  }

  it('gives events to those who wait, in the order in which they asked', async () => {
    const { iterator } = opened();
    const asked = [iterator.next(), iterator.next()];
    for (const one of events(1, 3)) iterator.deliver(one);
    const results = await Promise.all([...asked, iterator.next()]);
    expect(told(results.map(({ value }) => value))).toEqual([1, 2, 3]);
  });

  it('keeps a bounded number for a slow reader, and says what it dropped', async () => {
    const { iterator } = opened({ bufferSize: 2 });
    for (const one of events(1, 5)) iterator.deliver(one);
    iterator.end();
    expect(await taken(iterator)).toEqual([-3, 4, 5]);
  });

  it('ends after what it holds, when no more comes', async () => {
    const { iterator, ended } = opened();
    iterator.deliver(event(1));
    iterator.end();
    iterator.end();
    iterator.deliver(event(2));
    expect(await taken(iterator)).toEqual([1]);
    expect(ended).toEqual([iterator]);
    const waiting = opened().iterator;
    const next = waiting.next();
    waiting.end();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('ends when its reader leaves the loop, and gives up what it holds', async () => {
    const { iterator, ended } = opened();
    for (const one of events(1, 3)) iterator.deliver(one);
    for await (const one of iterator) {
      expect(told([one])).toEqual([1]);
      break;
    }
    expect(ended).toEqual([iterator]);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    await expect(iterator.throw(new Error('mine'))).rejects.toThrow('mine');
  });

  it('throws the reason of its signal, once, to who waits', async () => {
    const abort = new AbortController();
    const { iterator, ended } = opened({ signal: abort.signal });
    const waits = [iterator.next(), iterator.next()];
    abort.abort(new Error('enough'));
    await expect(waits[0]).rejects.toThrow('enough');
    expect(await waits[1]).toEqual({ done: true, value: undefined });
    expect(ended).toEqual([iterator]);
  });

  it('throws the reason of its signal to who asks next, in place of what it holds', async () => {
    const abort = new AbortController();
    const { iterator } = opened({ signal: abort.signal });
    iterator.deliver(event(1));
    abort.abort(new Error('enough'));
    await expect(taken(iterator)).rejects.toThrow('enough');
    expect(await taken(iterator)).toEqual([]);
  });

  it('throws at once for a signal that was aborted before', async () => {
    const { iterator, ended } = opened({ signal: AbortSignal.abort('late') });
    expect(ended).toEqual([iterator]);
    await expect(iterator.next()).rejects.toBe('late');
  });

  it('leaves nothing on a signal that outlives it', async () => {
    const abort = new AbortController();
    const { iterator } = opened({ signal: abort.signal });
    await iterator.return();
    abort.abort(new Error('too late'));
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});
