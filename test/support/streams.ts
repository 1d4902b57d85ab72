import type { DistributionStream } from '../../lib/distribution/stream/distribution-stream.js';
import { distributeStream } from '../../lib/distribution/stream/standalone.js';
import { StreamDevices } from '../../lib/distribution/stream/stream-devices.js';
import type { StreamOptions } from '../../lib/distribution/stream/stream-options.js';

/** A stream over devices of its own, with what a test needs to see of it. */
export function streamOver<T>(
  devices: StreamDevices | readonly string[],
  source: AsyncIterable<T> | Iterable<T>,
  options: StreamOptions<T> = {},
): { readonly stream: DistributionStream<T>; readonly devices: StreamDevices } {
  const over =
    devices instanceof StreamDevices
      ? devices
      : new StreamDevices(devices.map((deviceId) => ({ deviceId })));
  return { stream: distributeStream(over, source, options), devices: over };
}

/** As many turns of the event loop as everything that is due needs. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Counts what a source is asked, and answers when it is told to. */
export class HandSource implements AsyncIterableIterator<number> {
  returns = 0;
  asked = 0;
  /** The most calls of `next` that were pending at once. */
  mostPending = 0;
  readonly #pending: {
    resolve(result: IteratorResult<number, undefined>): void;
    reject(error: unknown): void;
  }[] = [];
  #given = 0;

  get pending(): number {
    return this.#pending.length;
  }

  next(): Promise<IteratorResult<number, undefined>> {
    this.asked += 1;
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      this.mostPending = Math.max(this.mostPending, this.#pending.length);
    });
  }

  async return(): Promise<IteratorResult<number, undefined>> {
    this.returns += 1;
    return { done: true, value: undefined };
  }

  /** Answers with the next number. */
  give(): void {
    this.#pending.shift()?.resolve({ done: false, value: this.#given });
    this.#given += 1;
  }

  end(): void {
    this.#pending.shift()?.resolve({ done: true, value: undefined });
  }

  fail(error: unknown): void {
    this.#pending.shift()?.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
