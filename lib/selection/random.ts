/** Small fast counter (sfc32, Chris Doty-Humphrey): 128 bits of state, seedable. */
export class Random {
  readonly #state = new Uint32Array(4);

  /** Equal seeds, equal numbers. Without one, another sequence each time. */
  constructor(seed: number = Math.random()) {
    const words = new Uint32Array(Float64Array.of(seed).buffer);
    this.#state.set([words[0] ?? 0, words[1] ?? 0, 0, 1]);
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** From 0 up to and without 1. */
  next(): number {
    const state = this.#state;
    // By index: taking the array apart would make an iterator for each number.
    const a = state[0] as number;
    const b = state[1] as number;
    const c = state[2] as number;
    const counter = state[3] as number;
    const sum = (a + b + counter) >>> 0;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + sum;
    state[3] = counter + 1;
    return sum / 2 ** 32;
  }

  /** A whole number from 0 up to and without `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Runs `look`, whose numbers will be drawn again. */
  peek<R>(look: () => R): R {
    const before = this.#state.slice();
    try {
      return look();
    } finally {
      this.#state.set(before);
    }
  }
}
