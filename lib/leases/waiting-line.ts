import { compareTurns, type Turn, type Waiter } from './waiter.js';

const noDevices: ReadonlySet<number> = new Set();

/** Those who wait, in the order in which they are served. */
export class WaitingLine<R, L> {
  #waiters: Waiter<R, L>[] = [];
  #soonestDeadlineMs = Infinity;
  #version = 0;
  /** By everybody; undefined: to be looked up anew. */
  #withheld: Set<number> | undefined;

  get length(): number {
    return this.#waiters.length;
  }

  /** Another one whenever somebody came or left. */
  get version(): number {
    return this.#version;
  }

  at(place: number): Waiter<R, L> | undefined {
    return this.#waiters[place];
  }

  /** How many go before one who comes now. */
  placeFor(turn: Turn): number {
    let low = 0;
    let high = this.#waiters.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#waiters[middle];
      if (other !== undefined && compareTurns(other, turn) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The devices that those before `place` withhold. Good until the line changes. */
  withheldBefore(place: number): ReadonlySet<number> {
    if (place === 0) return noDevices;
    const isLast = place === this.#waiters.length;
    if (isLast && this.#withheld !== undefined) return this.#withheld;
    const withheld = new Set<number>();
    for (let at = 0; at < place; at += 1) this.#waiters[at]?.withholdIn(withheld);
    if (isLast) this.#withheld = withheld;
    return withheld;
  }

  /** Somebody withholds other devices than before. */
  withholdOthers(): void {
    this.#withheld = undefined;
  }

  insert(waiter: Waiter<R, L>): void {
    if (this.#withheld !== undefined) waiter.withholdIn(this.#withheld);
    this.#waiters.splice(this.placeFor(waiter), 0, waiter);
    this.#soonestDeadlineMs = Math.min(this.#soonestDeadlineMs, waiter.deadlineMs);
    this.#version += 1;
  }

  /** False when it is not there. */
  remove(waiter: Waiter<R, L>): boolean {
    const place = this.#waiters.indexOf(waiter);
    if (place === -1) return false;
    this.#waiters.splice(place, 1);
    this.#withheld = undefined;
    this.#version += 1;
    return true;
  }

  /** Takes out those whose deadline has come. */
  takeLate(nowMs: number): readonly Waiter<R, L>[] {
    if (nowMs < this.#soonestDeadlineMs) return [];
    return this.#takeWhere(({ deadlineMs }) => deadlineMs <= nowMs);
  }

  takeAll(): readonly Waiter<R, L>[] {
    return this.#takeWhere(() => true);
  }

  #takeWhere(isTaken: (waiter: Waiter<R, L>) => boolean): readonly Waiter<R, L>[] {
    const taken = this.#waiters.filter((waiter) => isTaken(waiter));
    this.#waiters = this.#waiters.filter((waiter) => !isTaken(waiter));
    this.#soonestDeadlineMs = this.#waiters.reduce(
      (soonest, { deadlineMs }) => Math.min(soonest, deadlineMs),
      Infinity,
    );
    this.#withheld = undefined;
    if (taken.length > 0) this.#version += 1;
    return taken;
  }
}
