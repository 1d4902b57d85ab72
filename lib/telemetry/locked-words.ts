/** Words of 64 bits, seen in the ways they are written and read. */
export interface Words {
  readonly doubles: Float64Array;
  readonly integers: BigUint64Array;
  readonly halves: Int32Array;
}

export function words(count: number): Words {
  const memory = new ArrayBuffer(count * 8);
  return {
    doubles: new Float64Array(memory),
    integers: new BigUint64Array(memory),
    halves: new Int32Array(memory),
  };
}

/** Words under one sequence lock: where they begin, how many, and where the lock is. */
export interface LockedPlace {
  readonly start: number;
  readonly count: number;
  readonly lock: number;
}

/**
 * Copies words that another thread writes, whole. Returns the low half of the lock word as it was
 * meanwhile (0: never written); undefined: the writer was in the way every time (it may have lost
 * its processor).
 */
export function copyLocked(
  halves: Int32Array,
  { start, count, lock }: LockedPlace,
  into: Words,
): number | undefined {
  for (let attempt = 0; attempt < 100; attempt++) {
    const before = Atomics.load(halves, 2 * lock);
    if ((before & 1) !== 0) continue;
    for (let half = 0; half < 2 * count; half++) {
      into.halves[half] = Atomics.load(halves, 2 * start + half);
    }
    if (Atomics.load(halves, 2 * lock) === before) return before;
  }
  return undefined;
}
