import type { Parcel } from './parcel.js';
import type { StreamDevice } from './stream-host.js';

/** One device of a stream. It stays one when the device goes and comes again; its seats do not. */
export class Lane<T> {
  readonly deviceId: string;
  device: StreamDevice;
  readonly seats: Set<Seat<T>> = new Set();
  /** Those that wait for an item, first come first served. */
  readonly waiting: Seat<T>[] = [];
  /** Seats that wait or hold. */
  active = 0;
  /** It is given items. */
  isOpen = false;
  delivered = 0;
  acknowledged = 0;
  inFlight = 0;

  constructor(device: StreamDevice) {
    this.deviceId = device.deviceId;
    this.device = device;
  }
}

/** Who waits for an item. */
export interface Waiter<T> {
  /** Undefined: there is none for this seat, ever. */
  give(parcel: Parcel<T> | undefined): void;
  fail(error: unknown): void;
}

export interface Failure {
  readonly error: unknown;
}

/** One that takes items of a device, one after the other. Written by the dispatch alone. */
export class Seat<T> {
  readonly lane: Lane<T>;
  /** In the lane's line. */
  isWaiting = false;
  /** Undefined while it waits: it is being served at this moment. */
  waiter: Waiter<T> | undefined = undefined;
  parcel: Parcel<T> | undefined = undefined;
  /** Of the parcel, with the host; 0: none. */
  entry = 0;
  isEnded = false;
  /** Its device takes no more: what it holds is the last. */
  isLeaving = false;
  /** To be thrown once, to the next who asks. */
  failure: Failure | undefined = undefined;
  #controller: AbortController | undefined;
  #interrupted: Failure | undefined;

  constructor(lane: Lane<T>) {
    this.lane = lane;
  }

  /** Aborted when what it holds is taken from it, or all is over. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    this.#abort();
    return this.#controller.signal;
  }

  interrupt(error: unknown): void {
    this.#interrupted = { error };
    // Listeners are the user's: not in the middle of this.
    if (this.#controller !== undefined) queueMicrotask(() => this.#abort());
  }

  /** Another item, which nobody has interrupted. */
  begin(parcel: Parcel<T>, entry: number): void {
    this.parcel = parcel;
    this.entry = entry;
    if (this.#interrupted === undefined) return;
    this.#abort();
    this.#interrupted = undefined;
    this.#controller = undefined;
  }

  #abort(): void {
    if (this.#interrupted !== undefined) this.#controller?.abort(this.#interrupted.error);
  }
}
