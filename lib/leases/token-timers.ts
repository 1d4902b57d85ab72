/** Times to live of tokens: few have one, and those that have none cost nothing here. */
export class TokenTimers {
  readonly #timers = new Map<number, NodeJS.Timeout>();
  /** The size of a map is a call. */
  #hasAny = false;

  get hasAny(): boolean {
    return this.#hasAny;
  }

  /** Keeps no process alive. */
  start(token: number, ttlMs: number, expire: () => void): void {
    this.#timers.set(token, setTimeout(expire, ttlMs).unref());
    this.#hasAny = true;
  }

  stop(token: number): void {
    if (!this.#hasAny) return;
    clearTimeout(this.#timers.get(token));
    this.#timers.delete(token);
    this.#hasAny = this.#timers.size > 0;
  }
}
