import type { News } from './news.js';

/** Kept from the start: fake timers of a user's tests would let samples count for ever. */
const { setTimeout, clearTimeout } = globalThis;

const longestMs = 2 ** 31 - 1;

/**
 * Says by `news` that time has run out, so that no call looks at a clock. Without anybody who takes
 * the news no timer runs, and none keeps the process alive.
 */
export class VoidTimer {
  readonly #news: Pick<News, 'isDue'>;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Infinity;
  #isStopped = false;

  constructor(news: Pick<News, 'isDue'>) {
    this.#news = news;
  }

  /** At `dueMs` at the latest, by the clock that says `nowMs` now. */
  arm(dueMs: number, nowMs: number): void {
    if (dueMs >= this.#dueMs || this.#isStopped) return;
    clearTimeout(this.#timer);
    const wait = Math.min(Math.max(1, Math.ceil(dueMs - nowMs) + 1), longestMs);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#dueMs = Infinity;
      this.#news.isDue = true;
    }, wait);
    this.#timer.unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
