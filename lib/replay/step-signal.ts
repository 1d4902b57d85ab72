/**
 * A quantity that holds from one step to the next and comes round again after `periodMs`: a column
 * of a recording, played in a loop. Times are virtual milliseconds from the start of a replay.
 */
export class StepSignal {
  readonly #startsMs: Float64Array;
  /** NaN: unknown. */
  readonly #values: Float64Array;
  /** Of what came before each step, in value times milliseconds; unknown counts as nothing. */
  readonly #sums: Float64Array;
  readonly #periodMs: number;
  readonly #total: number;
  readonly #offsetMs: number;

  /** REQUIRES: as many values as starts, one or more; starts grow from 0, all below the period. */
  constructor(
    startsMs: readonly number[],
    values: readonly (number | undefined)[],
    { periodMs, offsetMs = 0 }: { readonly periodMs: number; readonly offsetMs?: number },
  ) {
    this.#startsMs = Float64Array.from(startsMs);
    this.#values = Float64Array.from(values, (value) => value ?? Number.NaN);
    this.#periodMs = periodMs;
    this.#offsetMs = offsetMs;
    this.#sums = new Float64Array(startsMs.length);
    let sum = 0;
    for (let step = 0; step < startsMs.length; step++) {
      this.#sums[step] = sum;
      const end = startsMs[step + 1] ?? periodMs;
      sum += (values[step] ?? 0) * (end - (startsMs[step] ?? 0));
    }
    this.#total = sum;
  }

  /** Undefined: unknown at that time. */
  at(ms: number): number | undefined {
    const value = this.#values[this.#stepAt(this.#into(ms + this.#offsetMs))];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  /** The mean over one turn, unknown counting as 0. */
  mean(): number {
    return this.#total / this.#periodMs;
  }

  /** From one time to another, in value times milliseconds. */
  integral(fromMs: number, toMs: number): number {
    return this.#upTo(toMs) - this.#upTo(fromMs);
  }

  /** When the integral from `fromMs` on reaches `amount`. REQUIRES: every value is above 0. */
  whenReached(fromMs: number, amount: number): number {
    if (amount <= 0) return fromMs;
    const goal = this.#upTo(fromMs) + amount;
    const turns = Math.floor(goal / this.#total);
    const rest = goal - turns * this.#total;
    const step = lastNotAbove(this.#sums, rest);
    const start = this.#startsMs[step] ?? 0;
    const within = (rest - (this.#sums[step] ?? 0)) / (this.#values[step] ?? 1);
    return turns * this.#periodMs + start + within - this.#offsetMs;
  }

  #upTo(ms: number): number {
    const shifted = ms + this.#offsetMs;
    const into = this.#into(shifted);
    const step = this.#stepAt(into);
    const value = this.#values[step] ?? 0;
    const since = Number.isNaN(value) ? 0 : value * (into - (this.#startsMs[step] ?? 0));
    const turns = Math.round((shifted - into) / this.#periodMs);
    return turns * this.#total + (this.#sums[step] ?? 0) + since;
  }

  #into(shiftedMs: number): number {
    return shiftedMs - Math.floor(shiftedMs / this.#periodMs) * this.#periodMs;
  }

  #stepAt(intoMs: number): number {
    return lastNotAbove(this.#startsMs, intoMs);
  }
}

/** The place of the last of ascending numbers that is at most `value`; the first if none is. */
function lastNotAbove(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? Infinity) <= value) low = middle;
    else high = middle;
  }
  return low;
}
