import type { Dispatch } from './dispatch.js';
import type { Seat } from './lane.js';
import type { Parcel } from './parcel.js';

const done: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/** Readers that nobody has any more: what they hold goes to others. */
const forgotten = new FinalizationRegistry<() => void>((leave) => leave());

/**
 * The items of one device, one at a time: asking for the next one says that the one before is done.
 * Leaving the loop gives it back, for another one to do; `acknowledge()` before that says that it
 * is done. Several readers of a device have as many items in flight.
 *
 * It ends when all items are done, or its device takes no more. It throws, once, what the stream
 * failed with. Calls of `next` that overlap are answered one after the other.
 */
export class DeviceItems<T> implements AsyncIterableIterator<T, undefined> {
  readonly deviceId: string;
  readonly #dispatch: Dispatch<T>;
  readonly #seat: Seat<T>;
  /** What was waited for last. */
  #answer: Promise<IteratorResult<T, undefined>> | undefined;
  /** Of calls that overlap, the last one's. */
  #tail: Promise<IteratorResult<T, undefined>> | undefined;
  #queued = 0;

  /** @internal */
  constructor(dispatch: Dispatch<T>, seat: Seat<T>) {
    this.deviceId = seat.lane.deviceId;
    this.#dispatch = dispatch;
    this.#seat = seat;
    if (!seat.isEnded) forgotten.register(this, () => dispatch.leave(seat), seat);
  }

  /** How often its present item was handed out, this time included; 0: it has none. */
  get attempt(): number {
    return this.#seat.parcel?.attempts ?? 0;
  }

  /**
   * Aborted when the present item is taken away, for its device is lost, or when the stream fails.
   * Read it anew for each item.
   */
  get signal(): AbortSignal {
    return this.#seat.signal;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (!this.#seat.isWaiting && this.#queued === 0) return this.#ask();
    const before = this.#queued === 0 ? this.#answer : this.#tail;
    this.#queued += 1;
    this.#tail = this.#askAfter(before);
    return this.#tail;
  }

  /** Its present item is done. False: it has none, or it was taken away. */
  acknowledge(): boolean {
    return this.#dispatch.acknowledge(this.#seat);
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#leave(undefined);
    return Promise.resolve(done);
  }

  throw(error?: unknown): Promise<IteratorResult<T, undefined>> {
    this.#leave(error);
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave(undefined);
  }

  #leave(error: unknown): void {
    forgotten.unregister(this.#seat);
    this.#dispatch.leave(this.#seat, error);
  }

  #ask(): Promise<IteratorResult<T, undefined>> {
    const seat = this.#seat;
    const parcel = this.#dispatch.next(seat);
    if (parcel !== undefined) return Promise.resolve(this.#resultOf(parcel));
    if (!seat.isWaiting) {
      const { failure } = seat;
      seat.failure = undefined;
      return failure === undefined ? Promise.resolve(done) : Promise.reject(failure.error);
    }
    this.#answer = new Promise((resolve, reject) => {
      // While it waits, the seat keeps this object by its waiter: nobody else need have it.
      seat.waiter = {
        give: (next) => resolve(next === undefined ? done : this.#resultOf(next)),
        fail: reject,
      };
    });
    return this.#answer;
  }

  #resultOf({ item }: Parcel<T>): IteratorResult<T, undefined> {
    return { done: false, value: item };
  }

  async #askAfter(before: Promise<unknown> | undefined): Promise<IteratorResult<T, undefined>> {
    try {
      await before;
      while (this.#seat.isWaiting) await this.#answer;
    } catch {
      // Whoever asked for that one is told.
    }
    this.#queued -= 1;
    return await this.#ask();
  }
}
