/**
 * The lowest of many keys, kept up to date: who is lowest is known at once, and a key that changes
 * is compared along its path of a binary tree only. Of equal keys the lower index wins. Infinity
 * takes no part; NaN counts as Infinity.
 */
export class Tournament {
  /** By index; padded with Infinity up to a power of two. */
  #keys: Float64Array = new Float64Array(2).fill(Infinity);
  /** Of node n (1 is the root, its children 2n and 2n + 1) the index that wins below it. */
  #winners: Int32Array = new Int32Array(2);

  /** The index with the lowest key; -1: none takes part. */
  get best(): number {
    const winner = this.#winners[1] as number;
    return (this.#keys[winner] as number) < Infinity ? winner : -1;
  }

  /** The lowest key; Infinity: none takes part. */
  get lowest(): number {
    return this.#keys[this.#winners[1] as number] as number;
  }

  /** REQUIRES: 0 <= index < the count of the last `reset`. */
  set(index: number, given: number): void {
    const keys = this.#keys;
    const winners = this.#winners;
    const key = orInfinity(given);
    keys[index] = key;
    let node = (keys.length + index) >> 1;
    if (key < (keys[winners[1] as number] as number)) {
      for (; node >= 1; node >>= 1) winners[node] = index;
      return;
    }
    let winner = lower(keys, index & ~1, index | 1);
    for (; node > 1; node >>= 1) {
      winners[node] = winner;
      winner = lower(keys, winners[node & ~1] as number, winners[node | 1] as number);
    }
    winners[1] = winner;
  }

  /** Begins anew with so many keys. `keyOf` gives them; without it none takes part. */
  reset(count: number, keyOf?: (index: number) => number): void {
    let size = 2;
    while (size < count) size *= 2;
    if (this.#keys.length !== size) {
      this.#keys = new Float64Array(size);
      this.#winners = new Int32Array(size);
    }
    const keys = this.#keys;
    const winners = this.#winners;
    keys.fill(Infinity);
    for (let index = 0; keyOf !== undefined && index < count; index++) {
      const key = keyOf(index);
      keys[index] = orInfinity(key);
    }
    for (let node = size - 1; node >= 1; node--) {
      const isLowest = 2 * node >= size;
      const left = isLowest ? 2 * node - size : (winners[2 * node] as number);
      const right = isLowest ? left + 1 : (winners[2 * node + 1] as number);
      winners[node] = lower(keys, left, right);
    }
  }
}

/** NaN too. */
function orInfinity(key: number): number {
  return Number.isNaN(key) ? Infinity : key;
}

/**
 * Without a branch: where keys are much alike, no processor guesses which is lower. REQUIRES:
 * left < right, or both below the same node in that order.
 */
function lower(keys: Float64Array, left: number, right: number): number {
  const isRight = Number((keys[right] as number) < (keys[left] as number));
  return left + ((right - left) & -isRight);
}
