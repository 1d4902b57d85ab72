import type { FakeRequest } from './fake-grantor.js';

export interface ModelWaiter {
  readonly id: number;
  readonly request: FakeRequest;
  readonly priority: number;
  readonly deadlineMs: number;
}

/** What the queue is to do, in the plainest way: nothing is kept, everybody is asked each time. */
export class QueueModel {
  readonly #rooms: Map<number, number>;
  readonly #used = new Map<number, number>();
  readonly #maxQueue: number;
  readonly states = new Map<number, string>();
  readonly granted = new Map<number, { devices: readonly number[]; weight: number }>();
  waiters: ModelWaiter[] = [];
  nowMs = 0;

  constructor(rooms: readonly number[], maxQueue: number) {
    this.#rooms = new Map(rooms.map((room, device) => [device, room]));
    this.#maxQueue = maxQueue;
  }

  ask(waiter: ModelWaiter, timeoutMs: number): void {
    const line = [...this.waiters, waiter].sort(
      (one, other) =>
        other.priority - one.priority ||
        Number(one.deadlineMs > other.deadlineMs) - Number(one.deadlineMs < other.deadlineMs) ||
        one.id - other.id,
    );
    const ahead = line.slice(0, line.indexOf(waiter));
    const able = this.#able(waiter.request);
    if (able.length < waiter.request.count) {
      this.states.set(waiter.id, 'ERR_GPU_UNSATISFIABLE');
    } else if (!this.#grant(waiter, new Set(ahead.flatMap((one) => this.#able(one.request))))) {
      if (timeoutMs === 0) this.states.set(waiter.id, 'ERR_GPU_DEADLINE_UNREACHABLE');
      else if (this.waiters.length >= this.#maxQueue) {
        this.states.set(waiter.id, 'ERR_GPU_QUEUE_FULL');
      } else {
        this.states.set(waiter.id, 'waiting');
        this.waiters = line;
      }
    }
  }

  abort(id: number): void {
    if (this.states.get(id) !== 'waiting') return;
    this.#end(id, 'aborted');
    this.serve();
  }

  release(id: number): void {
    const lease = this.granted.get(id);
    if (lease === undefined) return;
    this.granted.delete(id);
    for (const device of lease.devices) this.use(device, -lease.weight);
    this.serve();
  }

  /** Others take or give back. */
  use(device: number, weight: number): void {
    this.#used.set(device, (this.#used.get(device) ?? 0) + weight);
  }

  room(device: number): number {
    return (this.#rooms.get(device) ?? 0) - (this.#used.get(device) ?? 0);
  }

  removeDevice(device: number): void {
    this.#rooms.delete(device);
  }

  serve(): void {
    for (const { id, deadlineMs } of this.waiters) {
      if (deadlineMs <= this.nowMs) this.#end(id, 'ERR_GPU_TIMEOUT');
    }
    const withheld = new Set<number>();
    for (const waiter of this.waiters) {
      const able = this.#able(waiter.request);
      if (able.length < waiter.request.count) this.#end(waiter.id, 'ERR_GPU_UNSATISFIABLE');
      else if (this.#grant(waiter, withheld)) this.#end(waiter.id, 'granted');
      else for (const device of able) withheld.add(device);
    }
  }

  #able({ devices, weight }: FakeRequest): number[] {
    return devices.filter((device) => (this.#rooms.get(device) ?? 0) >= weight);
  }

  #grant({ id, request }: ModelWaiter, withheld: ReadonlySet<number>): boolean {
    const { weight, count } = request;
    const free = this.#able(request).filter(
      (device) => !withheld.has(device) && this.room(device) >= weight,
    );
    if (free.length < count) return false;
    const devices = free.slice(0, count);
    this.granted.set(id, { devices, weight });
    for (const device of devices) this.use(device, weight);
    this.states.set(id, 'granted');
    return true;
  }

  #end(id: number, state: string): void {
    this.states.set(id, state);
    this.waiters = this.waiters.filter((waiter) => waiter.id !== id);
  }
}
