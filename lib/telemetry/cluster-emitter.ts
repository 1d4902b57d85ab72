import { EventEmitter } from 'node:events';
import type { ClusterEvent, ClusterEventOf } from './cluster-events.js';
import { EventQueue } from './event-queue.js';

/** `event` stands for every type. */
export type ClusterEventName = ClusterEvent['type'] | 'event';

export type ClusterListener<N extends ClusterEventName> = (
  event: N extends ClusterEvent['type'] ? ClusterEventOf<N> : ClusterEvent,
) => void;

/** An EventEmitter of node:events, as far as it is for listening. */
export interface ClusterEmitter {
  on<N extends ClusterEventName>(name: N, listener: ClusterListener<N>): this;
  once<N extends ClusterEventName>(name: N, listener: ClusterListener<N>): this;
  off<N extends ClusterEventName>(name: N, listener: ClusterListener<N>): this;
  addListener<N extends ClusterEventName>(name: N, listener: ClusterListener<N>): this;
  removeListener<N extends ClusterEventName>(name: N, listener: ClusterListener<N>): this;
  prependListener<N extends ClusterEventName>(name: N, listener: ClusterListener<N>): this;
  prependOnceListener<N extends ClusterEventName>(name: N, listener: ClusterListener<N>): this;
  removeAllListeners(name?: ClusterEventName): this;
  listenerCount(name: ClusterEventName): number;
  setMaxListeners(count: number): this;
  getMaxListeners(): number;
}

const eventNames: Readonly<Record<ClusterEventName, true>> = {
  event: true,
  health: true,
  xid: true,
  'device-added': true,
  'device-removed': true,
  'driver-lost': true,
  'driver-restored': true,
  suspended: true,
  resumed: true,
  'lease-revoked': true,
  'lease-leaked': true,
  dropped: true,
  notice: true,
};

/** Events that wait for the code that runs now to end: a loop may look for new ones for long. */
const mostWaiting = 1024;

/**
 * Hands events to an emitter's listeners, never in the middle of other code, and each listener by
 * itself: what one throws is surfaced as an uncaught exception of its own, as EventTarget does it.
 */
export class EventDispatcher {
  readonly #emitter = new EventEmitter();
  readonly #queue = new EventQueue(mostWaiting);
  #isScheduled = false;
  #isOpen = true;

  /** `onListen` is called when a listener was added; it may be missed, where all are removed. */
  constructor(onListen: () => void = () => {}) {
    this.#emitter.on('newListener', (name) => {
      if (name !== 'newListener' && name !== 'removeListener') process.nextTick(onListen);
    });
  }

  get emitter(): ClusterEmitter {
    return this.#emitter;
  }

  get hasListeners(): boolean {
    return Object.keys(eventNames).some((name) => this.#emitter.listenerCount(name) > 0);
  }

  dispatch(event: ClusterEvent): void {
    if (!this.#isOpen || !this.hasListeners) return;
    this.#queue.push(event);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#deliver());
  }

  /** After this no listener is called any more. */
  close(): void {
    this.#isOpen = false;
    this.#queue.clear();
  }

  #deliver(): void {
    this.#isScheduled = false;
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      this.#call(event.type, event);
      this.#call('event', event);
    }
  }

  #call(name: ClusterEventName, event: ClusterEvent): void {
    // Raw ones: the wrapper of `once` takes itself away.
    for (const listener of this.#emitter.rawListeners(name)) {
      if (!this.#isOpen) return;
      try {
        Reflect.apply(listener, this.#emitter, [event]);
      } catch (error) {
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }
}
