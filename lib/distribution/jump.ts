import { type Hash, mixed } from './key-hash.js';

/**
 * Jump consistent hashing (Lamping and Veach 2014): which of so many buckets a key is in, each as
 * likely. With one bucket more, keys move only into that one. About ln(count) steps.
 */
export function jump({ high, low }: Hash, count: number): number {
  let bucket = 0;
  let state = high;
  // Bucket b is left behind for the first one j with a draw below (b + 1) / (j + 1).
  for (let next = 0; next < count; ) {
    bucket = next;
    state = (state + 0x9e3779b9) | 0;
    const draw = mixed(low ^ mixed(state)) >>> 0;
    next = Math.floor((bucket + 1) / ((draw + 1) * 2 ** -32));
  }
  return bucket;
}
