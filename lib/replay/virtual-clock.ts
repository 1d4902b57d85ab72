/**
 * The time of a replay: milliseconds since its start, moved by its events alone. What the selection
 * code takes for Unix time begins at an hour, so that no sample is of the year 1969.
 */
export class VirtualClock {
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** As Unix or monotonic time. */
  readonly read = (): number => this.#nowMs + 3_600_000;

  /** REQUIRES: never back. */
  moveTo(ms: number): void {
    this.#nowMs = ms;
  }
}
