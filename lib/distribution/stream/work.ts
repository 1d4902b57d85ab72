import { setImmediate } from 'node:timers/promises';
import type { Dispatch } from './dispatch.js';
import type { Seat } from './lane.js';
import type { Parcel } from './parcel.js';

/** What a worker is told of its item. Good while it works on it. */
export interface WorkContext {
  readonly deviceId: string;
  /** How often the item was handed out, this time included. */
  readonly attempt: number;
  /** The item's place in the order of the source. */
  readonly index: number;
  /** Aborted when the device is lost or the stream fails: what comes of the item counts no more. */
  readonly signal: AbortSignal;
}

/** Does one item. What it throws gives the item back, for another attempt. */
export type StreamWorker<T> = (item: T, context: WorkContext) => unknown;

class Work<T> implements WorkContext {
  readonly #seat: Seat<T>;
  readonly #parcel: Parcel<T>;
  readonly attempt: number;

  constructor(seat: Seat<T>, parcel: Parcel<T>) {
    this.#seat = seat;
    this.#parcel = parcel;
    this.attempt = parcel.attempts;
  }

  get deviceId(): string {
    return this.#seat.lane.deviceId;
  }

  get index(): number {
    return this.#parcel.index;
  }

  get signal(): AbortSignal {
    return this.#seat.signal;
  }
}

/** Workers that never wait would keep everything else waiting: they pause after so many items. */
const itemsATurn = 1024;

/** Works off what a seat is given, until that ends. Never rejects: the stream tells of failures. */
export class WorkLoop<T> {
  readonly #dispatch: Dispatch<T>;
  readonly #worker: StreamWorker<T>;
  #count = 0;

  constructor(dispatch: Dispatch<T>, worker: StreamWorker<T>) {
    this.#dispatch = dispatch;
    this.#worker = worker;
  }

  async run(seat: Seat<T>): Promise<void> {
    const [dispatch, worker] = [this.#dispatch, this.#worker];
    for (;;) {
      let parcel = dispatch.next(seat);
      if (parcel === undefined && seat.isWaiting) parcel = await this.#wait(seat);
      if (parcel === undefined) return;
      try {
        await worker(parcel.item, new Work(seat, parcel));
      } catch (error) {
        dispatch.giveBack(seat, parcel, error);
      }
      this.#count += 1;
      if (this.#count % itemsATurn === 0) await setImmediate();
    }
  }

  /** Undefined: there is none. */
  #wait(seat: Seat<T>): Promise<Parcel<T> | undefined> {
    return new Promise((resolve) => {
      seat.waiter = { give: resolve, fail: () => resolve(undefined) };
    });
  }
}
