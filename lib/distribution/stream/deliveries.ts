import { GPUError } from '../../errors.js';
import type { Lane, Seat } from './lane.js';
import type { Parcel, ParcelLine } from './parcel.js';
import type { Roster } from './roster.js';
import type { StreamHost } from './stream-host.js';
import { type ItemFailure, type StreamStats, statsOf } from './stream-report.js';

export interface DeliveriesParts<T> {
  readonly host: StreamHost;
  readonly roster: Roster<T>;
  readonly line: ParcelLine<T>;
  readonly maxAttempts: number;
}

/** What is in flight, and what came of it: the host's ledger is the sum of it. */
export class Deliveries<T> {
  readonly #host: StreamHost;
  readonly #roster: Roster<T>;
  readonly #line: ParcelLine<T>;
  readonly #maxAttempts: number;
  /** Given up, and nobody was told. */
  readonly untold: ItemFailure<T>[] = [];
  #isOver = false;
  #inFlight = 0;
  #delivered = 0;
  #acknowledged = 0;
  #returned = 0;
  #failed = 0;

  constructor({ host, roster, line, maxAttempts }: DeliveriesParts<T>) {
    this.#host = host;
    this.#roster = roster;
    this.#line = line;
    this.#maxAttempts = maxAttempts;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The seat, which waited, has it. */
  begin(seat: Seat<T>, parcel: Parcel<T>, entry: number): void {
    const { lane, waiter } = seat;
    this.#roster.unwait(seat);
    parcel.attempts += 1;
    parcel.deviceId = lane.deviceId;
    seat.begin(parcel, entry);
    this.#inFlight += 1;
    this.#delivered += 1;
    lane.inFlight += 1;
    lane.delivered += 1;
    seat.waiter = undefined;
    waiter?.give(parcel);
  }

  /** False: it has nothing. */
  acknowledge(seat: Seat<T>): boolean {
    if (seat.parcel === undefined) return false;
    this.#putDown(seat);
    this.#acknowledged += 1;
    seat.lane.acknowledged += 1;
    this.#strikeOut(seat);
    return true;
  }

  /** It goes to the front of the line, or is given up. REQUIRES: the seat has one. */
  takeBack(seat: Seat<T>, error: unknown): void {
    const parcel = seat.parcel as Parcel<T>;
    this.#putDown(seat);
    if (this.#isOver || parcel.attempts < this.#maxAttempts) {
      this.#returned += 1;
      this.#line.insert(parcel);
    } else {
      const { item, index, attempts } = parcel;
      this.#failed += 1;
      this.untold.push({ item, index, attempts, deviceId: seat.lane.deviceId, error });
    }
    this.#strikeOut(seat);
  }

  /** Takes back what the host has revoked. */
  takeBackLost(lane: Lane<T>): void {
    if (lane.inFlight === 0) return;
    const message = `device ${lane.deviceId} was lost with an item in flight`;
    const error = new GPUError('ERR_GPU_DEVICE_LOST', message);
    for (const seat of lane.seats) {
      if (seat.entry === 0 || this.#host.isHeld(seat.entry)) continue;
      this.takeBack(seat, error);
      seat.interrupt(error);
    }
  }

  /** The host is told that nothing is in flight; what seats have stays theirs. */
  end(): void {
    this.#isOver = true;
    for (const { seats } of this.#roster.lanes) {
      for (const seat of seats) this.#strikeOut(seat);
    }
  }

  /** In the order of the source. */
  unfinished(): readonly T[] {
    const parcels = [...this.#line.toArray()];
    for (const { seats } of this.#roster.lanes) {
      for (const { parcel } of seats) if (parcel !== undefined) parcels.push(parcel);
    }
    return parcels.sort((a, b) => a.index - b.index).map(({ item }) => item);
  }

  stats(pulled: number): StreamStats {
    return {
      pulled,
      delivered: this.#delivered,
      acknowledged: this.#acknowledged,
      failed: this.#failed,
      returned: this.#returned,
      inFlight: this.#inFlight,
      atHand: this.#line.length,
      waiting: this.#roster.waiting,
      devices: statsOf(this.#roster.lanes),
    };
  }

  #putDown(seat: Seat<T>): void {
    const { lane } = seat;
    seat.parcel = undefined;
    this.#inFlight -= 1;
    lane.inFlight -= 1;
    this.#roster.activate(lane, -1);
    if (seat.isEnded) lane.seats.delete(seat);
  }

  /** Last of all: who waits for room on the device, somebody else perhaps, is served in it. */
  #strikeOut(seat: Seat<T>): void {
    const { entry } = seat;
    if (entry === 0) return;
    seat.entry = 0;
    this.#roster.setFree(seat.lane);
    this.#host.leave(entry);
  }
}
