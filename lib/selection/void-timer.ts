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
  #isStopped = false;

  begin(): void {
    this.isVoid = false;
  }

  /** After so long at the latest it is void. */
  arm(delayMs: number): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    const wait = Math.min(Math.max(1, Math.ceil(delayMs) + 1), longestMs);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.isVoid = true;
    }, wait);
    this.#timer.unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
