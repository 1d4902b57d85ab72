/**
 * A latency that believes bad news at once: a slower answer counts in full, and fades to the mean
 * with the time that passes. The mean weighs an answer by how long the one before it is ago.
 */
export class PeakEwma {
  readonly #decayMs: number;
  /** NaN: nothing was heard yet; fields that are numbers always need no box. */
  #meanMs: number = Number.NaN;
  /** Above the mean, at `atMs`. */
  #excessMs = 0;
  #atMs = 0;

  constructor(decayMs: number) {
    this.#decayMs = decayMs;
  }

  add(latencyMs: number, nowMs: number): void {
    const kept = this.#keptAt(nowMs);
    const mean = Number.isNaN(this.#meanMs) ? latencyMs : mixed(this.#meanMs, latencyMs, kept);
    this.#meanMs = mean;
    this.#excessMs = Math.max(this.#excessMs * kept, latencyMs - mean, 0);
    this.#atMs = nowMs;
  }

  get isKnown(): boolean {
    return !Number.isNaN(this.#meanMs);
  }

  /** Undefined: nothing was heard yet. */
  at(nowMs: number): number | undefined {
    if (Number.isNaN(this.#meanMs)) return undefined;
    return this.#meanMs + this.#excessMs * this.#keptAt(nowMs);
  }

  #keptAt(nowMs: number): number {
    if (nowMs <= this.#atMs) return 1;
    return Math.exp((this.#atMs - nowMs) / this.#decayMs);
  }
}

function mixed(one: number, other: number, share: number): number {
  return one * share + other * (1 - share);
}
