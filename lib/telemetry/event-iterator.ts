import type { ClusterEvent } from './cluster-events.js';
import { EventQueue } from './event-queue.js';

type Result = IteratorResult<ClusterEvent, undefined>;

interface Waiting {
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

export interface EventIteratorOptions {
  readonly bufferSize: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once, when nothing more is to be delivered. */
  onEnd(iterator: EventIterator): void;
}

const done: Result = Object.freeze({ done: true, value: undefined });

/** One reader of the events, at its own pace: what it has not taken waits in a bounded buffer. */
export class EventIterator implements AsyncIterableIterator<ClusterEvent> {
  readonly #queue: EventQueue;
  /** Calls of `next` that nothing could be given yet; the queue is empty then. */
  readonly #waiting: Waiting[] = [];
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: (iterator: EventIterator) => void;
  #isOpen = true;
  #failure: { readonly reason: unknown } | undefined;

  constructor({ bufferSize, signal, onEnd }: EventIteratorOptions) {
    this.#queue = new EventQueue(bufferSize);
    this.#signal = signal;
    this.#onEnd = onEnd;
    if (signal?.aborted) this.#abort();
    else signal?.addEventListener('abort', this.#abort, { once: true });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  deliver(event: ClusterEvent): void {
    if (!this.#isOpen) return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#queue.push(event);
    else waiting.resolve({ done: false, value: event });
  }

  /** No more events come; those in the buffer can still be taken. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#signal?.removeEventListener('abort', this.#abort);
    for (const waiting of this.#waiting.splice(0)) waiting.resolve(done);
    this.#onEnd(this);
  }

  next(): Promise<Result> {
    const failure = this.#failure;
    if (failure !== undefined) {
      this.#failure = undefined;
      return Promise.reject(failure.reason);
    }
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (!this.#isOpen) return Promise.resolve(done);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  return(): Promise<Result> {
    this.#queue.clear();
    this.#failure = undefined;
    this.end();
    return Promise.resolve(done);
  }

  throw(reason?: unknown): Promise<Result> {
    void this.return();
    return Promise.reject(reason);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next call of `next` throws the reason, once; what waits in the buffer is given up. */
  readonly #abort = (): void => {
    const reason: unknown = this.#signal?.reason;
    const [first] = this.#waiting.splice(0, 1);
    this.#queue.clear();
    if (first === undefined) this.#failure = { reason };
    else first.reject(reason);
    this.end();
  };
}
