/** Kept from the start: fake timers of a user's tests would make samples ageless. */
const { hrtime } = process;

/** The sampler's clock, CLOCK_MONOTONIC: process.hrtime() reads it without a call of ours. */
export function monotonicMs(): number {
  // By index: this is on the way of every read, and an iterator takes longer.
  const time = hrtime();
  return time[0] * 1e3 + time[1] / 1e6;
}
