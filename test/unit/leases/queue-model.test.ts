import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { FakeRequest } from '../../support/fake-grantor.js';
import { QueueModel } from '../../support/queue-model.js';
import { type Asker, QueueRig, settle, useStillTime } from '../../support/queue-rig.js';

const maxQueue = 6;
const tickMs = 5;
const surveyMs = 250;

beforeEach(() => useStillTime());
afterEach(() => vi.useRealTimers());

/** A queue and its model, taken through the same steps. */
class Pair {
  readonly rig: QueueRig;
  readonly model: QueueModel;
  readonly askers: Asker[] = [];
  readonly #others: number[] = [];
  isShort = false;

  constructor(rooms: readonly number[]) {
    this.rig = new QueueRig(rooms, { maxQueue });
    this.model = new QueueModel(rooms, maxQueue);
    this.model.nowMs = performance.now();
  }

  ask(request: FakeRequest, { priority, timeoutMs }: { priority: number; timeoutMs: number }) {
    const id = this.askers.length;
    const deadlineMs = this.model.nowMs + timeoutMs;
    this.model.ask({ id, request, priority, deadlineMs }, timeoutMs);
    this.askers.push(this.rig.ask(request, { priority, timeoutMs }));
  }

  release(which: number): void {
    const id = this.#pick(which, (asker) => asker.lease?.isLive === true);
    const asker = this.askers[id];
    if (asker === undefined) return;
    this.model.release(id);
    this.rig.release(asker);
  }

  abort(which: number): void {
    const id = this.#pick(which, ({ state }) => state === 'waiting');
    this.model.abort(id);
    this.askers[id]?.controller.abort('aborted');
  }

  /** Another environment takes weight, or gives back some of what it has. */
  use(device: number, weight: number): void {
    const most = Math.min(weight, this.model.room(device));
    const change = Math.max(most, -(this.#others[device] ?? 0));
    this.#others[device] = (this.#others[device] ?? 0) + change;
    this.model.use(device, change);
    this.rig.grantor.use(device, change);
  }

  remove(device: number): void {
    this.isShort = true;
    this.model.removeDevice(device);
    this.rig.grantor.removeDevice(device);
    this.pass(surveyMs / tickMs);
  }

  pass(ticks: number): void {
    for (let tick = 0; tick < ticks; tick += 1) {
      this.model.nowMs += tickMs;
      this.model.serve();
    }
    vi.advanceTimersByTime(ticks * tickMs);
  }

  async check(): Promise<void> {
    await settle();
    const differences = this.askers.flatMap((asker, id) => this.#differences(asker, id));
    if (differences.length > 0) expect(differences).toEqual([]);
    expect(this.rig.queue.length).toBe(this.model.waiters.length);
    expect(vi.getTimerCount()).toBe(this.rig.queue.length > 0 ? 1 : 0);
  }

  #differences(asker: Asker, id: number): string[] {
    const { state, settled, listeners, lease } = asker;
    const expected = this.model.states.get(id);
    // That a device is gone may be found out only after the deadline.
    const isLate = expected === 'ERR_GPU_UNSATISFIABLE' && state === 'ERR_GPU_TIMEOUT';
    const differences: string[] = [];
    if (state !== expected && !(isLate && this.isShort)) {
      differences.push(`${id}: ${state}, not ${expected}`);
    }
    const devices = String(this.model.granted.get(id)?.devices ?? 'none');
    const held = lease?.isLive === true ? String(lease.devices) : 'none';
    if (held !== devices) differences.push(`${id}: on ${held}, not ${devices}`);
    const isWaiting = state === 'waiting';
    if (settled !== Number(!isWaiting)) differences.push(`${id}: settled ${settled} times`);
    if (listeners !== Number(isWaiting)) differences.push(`${id}: ${listeners} listeners`);
    return differences;
  }

  #pick(which: number, isMeant: (asker: Asker) => boolean): number {
    const meant = [...this.askers.keys()].filter((id) => {
      const asker = this.askers[id];
      return asker !== undefined && isMeant(asker);
    });
    return meant[which % Math.max(1, meant.length)] ?? -1;
  }
}

const device = fc.nat({ max: 3 });
const which = fc.nat({ max: 30 });
const request: fc.Arbitrary<FakeRequest> = fc.record({
  devices: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
  weight: fc.constantFrom(1, 1, 1, 2, 3),
  count: fc.constantFrom(1, 1, 2),
});
const patience = fc.record({
  priority: fc.integer({ min: -1, max: 1 }),
  timeoutMs: fc.oneof(fc.constant(Infinity), fc.nat({ max: 40 })),
});

type Step = (pair: Pair) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.tuple(request, patience).map(
      ([one, how]): Step =>
        (pair) =>
          pair.ask(one, how),
    ),
  },
  {
    weight: 6,
    arbitrary: which.map(
      (one): Step =>
        (pair) =>
          pair.release(one),
    ),
  },
  {
    weight: 9,
    arbitrary: which.map(
      (one): Step =>
        (pair) =>
          pair.abort(one),
    ),
  },
  {
    weight: 9,
    arbitrary: fc.tuple(device, fc.integer({ min: -3, max: 3 })).map(
      ([one, weight]): Step =>
        (pair) =>
          pair.use(one, weight),
    ),
  },
  {
    weight: 9,
    arbitrary: fc.integer({ min: 1, max: 4 }).map(
      (ticks): Step =>
        (pair) =>
          pair.pass(ticks),
    ),
  },
  {
    weight: 1,
    arbitrary: device.map(
      (one): Step =>
        (pair) =>
          pair.remove(one),
    ),
  },
);

async function drain(pair: Pair): Promise<void> {
  for (let left = 0; left < 4; left += 1) pair.use(left, -Infinity);
  pair.pass(surveyMs / tickMs);
  await settle();
  while (pair.rig.grantor.live.size > 0) {
    pair.release(0);
    await settle();
  }
}

it('does step by step what the plainest queue does, and nobody is left behind', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }),
      fc.array(step, { maxLength: 60, size: 'max' }),
      async (rooms, steps) => {
        const pair = new Pair(rooms);
        for (const take of steps) {
          take(pair);
          await pair.check();
        }
        await drain(pair);
        await pair.check();
        expect(pair.askers.filter(({ state }) => state === 'waiting')).toEqual([]);
        expect(pair.rig.grantor.used).toBe(0);
      },
    ),
    { numRuns: 1000 },
  );
});
