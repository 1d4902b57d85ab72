import { GPUError, typeError } from '../../errors.js';
import { Deliveries } from './deliveries.js';
import { Intake } from './intake.js';
import { type Failure, Lane, Seat } from './lane.js';
import { Parcel, ParcelLine } from './parcel.js';
import { Roster } from './roster.js';
import type { StreamDevice, StreamHost, StreamNeed } from './stream-host.js';
import { type CheckedStreamOptions, readCost } from './stream-options.js';
import type { ItemFailure, StreamStats } from './stream-report.js';

export interface DispatchParts<T> {
  readonly host: StreamHost;
  readonly source: unknown;
  readonly options: CheckedStreamOptions<T>;
  /** Called once; undefined: every item is done, or given up. */
  ended(failure: Failure | undefined): void;
  /** A device takes part from now on. */
  opened(deviceId: string): void;
}

/** So many items at hand are looked at, if those before them are for none of those who wait. */
const mostLooks = 64;

/**
 * Hands the items of a source out to seats, each item to one at a time until it is acknowledged or
 * given up. Every change ends in `#settle`: whoever waits and can be served is served then, and
 * only what is still wanted is asked of the source. User code (source, costs, onFailed, what the
 * host asks) may call back at any moment; it finds everything consistent.
 */
export class Dispatch<T> {
  readonly failed: ItemFailure<T>[] = [];
  readonly #parts: DispatchParts<T>;
  readonly #host: StreamHost;
  readonly #intake: Intake<T>;
  readonly #roster: Roster<T>;
  readonly #line = new ParcelLine<T>();
  readonly #deliveries: Deliveries<T>;
  readonly #prefetch: number;
  #pulled = 0;
  #end: { readonly failure: Failure | undefined } | undefined;
  #detach: (() => void) | undefined;
  #need: StreamNeed = 'nothing';
  #changes = 0;
  #isSettling = false;
  #isCalled = false;

  /** @throws TypeError: the source is not iterable */
  constructor(parts: DispatchParts<T>) {
    const { host, source, options } = parts;
    this.#parts = parts;
    this.#host = host;
    this.#roster = new Roster((device) => host.loadOf(device));
    const { maxAttempts } = options;
    const [roster, line] = [this.#roster, this.#line];
    this.#deliveries = new Deliveries({ host, roster, line, maxAttempts });
    const listener = {
      item: (item: T) => this.#add(item),
      settled: () => this.#settle(),
      failed: (error: unknown) => this.fail(error),
    };
    this.#intake = new Intake(source, listener, { concurrency: options.concurrentPulls });
    this.#prefetch = this.#intake.isAsync ? options.prefetch : 0;
  }

  begin(): void {
    if (this.#end !== undefined) return;
    this.#detach = this.#host.subscribe({
      changed: () => this.#changed(),
      freed: () => this.#freed(),
      closed: (error) => this.fail(error),
    });
    this.#changed();
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  get deviceIds(): readonly string[] {
    return this.#roster.open.map(({ deviceId }) => deviceId);
  }

  /** One that takes items of the device; undefined: the device is not known. */
  seat(deviceId: string): Seat<T> | undefined {
    const known = this.#roster.get(deviceId);
    // One that is over from the start has not looked at devices.
    const lane = known ?? (this.isOver ? new Lane<T>({ deviceId, speed: 1 }) : undefined);
    if (lane === undefined) return undefined;
    const seat = new Seat(lane);
    const failure = this.#end?.failure;
    seat.isEnded = this.isOver || !lane.isOpen;
    seat.failure = failure;
    if (failure !== undefined) seat.interrupt(failure.error);
    if (!seat.isEnded) lane.seats.add(seat);
    return seat;
  }

  /**
   * What the seat had is done; it wants the next one. Undefined: it waits, and its waiter is to be
   * set, or it is over. REQUIRES: it does not wait.
   */
  next(seat: Seat<T>): Parcel<T> | undefined {
    this.#deliveries.acknowledge(seat);
    const isLast = seat.isLeaving && !seat.isEnded;
    if (isLast) this.#endSeat(seat);
    if (!seat.isEnded) this.#roster.wait(seat);
    this.#settle();
    // It may have been the last of all.
    if (isLast) seat.failure = this.#end?.failure;
    return seat.parcel;
  }

  /** False: it has nothing, or it was taken from it. */
  acknowledge(seat: Seat<T>): boolean {
    const isDone = this.#deliveries.acknowledge(seat);
    if (isDone) this.#settle();
    return isDone;
  }

  /** The seat goes on without it. */
  giveBack(seat: Seat<T>, parcel: Parcel<T>, error: unknown): void {
    if (seat.parcel !== parcel) return;
    this.#deliveries.takeBack(seat, error);
    this.#settle();
  }

  /** The seat wants no more, and has not done what it has. */
  leave(seat: Seat<T>, error?: unknown): void {
    if (seat.parcel !== undefined) this.#deliveries.takeBack(seat, error);
    seat.failure = undefined;
    this.#endSeat(seat);
    this.#settle();
  }

  /** Ends everything. */
  fail(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#finish({ error });
  }

  /** Settles when the source is closed. REQUIRES: it is over. */
  close(): Promise<void> {
    return this.#intake.close();
  }

  /** Pulled, and neither done nor given up, in the order of the source. */
  unfinished(): readonly T[] {
    return this.#deliveries.unfinished();
  }

  stats(): StreamStats {
    return this.#deliveries.stats(this.#pulled);
  }

  #endSeat(seat: Seat<T>): void {
    const { lane, waiter, failure } = seat;
    seat.isEnded = true;
    seat.waiter = undefined;
    if (seat.parcel === undefined) lane.seats.delete(seat);
    if (!seat.isWaiting) return;
    this.#roster.unwait(seat);
    this.#roster.activate(lane, -1);
    if (waiter === undefined) return;
    seat.failure = undefined;
    if (failure === undefined) waiter.give(undefined);
    else waiter.fail(failure.error);
  }

