import { listenForAbort } from './abort-listener.js';
import type { Load } from './grantor.js';
import type { Patience } from './patience.js';
import { noLoad } from './wait-estimate.js';

/** What decides about a place in the line. */
export interface Turn {
  readonly priority: number;
  readonly deadlineMs: number;
}

/** Negative: the first of them goes first. 0: they go by their arrival. */
export function compareTurns(one: Turn, other: Turn): number {
  if (one.priority !== other.priority) return one.priority > other.priority ? -1 : 1;
  if (one.deadlineMs === other.deadlineMs) return 0;
  return one.deadlineMs < other.deadlineMs ? -1 : 1;
}

/**
 * Memory that a lease gave back is free only once a sample shows it. Until then the device is kept
 * for whom it was busy before, or small requests would slip in between again and again.
 */
const graceMs = 1000;

interface Promised<L> {
  resolve(lease: L): void;
  reject(reason: unknown): void;
}

/** One who waits for a lease: a request, a place in the order, and a promise that settles once. */
export class Waiter<R, L> implements Turn {
  readonly request: R;
  readonly priority: number;
  readonly timeoutMs: number;
  readonly arrivedAtMs: number;
  readonly deadlineMs: number;
  load: Load = noLoad;
  /** The devices that were busy at its last attempt. */
  busy: readonly number[] = [];
  /** When each device was found busy last. Those behind keep off them. */
  readonly #busyAtMs = new Map<number, number>();
  readonly #signal: AbortSignal | undefined;
  #promised: Promised<L> | undefined;
  #stopListening: (() => void) | undefined;

  constructor(request: R, patience: Patience, nowMs: number) {
    this.request = request;
    this.priority = patience.priority;
    this.timeoutMs = patience.timeoutMs;
    this.arrivedAtMs = nowMs;
    this.deadlineMs = nowMs + patience.timeoutMs;
    this.#signal = patience.signal;
  }

  /** True before `onAbort` is called, too: listeners that come first may release a lease. */
  get isAborted(): boolean {
    return this.#signal?.aborted === true;
  }

  get abortReason(): unknown {
    return this.#signal?.reason;
  }

  get isWaiting(): boolean {
    return this.#promised !== undefined;
  }

  /** What its attempt found: these devices are busy. */
  blockedBy(devices: readonly number[], nowMs: number): void {
    this.busy = devices;
    for (const device of devices) this.#busyAtMs.set(device, nowMs);
    if (devices.length === this.#busyAtMs.size) return;
    for (const [device, busyAtMs] of this.#busyAtMs) {
      if (nowMs - busyAtMs >= graceMs) this.#busyAtMs.delete(device);
    }
  }

  /** Adds the devices that those behind it keep off. */
  withholdIn(devices: Set<number>): void {
    for (const device of this.#busyAtMs.keys()) devices.add(device);
  }

  /** Whether it keeps others off every one of these devices. */
  withholds(devices: readonly number[]): boolean {
    if (devices.length > this.#busyAtMs.size) return false;
    return devices.every((device) => this.#busyAtMs.has(device));
  }

  /** Begins to wait; `onAbort` is called at most once, and not after it is settled. */
  wait(onAbort: () => void): Promise<L> {
    if (this.#signal !== undefined) this.#stopListening = listenForAbort(this.#signal, onAbort);
    return new Promise((resolve, reject) => {
      this.#promised = { resolve, reject };
    });
  }

  resolve(lease: L): void {
    this.#settle()?.resolve(lease);
  }

  reject(reason: unknown): void {
    this.#settle()?.reject(reason);
  }

  #settle(): Promised<L> | undefined {
    const promised = this.#promised;
    this.#promised = undefined;
    this.#stopListening?.();
    this.#stopListening = undefined;
    return promised;
  }
}
