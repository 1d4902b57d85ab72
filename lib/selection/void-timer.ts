/** Kept from the start: fake timers of a user's tests would let samples count for ever. */
const { setTimeout, clearTimeout } = globalThis;

const longestMs = 2 ** 31 - 1;

/**
 * Says that time has run out by a flag that costs nothing to look at. Without anybody who begins
 * anew no timer runs, and none keeps the process alive.
 */
export class VoidTimer {
  isVoid = false;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Infinity;
  #isStopped = false;

  begin(): void {
    this.isVoid = false;
  }

  /** At `dueMs` at the latest it is void, by the clock that says `nowMs` now. */
  arm(dueMs: number, nowMs: number): void {
    if (dueMs >= this.#dueMs || this.#isStopped) return;
    clearTimeout(this.#timer);
    const wait = Math.min(Math.max(1, Math.ceil(dueMs - nowMs) + 1), longestMs);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#dueMs = Infinity;
      this.isVoid = true;
    }, wait);
    this.#timer.unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
