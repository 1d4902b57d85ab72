import {
  describeValue,
  readFunction,
  readNumber,
  readOptions,
  readString,
} from '../../arguments.js';
import { GPUError, rangeError, typeError } from '../../errors.js';
import { listenForAbort } from '../../leases/abort-listener.js';
import { DeviceItems } from './device-items.js';
import { Dispatch } from './dispatch.js';
import type { StreamSource } from './intake.js';
import type { Failure } from './lane.js';
import type { StreamHost } from './stream-host.js';
import type { CheckedStreamOptions } from './stream-options.js';
import type { ItemFailure, StreamStats } from './stream-report.js';
import { type StreamWorker, WorkLoop } from './work.js';

/** How workers are run. */
export interface RunOptions {
  /** How many items each device has at a time. @default 1 */
  readonly concurrency?: number | ((deviceId: string) => number);
}

export interface StreamParts<T> {
  readonly host: StreamHost;
  readonly source: StreamSource<T>;
  readonly options: CheckedStreamOptions<T>;
}

const nothing = () => {};

/**
 * Items of a source, handed out to devices as these ask for them: who is faster asks more often.
 * Where several wait, the one gets an item where it is done first for what is in flight there.
 *
 * Each item is delivered at least once, and exactly once as long as nothing fails. An item is done
 * when its reader asks for the next one; until then it is in flight on its device. It is handed out
 * again, `maxAttempts` times in all, when its device is lost, its reader leaves, or its worker
 * throws; then it is given up and told of. What is pulled and neither done nor given up, when the
 * stream fails, is `unfinished`. No item is dropped silently.
 *
 * The source is read only as far as somebody waits, and `prefetch`; its `next` is not called again
 * before it has answered, unless `concurrentPulls` allows it; its `return` is called once when the
 * stream ends before it. One who asks when nothing is left waits for what others hold, for that may
 * come back: all readers end together, when the last item is done.
 *
 * Use either `run`, or `itemsOf` for each device and, for failures and the end, `completion`.
 */
export class DistributionStream<T> implements AsyncDisposable {
  /**
   * Resolves when every item is done or given up. Rejects with what the source threw, the signal's
   * reason, and with GPUError ERR_GPU_NO_DEVICE (all devices are lost), ERR_GPU_CLOSED (the manager
   * was shut down, or the stream cancelled). Nobody has to look at it.
   */
  readonly completion: Promise<StreamStats>;
  readonly #dispatch: Dispatch<T>;
  readonly #loops: { readonly loop: WorkLoop<T>; seatsOf(deviceId: string): number }[] = [];

  /** @internal */
  constructor({ host, source, options }: StreamParts<T>) {
    const { signal } = options;
    let settle: (failure: Failure | undefined) => void = nothing;
    let stopListening = nothing;
    this.completion = new Promise((resolve, reject) => {
      settle = (failure) => {
        stopListening();
        if (failure === undefined) resolve(this.stats());
        else reject(failure.error);
      };
    });
    this.completion.catch(nothing);
    this.#dispatch = new Dispatch({
      host,
      source,
      options,
      ended: (failure) => settle(failure),
      opened: (deviceId) => this.#opened(deviceId),
    });
    if (signal !== undefined)
      stopListening = listenForAbort(signal, () => this.cancel(signal.reason));
    if (signal?.aborted) this.cancel(signal.reason);
    this.#dispatch.begin();
  }

  /** Those that are given items now. */
  get deviceIds(): readonly string[] {
    return this.#dispatch.deviceIds;
  }

  /**
   * A reader of the device's items; each one has one item in flight. Of a device that takes no
   * more, it is at its end.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE: it never took part.
   */
  itemsOf(deviceId: string): DeviceItems<T> {
    const seat = this.#dispatch.seat(readString(deviceId, 'deviceId'));
    if (seat !== undefined) return new DeviceItems(this.#dispatch, seat);
    throw rangeError(
      'ERR_GPU_UNKNOWN_DEVICE',
      `deviceId: expected a device that takes part, got ${describeValue(deviceId)}`,
    );
  }

  /**
   * Has the worker do every item, on all devices that take part and on those that come. Settles as
   * `completion` does; one that is still busy by then is not waited for, its signal is aborted.
   * @throws TypeError, RangeError naming the option
   */
  async run(worker: StreamWorker<T>, options?: RunOptions): Promise<StreamStats> {
    const loop = new WorkLoop(this.#dispatch, readFunction(worker, 'worker') as StreamWorker<T>);
    const { concurrency = 1 } = Object.fromEntries(readOptions(options, ['concurrency']));
    const seatsOf = seatsByDevice(concurrency);
    const counts = this.deviceIds.map((deviceId) => [deviceId, seatsOf(deviceId)] as const);
    this.#loops.push({ loop, seatsOf });
    for (const [deviceId, count] of counts) this.#start(loop, deviceId, count);
    return await this.completion;
  }

  /** Given up after `maxAttempts`, in that order; empty where `onFailed` is told of them. */
  get failed(): readonly ItemFailure<T>[] {
    return this.#dispatch.failed;
  }

  /**
   * Pulled, and neither done nor given up, in the order of the source. After a failure, what is
   * left to do: an item whose reader is still at it goes when that one says that it is done, and
   * one that the source had yet to give joins when it does.
   */
  get unfinished(): readonly T[] {
    return this.#dispatch.unfinished();
  }

  stats(): StreamStats {
    return this.#dispatch.stats();
  }

  /** Ends it: who waits, and `completion`, get the reason. Nothing happens to one that is over. */
  cancel(reason?: unknown): void {
    this.#dispatch.fail(reason ?? new GPUError('ERR_GPU_CLOSED', 'the stream was cancelled'));
  }

  /**
   * `await using` cancels a stream that is not over, and waits until its source is closed. Rejects
   * with what the source's `return` throws.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    await this.#dispatch.close();
  }

  #opened(deviceId: string): void {
    for (const { loop, seatsOf } of this.#loops) {
      try {
        this.#start(loop, deviceId, seatsOf(deviceId));
      } catch (error) {
        this.#dispatch.fail(error);
      }
    }
  }

  #start(loop: WorkLoop<T>, deviceId: string, count: number): void {
    for (let place = 0; place < count; place += 1) {
      const seat = this.#dispatch.seat(deviceId);
      if (seat !== undefined) void loop.run(seat);
    }
  }
}

/** @throws TypeError, RangeError */
function seatsByDevice(concurrency: unknown): (deviceId: string) => number {
  const rule = { minimum: 1, maximum: 2 ** 16, integer: true } as const;
  if (typeof concurrency !== 'function') {
    const count = readNumber(concurrency, 'options.concurrency', rule);
    return () => count;
  }
  return (deviceId) => {
    const what = `concurrency of ${describeValue(deviceId)}`;
    let count: unknown;
    try {
      count = concurrency(deviceId);
    } catch (cause) {
      throw typeError('ERR_GPU_INVALID_TYPE', `${what}: expected a number, but it threw`, {
        cause,
      });
    }
    return readNumber(count, what, rule);
  };
}
