import { types } from 'node:util';
import { readSafely, wrongType } from '../../arguments.js';

/** What a stream is fed from. */
export type StreamSource<T> = AsyncIterable<T> | Iterable<T | PromiseLike<T>>;

export interface IntakeListener<T> {
  item(item: T): void;
  /** Something that was pending is settled. */
  settled(): void;
  failed(error: unknown): void;
}

export interface IntakeOptions {
  /** How many calls of `next` may be pending at once. */
  readonly concurrency: number;
}

type AnyIterator<T> = Iterator<T | PromiseLike<T>> | AsyncIterator<T>;

const nothing = () => {};

/**
 * The source, asked for one item at a time or for as many as it allows. `next` is not called again
 * after it said that it is done, threw, or was closed; `return` at most once, and not then.
 */
export class Intake<T> {
  readonly isAsync: boolean;
  readonly #iterator: AnyIterator<T>;
  readonly #concurrency: number;
  readonly #listener: IntakeListener<T>;
  /** Items that are awaited. */
  #pending = 0;
  /** It is not asked any more. */
  #isOver = false;
  /** It said so itself, or threw. */
  #isDone = false;
  #isCalling = false;
  #closing: Promise<void> | undefined;

  /** @throws TypeError: it is not iterable, or refuses to be */
  constructor(source: unknown, listener: IntakeListener<T>, { concurrency }: IntakeOptions) {
    const { iterator, isAsync } = iterate<T>(source);
    this.#iterator = iterator;
    this.isAsync = isAsync;
    this.#concurrency = isAsync ? concurrency : 1;
    this.#listener = listener;
  }

  get pending(): number {
    return this.#pending;
  }

  /** Nothing is to come. */
  get isDry(): boolean {
    return this.#isOver && this.#pending === 0;
  }

  get canPull(): boolean {
    return !this.#isOver && !this.#isCalling && this.#pending < this.#concurrency;
  }

  /** Asks for one more. REQUIRES: `canPull`. */
  pull(): void {
    this.#isCalling = true;
    let result: unknown;
    try {
      result = this.#iterator.next();
    } catch (error) {
      this.#isDone = true;
      this.#fail(error);
      return;
    } finally {
      this.#isCalling = false;
    }
    if (this.isAsync || types.isPromise(result)) void this.#await(result);
    else this.#take(result);
  }

  /** Settles when the source is closed. Called once all is over; later calls return the same. */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = this.#return();
      // Who asks is told; nobody has to.
      this.#closing.catch(nothing);
    }
    return this.#closing;
  }

  async #return(): Promise<void> {
    this.#isOver = true;
    // A generator that is running cannot be asked to return.
    if (this.#isCalling) await undefined;
    if (!this.#isDone) await this.#iterator.return?.();
  }

  /** Never rejects; whatever the awaited one does, it does so in here. */
  async #await(result: unknown): Promise<void> {
    this.#pending += 1;
    let settled: unknown;
    try {
      settled = await result;
    } catch (error) {
      this.#pending -= 1;
      // It is the item that was awaited, where the source is a plain one.
      this.#isDone = this.isAsync;
      this.#fail(error);
      return;
    }
    this.#take(settled);
    this.#pending -= 1;
    this.#listener.settled();
  }

  #take(result: unknown): void {
    let value: T | PromiseLike<T>;
    try {
      if (typeof result !== 'object' || result === null) {
        throw wrongType('result of next()', 'an object', result);
      }
      const { done, value: given } = result as IteratorResult<T | PromiseLike<T>, unknown>;
      if (done) {
        this.#isOver = true;
        this.#isDone = true;
        return;
      }
      value = given as T | PromiseLike<T>;
      if (!this.isAsync && isThenable(value)) {
        void this.#await(resultOf(value));
        return;
      }
    } catch (error) {
      this.#isDone = true;
      this.#fail(error);
      return;
    }
    this.#listener.item(value as T);
  }

  /** Also where it was closed meanwhile: it is over either way. */
  #fail(error: unknown): void {
    this.#isOver = true;
    this.#listener.failed(error);
  }
}

/** As `for await` takes it. */
function iterate<T>(source: unknown): { iterator: AnyIterator<T>; isAsync: boolean } {
  const expected = 'an iterable or async iterable object';
  if (typeof source !== 'object' || source === null) throw wrongType('items', expected, source);
  const found = readSafely('items', () => {
    const { [Symbol.asyncIterator]: late, [Symbol.iterator]: soon } = source as {
      readonly [Symbol.asyncIterator]?: () => AnyIterator<T>;
      readonly [Symbol.iterator]?: () => AnyIterator<T>;
    };
    const begin = late ?? soon;
    if (typeof begin !== 'function') return undefined;
    return { iterator: begin.call(source), isAsync: late !== undefined && late !== null };
  });
  if (found === undefined) throw wrongType('items', expected, source);
  if (typeof found.iterator !== 'object' || found.iterator === null) {
    throw wrongType('iterator of items', 'an object', found.iterator);
  }
  return found;
}

async function resultOf<T>(value: PromiseLike<T>): Promise<IteratorResult<T>> {
  return { done: false, value: await value };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return typeof (value as { readonly then?: unknown }).then === 'function';
}
