import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceItems } from '../../../../lib/distribution/stream/device-items.js';
import { StreamDevices } from '../../../../lib/distribution/stream/stream-devices.js';
import { streamOver, turns } from '../../../support/streams.js';

const deviceIds = ['a', 'b', 'c'];

type Step =
  | { readonly kind: 'read'; readonly device: number }
  | { readonly kind: 'ask' | 'acknowledge' | 'leave'; readonly reader: number }
  | { readonly kind: 'lose' | 'drain' | 'add'; readonly device: number }
  | { readonly kind: 'give' | 'turn' | 'cancel' };

const device = fc.nat(deviceIds.length - 1);
const reader = fc.nat(7);
const give = fc.constant<Step>({ kind: 'give' });
const usual = [
  { weight: 4, arbitrary: device.map((at): Step => ({ kind: 'read', device: at })) },
  { weight: 12, arbitrary: reader.map((at): Step => ({ kind: 'ask', reader: at })) },
  { weight: 2, arbitrary: reader.map((at): Step => ({ kind: 'acknowledge', reader: at })) },
  { weight: 8, arbitrary: give },
  { weight: 6, arbitrary: fc.constant<Step>({ kind: 'turn' }) },
];
const disturbing = [
  { weight: 2, arbitrary: reader.map((at): Step => ({ kind: 'leave', reader: at })) },
  { weight: 1, arbitrary: device.map((at): Step => ({ kind: 'lose', device: at })) },
  { weight: 1, arbitrary: device.map((at): Step => ({ kind: 'drain', device: at })) },
  { weight: 2, arbitrary: device.map((at): Step => ({ kind: 'add', device: at })) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'cancel' }) },
];

interface Settings {
  readonly itemCount: number;
  readonly isAsync: boolean;
  readonly prefetch: number;
  readonly maxAttempts: number;
}

const settings = fc.record<Settings>({
  itemCount: fc.nat(12),
  isAsync: fc.boolean(),
  prefetch: fc.nat(2),
  maxAttempts: fc.integer({ min: 1, max: 4 }),
});

interface Reader {
  readonly items: DeviceItems<number>;
  readonly deviceId: string;
  /** It asks, and nothing came yet. */
  isAsking: boolean;
  /** Undefined: it has nothing that it knows of. */
  present: number | undefined;
  isOver: boolean;
}

/** A world of one stream, and what is to be true of it. */
class Rig {
  readonly devices = new StreamDevices(deviceIds.map((deviceId) => ({ deviceId })));
  readonly stream;
  readonly #settings: Settings;
  readonly #readers: Reader[] = [];
  /** How often each item was handed out, and said to be done. */
  readonly delivered: number[];
  readonly done: number[];
  readonly #unanswered: (() => void)[] = [];
  #pulls = 0;
  #isPulling = false;
  #returns = 0;
  /** Of the source: what it throws would only fail the stream. */
  readonly #wrongs: string[] = [];
  #isOver = false;
  outcome: 'open' | 'resolved' | 'rejected' = 'open';

