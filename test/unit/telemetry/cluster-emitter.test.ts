import { describe, expect, it } from 'vitest';
import { EventDispatcher } from '../../../lib/telemetry/cluster-emitter.js';
import type { ClusterEvent } from '../../../lib/telemetry/cluster-events.js';
import { event, events, told } from '../../support/events.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** The uncaught exceptions while `run` runs and what it started goes on. */
async function uncaught(run: () => void): Promise<unknown[]> {
  const caught: unknown[] = [];
  const others = process.rawListeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => caught.push(error));
  try {
    run();
    await settled();
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const other of others) process.on('uncaughtException', other as () => void);
  }
  return caught;
}

describe('the emitter', () => {
  it('gives an event under its type and under event, when the running code has ended', async () => {
    const dispatcher = new EventDispatcher();
    const heard: string[] = [];
    dispatcher.emitter.on('notice', ({ code }) => heard.push(`notice ${code}`));
    dispatcher.emitter.on('event', ({ type }) => heard.push(`event ${type}`));
    dispatcher.emitter.on('health', () => heard.push('health'));
    dispatcher.dispatch(event(1));
    dispatcher.dispatch({ type: 'resumed', timestampMs: 1 });
    expect(heard).toEqual([]);
    await settled();
    expect(heard).toEqual(['notice 1', 'event notice', 'event resumed']);
  });

  it('calls who wants it once once, and who left no more', async () => {
    const dispatcher = new EventDispatcher();
    const heard: ClusterEvent[] = [];
    const leaver = (one: ClusterEvent) => heard.push(one);
    dispatcher.emitter.once('event', (one) => heard.push(one));
    dispatcher.emitter.on('event', leaver);
    dispatcher.dispatch(event(1));
    await settled();
    dispatcher.emitter.off('event', leaver);
    dispatcher.dispatch(event(2));
    await settled();
    expect(told(heard)).toEqual([1, 1]);
    expect(dispatcher.hasListeners).toBe(false);
  });

  it('lets no listener that throws hurt another, and surfaces each error once', async () => {
    const dispatcher = new EventDispatcher();
    const heard: ClusterEvent[] = [];
    dispatcher.emitter.on('notice', ({ code }) => {
      throw new Error(`bad ${code}`);
    });
    dispatcher.emitter.on('notice', (one) => heard.push(one));
    dispatcher.emitter.on('event', (one) => heard.push(one));
    const errors = await uncaught(() => {
      for (const one of events(1, 2)) dispatcher.dispatch(one);
    });
    expect(told(heard)).toEqual([1, 1, 2, 2]);
    expect(errors.map(String)).toEqual(['Error: bad 1', 'Error: bad 2']);
  });

  it('drops the oldest where a loop never lets its listeners run', async () => {
    const dispatcher = new EventDispatcher();
    const heard: ClusterEvent[] = [];
    dispatcher.emitter.on('event', (one) => heard.push(one));
    for (const one of events(1, 3000)) dispatcher.dispatch(one);
    await settled();
    expect(told(heard.slice(0, 2))).toEqual([-1976, 1977]);
    expect(heard).toHaveLength(1025);
  });

  it('tells that somebody began to listen', async () => {
    let began = 0;
    const dispatcher = new EventDispatcher(() => {
      began += 1;
      expect(dispatcher.hasListeners).toBe(true);
    });
    expect(dispatcher.hasListeners).toBe(false);
    dispatcher.emitter.on('xid', () => {});
    await settled();
    expect(began).toBe(1);
    dispatcher.emitter.removeAllListeners();
    expect(dispatcher.hasListeners).toBe(false);
  });

  it('calls nobody after it was closed, not even in the middle of an event', async () => {
    const dispatcher = new EventDispatcher();
    const heard: ClusterEvent[] = [];
    dispatcher.emitter.on('event', (one) => {
      heard.push(one);
      dispatcher.close();
    });
    dispatcher.emitter.on('event', (one) => heard.push(one));
    for (const one of events(1, 3)) dispatcher.dispatch(one);
    await settled();
    dispatcher.dispatch(event(4));
    await settled();
    expect(told(heard)).toEqual([1]);
  });
});