  #settle(): void {
    this.#isCalled = true;
    if (this.#isSettling) return;
    this.#isSettling = true;
    while (this.#isCalled) {
      this.#isCalled = false;
      do while (this.#match());
      while (this.#pull());
      this.#tellFailures();
      this.#judge();
    }
    this.#isSettling = false;
    this.#attend();
  }

  /** Hands out one item, if there is one for anybody. */
  #match(): boolean {
    const [line, roster] = [this.#line, this.#roster];
    if (this.#end !== undefined) return false;
    for (let place = 0; place < mostLooks && roster.hasCrowd; place += 1) {
      const parcel = line.at(place);
      if (parcel === undefined) return false;
      const lane = roster.bestFor(parcel);
      if (lane === undefined) continue;
      line.removeAt(place);
      this.#handOut(parcel, lane);
      return true;
    }
    return false;
  }

  #handOut(parcel: Parcel<T>, lane: Lane<T>): void {
    const seat = lane.waiting[0] as Seat<T>;
    const { device } = lane;
    let entry = 0;
    try {
      entry = this.#host.enter(device, parcel.cost);
    } catch (error) {
      this.#line.insert(parcel);
      this.fail(error);
      return;
    }
    // Entering may have run user code.
    const isWanted = this.#end === undefined && lane.waiting[0] === seat && lane.device === device;
    if (entry === 0 || !isWanted) {
      this.#line.insert(parcel);
      if (entry === 0) this.#roster.setFull(lane);
      else this.#host.leave(entry);
      return;
    }
    this.#deliveries.begin(seat, parcel, entry);
  }

  /** Asks for one item, if one is wanted. */
  #pull(): boolean {
    const intake = this.#intake;
    if (this.#end !== undefined || !intake.canPull) return false;
    // What is at hand is for none of those who may be given items now: they want others.
    const isForOthers = this.#roster.hasCrowd && this.#line.length < mostLooks;
    const ahead = (isForOthers ? 0 : this.#line.length) + intake.pending;
    if (ahead >= this.#roster.waiting + this.#prefetch) return false;
    intake.pull();
    return true;
  }

  #add(item: T): void {
    const index = this.#pulled;
    this.#pulled += 1;
    const { costs, mostCost } = this.#parts.options;
    let cost = 1;
    if (typeof costs === 'number') cost = costs;
    else if (this.#end === undefined) {
      try {
        cost = readCost(costs(item, index), `cost of item ${index}`, mostCost);
      } catch (cause) {
        const expected = `above 0 and of at most ${mostCost}`;
        const message = `options.costs: expected a cost of item ${index} that is ${expected}`;
        this.fail(typeError('ERR_GPU_INVALID_TYPE', message, { cause }));
      }
    }
    this.#line.insert(new Parcel(item, index, cost));
  }

  #tellFailures(): void {
    const { onFailed } = this.#parts.options;
    const { untold } = this.#deliveries;
    while (untold.length > 0) {
      const told = untold.shift() as ItemFailure<T>;
      try {
        if (onFailed === undefined) this.failed.push(told);
        else onFailed(told);
      } catch (cause) {
        this.failed.push(told);
        const message = `onFailed: expected it to return, but it threw for item ${told.index}`;
        this.fail(typeError('ERR_GPU_INVALID_TYPE', message, { cause }));
      }
    }
  }

  #judge(): void {
    if (this.#end !== undefined) return;
    if (this.#isDone) this.#finish(undefined);
    else if (this.#isForsaken) this.#finish({ error: this.#noDevice() });
  }

  get #isDone(): boolean {
    return this.#deliveries.inFlight === 0 && this.#line.length === 0 && this.#intake.isDry;
  }

  /** Nobody takes items, or has one. */
  get #isForsaken(): boolean {
    return this.#deliveries.inFlight === 0 && this.#roster.open.length === 0;
  }

  #finish(failure: Failure | undefined): void {
    this.#end = { failure };
    this.#detach?.();
    this.#deliveries.end();
    for (const lane of this.#roster.lanes) {
      for (const seat of lane.seats) {
        seat.failure = failure;
        if (failure !== undefined) seat.interrupt(failure.error);
        this.#endSeat(seat);
      }
    }
    this.#attend();
    this.#intake.close();
    this.#parts.ended(failure);
  }

  #changed(): void {
    if (this.#end !== undefined) return;
    const devices = this.#askForDevices();
    if (devices === undefined) return;
    const changes = this.#roster.follow(devices);
    for (const lane of this.#roster.lanes) this.#deliveries.takeBackLost(lane);
    // Where none is left, those who wait get to know that, not that it is over.
    if (this.#isForsaken && !this.#isDone) this.#finish({ error: this.#noDevice() });
    for (const lane of changes.closed) this.#endSeats(lane);
    this.#settle();
    for (const { deviceId } of changes.opened) this.#parts.opened(deviceId);
  }

  /** Undefined: a later call, from user code that runs for it, knows better; or all is over. */
  #askForDevices(): readonly StreamDevice[] | undefined {
    this.#changes += 1;
    const turn = this.#changes;
    try {
      const devices = this.#host.devices();
      return turn === this.#changes && this.#end === undefined ? devices : undefined;
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  /** The device takes no more: what its seats hold is the last that they get. */
  #endSeats(lane: Lane<T>): void {
    for (const seat of lane.seats) {
      if (seat.parcel === undefined) this.#endSeat(seat);
      else seat.isLeaving = true;
    }
  }

  #freed(): void {
    if (this.#end !== undefined || !this.#roster.hasFull) return;
    this.#roster.setAllFree();
    this.#settle();
  }

  /** Tells the host what is waited for; it is asked rarely, for that seldom changes. */
  #attend(): void {
    const need = this.#needed();
    if (need === this.#need) return;
    this.#need = need;
    this.#host.attend(need);
  }

  #needed(): StreamNeed {
    if (this.#end !== undefined) return 'nothing';
    if (this.#roster.hasFull) return 'room';
    const isForOthers = this.#roster.waiting > 0 && this.#intake.pending === 0;
    return isForOthers && this.#deliveries.inFlight > 0 ? 'news' : 'nothing';
  }

  #noDevice(): GPUError {
    const left = this.#line.length;
    const message = `no device is left: ${left} items were pulled and are not done`;
    return new GPUError('ERR_GPU_NO_DEVICE', message, {
      hint: 'they are in `unfinished`; the source was not read further',
    });
  }
}