  constructor(given: Settings) {
    this.#settings = given;
    this.delivered = new Array<number>(given.itemCount).fill(0);
    this.done = new Array<number>(given.itemCount).fill(0);
    const source = given.isAsync ? this.#asyncSource() : this.#source();
    const { prefetch, maxAttempts } = given;
    this.stream = streamOver<number>(this.devices, source, { prefetch, maxAttempts }).stream;
    this.stream.completion.then(
      () => {
        this.outcome = 'resolved';
      },
      () => {
        this.outcome = 'rejected';
      },
    );
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'read':
        this.#read(deviceIds[step.device] as string);
        break;
      case 'ask':
        this.#ask(this.#at(step.reader));
        break;
      case 'acknowledge':
        this.#acknowledge(this.#at(step.reader));
        break;
      case 'leave':
        this.#leave(this.#at(step.reader));
        break;
      case 'lose':
        this.devices.lose(deviceIds[step.device] as string);
        break;
      case 'drain':
        this.devices.drain(deviceIds[step.device] as string);
        break;
      case 'add':
        this.#add(deviceIds[step.device] as string);
        break;
      case 'give':
        this.#unanswered.shift()?.();
        break;
      case 'turn':
        await turns(1);
        break;
      case 'cancel':
        this.stream.cancel();
    }
    this.check();
  }

  /** Whatever happened, some reader of a device that is there goes on to the end. */
  async finish(): Promise<void> {
    await turns(1);
    for (const each of this.#readers) this.#leave(each);
    if (this.devices.deviceIds.length === 0) this.#add('a');
    const [deviceId = ''] = this.devices.deviceIds;
    if (this.outcome === 'open') this.#read(deviceId);
    const last = this.#readers.at(-1);
    for (let turn = 0; this.outcome === 'open' && turn < 200; turn += 1) {
      this.#ask(last);
      this.#unanswered.shift()?.();
      await turns(1);
      this.check();
    }
    await turns(1);
  }

  check(): void {
    const stats = this.stream.stats();
    const { pulled, acknowledged, failed, inFlight, atHand, waiting } = stats;
    expect(pulled).toBe(acknowledged + failed + inFlight + atHand);
    expect(this.stream.unfinished).toHaveLength(inFlight + atHand);
    const isOver = this.outcome !== 'open' || this.#isOver;
    const load = deviceIds.reduce((sum, id) => sum + this.devices.inFlight(id), 0);
    expect([inFlight, isOver ? 0 : load]).toContain(load);
    let counted = { inFlight: 0, waiting: 0 };
    for (const each of stats.devices.values()) {
      counted = {
        inFlight: counted.inFlight + each.inFlight,
        waiting: counted.waiting + each.waiting,
      };
    }
    expect(counted).toEqual({ inFlight, waiting });
    expect(this.#returns).toBeLessThanOrEqual(1);
    expect(this.#wrongs).toEqual([]);
  }

  checkEnd(): void {
    const { stream } = this;
    const { pulled, acknowledged, failed } = stream.stats();
    const left = new Set(stream.unfinished);
    const givenUp = new Map(stream.failed.map(({ item, attempts }) => [item, attempts]));
    expect(left.size).toBe(stream.unfinished.length);
    expect(pulled).toBe(acknowledged + failed + left.size);
    for (let item = 0; item < pulled; item += 1) {
      const isDone = !left.has(item) && !givenUp.has(item);
      expect(this.done[item], `item ${item} is done`).toBe(isDone ? 1 : 0);
      if (isDone) expect(this.delivered[item]).toBeGreaterThanOrEqual(1);
      if (givenUp.has(item)) expect(givenUp.get(item)).toBe(this.#settings.maxAttempts);
      expect(this.delivered[item]).toBeLessThanOrEqual(this.#settings.maxAttempts);
    }
    for (const id of deviceIds) expect(this.devices.inFlight(id)).toBe(0);
    expect(this.devices.host.listenerCount).toBe(0);
    if (this.outcome === 'resolved') {
      expect([pulled, left.size]).toEqual([this.#settings.itemCount, 0]);
      expect(this.#returns).toBe(0);
    }
  }

  #read(deviceId: string): void {
    if (this.#readers.length >= 64) return;
    const items = this.stream.itemsOf(deviceId);
    this.#readers.push({ items, deviceId, isAsking: false, present: undefined, isOver: false });
  }

  #add(deviceId: string): void {
    if (!this.devices.deviceIds.includes(deviceId)) this.devices.add({ deviceId });
  }

  #at(index: number): Reader | undefined {
    return this.#readers[index % Math.max(1, this.#readers.length)];
  }

  #ask(asking: Reader | undefined): void {
    if (asking === undefined || asking.isAsking || asking.isOver) return;
    // Whoever asks is done with what it had, if that was not taken away.
    const before = this.stream.stats().acknowledged;
    const { present } = asking;
    asking.isAsking = true;
    asking.present = undefined;
    const answer = asking.items.next();
    const isCounted = this.stream.stats().acknowledged > before;
    if (present !== undefined && isCounted) this.done[present] = (this.done[present] ?? 0) + 1;
    answer.then(
      (result) => {
        asking.isAsking = false;
        if (result.done) {
          asking.isOver = true;
          return;
        }
        this.delivered[result.value] = (this.delivered[result.value] ?? 0) + 1;
        asking.present = result.value;
      },
      () => {
        asking.isAsking = false;
        asking.isOver = true;
        this.#isOver = true;
      },
    );
  }

  #acknowledge(asked: Reader | undefined): void {
    if (asked?.present === undefined) return;
    const { present } = asked;
    asked.present = undefined;
    if (asked.items.acknowledge()) this.done[present] = (this.done[present] ?? 0) + 1;
  }

  #leave(leaving: Reader | undefined): void {
    if (leaving === undefined || leaving.isOver) return;
    leaving.isOver = true;
    leaving.present = undefined;
    void leaving.items.return();
  }

  #next(): IteratorResult<number, undefined> {
    if (this.#pulls >= this.#settings.itemCount) return { done: true, value: undefined };
    this.#pulls += 1;
    return { done: false, value: this.#pulls - 1 };
  }

  #noteReturn(): IteratorResult<number, undefined> {
    this.#returns += 1;
    return { done: true, value: undefined };
  }

  /** Never further than is waited for. */
  #checkPull(): void {
    const { atHand, waiting } = this.stream.stats();
    const { prefetch, isAsync } = this.#settings;
    if (atHand >= waiting + (isAsync ? prefetch : 0)) this.#wrongs.push('it ran ahead');
  }

  #source(): Iterable<number> {
    const next = () => {
      this.#checkPull();
      return this.#next();
    };
    return { [Symbol.iterator]: () => ({ next, return: () => this.#noteReturn() }) };
  }

  #asyncSource(): AsyncIterable<number> {
    const next = () => {
      if (this.#isPulling) this.#wrongs.push('next() while one is pending');
      if (this.#pulls > 0) this.#checkPull();
      this.#isPulling = true;
      return new Promise<IteratorResult<number, undefined>>((resolve) => {
        this.#unanswered.push(() => {
          this.#isPulling = false;
          resolve(this.#next());
        });
      });
    };
    return {
      [Symbol.asyncIterator]: () => ({ next, return: async () => this.#noteReturn() }),
    };
  }
}

describe('a stream, whatever happens in whatever order', () => {
  it('delivers each item exactly once while nothing fails', async () => {
    const steps = fc.array(fc.oneof(...usual), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(settings, steps, async (given, todo) => {
        const rig = new Rig(given);
        for (const step of todo) await rig.take(step);
        // Nobody leaves here: everybody reads on to the end.
        for (let turn = 0; rig.outcome === 'open' && turn < 100; turn += 1) {
          await rig.take({ kind: 'read', device: turn % deviceIds.length });
          for (let at = 0; at < 64; at += 1) await rig.take({ kind: 'ask', reader: at });
          for (let pull = 0; pull < 3; pull += 1) await rig.take({ kind: 'give' });
          await turns(1);
        }
        rig.checkEnd();
        expect(rig.outcome).toBe('resolved');
        expect(rig.delivered).toEqual(new Array<number>(given.itemCount).fill(1));
        expect(rig.done).toEqual(rig.delivered);
      }),
      { numRuns: 300 },
    );
  });

  it('loses none, and tells of what is not done', async () => {
    const steps = fc.array(fc.oneof(...usual, ...disturbing), { maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(settings, steps, async (given, todo) => {
        const rig = new Rig(given);
        for (const step of todo) await rig.take(step);
        await rig.finish();
        rig.checkEnd();
        expect(rig.outcome).not.toBe('open');
      }),
      { numRuns: 1500 },
    );
  });
});
