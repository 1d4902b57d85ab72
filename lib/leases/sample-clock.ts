const tickMs = 16;
const farthestTick = 2 ** 30;

/**
 * The clock by which samples say when they began, in ticks that fit into a cell of the ledger. Live
 * samples and all threads of a process are on the monotonic one, which wraps after years. What a
 * user records may be of any time: ticks are then counted from an origin, and do not go beyond what
 * can be compared.
 */
export class SampleClock {
  readonly #now: () => number;
  readonly #originMs: number | undefined;

  constructor(now: () => number, originMs?: number) {
    this.#now = now;
    this.#originMs = originMs;
  }

  /** The tick now, rounded up: what happens now is not seen by a sample that begins before it. */
  now(): number {
    return this.#tick(this.#now());
  }

  /** The latest tick of which a sample that began then has seen everything. */
  seenBy(sampleStartMs: number): number {
    // Without a sample, as by one before everything that can be compared.
    if (sampleStartMs === -Infinity) return (this.now() - farthestTick) | 0;
    return (this.#tick(sampleStartMs) - 1) | 0;
  }

  #tick(ms: number): number {
    if (this.#originMs === undefined) return Math.ceil(ms / tickMs) | 0;
    const ticks = Math.ceil((ms - this.#originMs) / tickMs);
    return Math.max(-farthestTick, Math.min(farthestTick, ticks)) | 0;
  }
}

/** Whether all that happened until `tick` is in a sample. REQUIRES: `seen` is of `seenBy`. */
export function isSeen(tick: number, seen: number): boolean {
  return ((seen - tick) | 0) >= 0;
}
