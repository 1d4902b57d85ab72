import { Lane, type Seat } from './lane.js';
import type { Parcel } from './parcel.js';
import type { StreamDevice } from './stream-host.js';

/** So many are compared, those that wait the longest: with more devices that is choice enough. */
const mostCompared = 64;

/** The devices of a stream, and who waits at them. */
export class Roster<T> {
  readonly #loadOf: (device: StreamDevice) => number;
  /** All that ever took part. */
  readonly #lanes = new Map<string, Lane<T>>();
  #open: readonly Lane<T>[] = [];
  /** Open ones where somebody waits, in the order in which they began to. */
  readonly #crowd = new Set<Lane<T>>();
  /** Likewise, where there was no room. */
  readonly #full = new Set<Lane<T>>();
  #waiting = 0;
  /** Seats of open lanes that wait or hold. */
  #active = 0;

  constructor(loadOf: (device: StreamDevice) => number) {
    this.#loadOf = loadOf;
  }

  get lanes(): IterableIterator<Lane<T>> {
    return this.#lanes.values();
  }

  get open(): readonly Lane<T>[] {
    return this.#open;
  }

  /** Seats that do. */
  get waiting(): number {
    return this.#waiting;
  }

  get hasFull(): boolean {
    return this.#full.size > 0;
  }

  get(deviceId: string): Lane<T> | undefined {
    return this.#lanes.get(deviceId);
  }

  /** Takes over who may be given items now. */
  follow(devices: readonly StreamDevice[]): Readonly<Record<'opened' | 'closed', Lane<T>[]>> {
    const given = new Set(devices);
    const closed = this.#open.filter(({ device }) => !given.has(device));
    for (const lane of closed) {
      lane.isOpen = false;
      this.#active -= lane.active;
    }
    const opened: Lane<T>[] = [];
    this.#open = devices.map((device) => {
      const lane = this.#lanes.get(device.deviceId) ?? new Lane<T>(device);
      if (lane.isOpen) return lane;
      this.#lanes.set(device.deviceId, lane);
      lane.device = device;
      lane.isOpen = true;
      this.#active += lane.active;
      opened.push(lane);
      return lane;
    });
    return { opened, closed };
  }

  /** The seat waits. REQUIRES: it neither waits nor holds. */
  wait(seat: Seat<T>): void {
    const { lane } = seat;
    seat.isWaiting = true;
    lane.waiting.push(seat);
    this.#waiting += 1;
    this.activate(lane, 1);
    if (lane.waiting.length === 1) this.#crowd.add(lane);
  }

  /** It waits no more. REQUIRES: it does. What it does instead is told by `activate`. */
  unwait(seat: Seat<T>): void {
    const { lane } = seat;
    seat.isWaiting = false;
    const { waiting } = lane;
    if (waiting[0] === seat) waiting.shift();
    else waiting.splice(waiting.indexOf(seat), 1);
    this.#waiting -= 1;
    if (waiting.length > 0) return;
    this.#crowd.delete(lane);
    this.#full.delete(lane);
  }

  activate(lane: Lane<T>, change: 1 | -1): void {
    lane.active += change;
    if (lane.isOpen) this.#active += change;
  }

  /** There is no room on its device. */
  setFull(lane: Lane<T>): void {
    if (this.#crowd.delete(lane)) this.#full.add(lane);
  }

  /** There may be room again. */
  setFree(lane: Lane<T>): void {
    if (this.#full.delete(lane)) this.#crowd.add(lane);
  }

  setAllFree(): void {
    for (const lane of this.#full) this.#crowd.add(lane);
    this.#full.clear();
  }

  get hasCrowd(): boolean {
    return this.#crowd.size > 0;
  }

  /**
   * Who gets it: of those who wait, the one where it is done first for what is in flight there. Not
   * the device that gave it back, as long as another one is at work: a device on which everything
   * fails, and fast, would use up the attempts of all items.
   */
  bestFor(parcel: Parcel<T>): Lane<T> | undefined {
    let best: Lane<T> | undefined;
    let least = Infinity;
    let compared = 0;
    for (const lane of this.#crowd) {
      if (parcel.deviceId === lane.deviceId && this.#active > lane.active) continue;
      if (this.#crowd.size === 1) return lane;
      const { device } = lane;
      const finish = (this.#loadOf(device) + parcel.cost) / device.speed;
      if (finish < least || best === undefined) [best, least] = [lane, finish];
      compared += 1;
      if (compared === mostCompared) break;
    }
    return best;
  }
}
