/** Kept from the start: fake timers of a user's tests would make samples ageless. */
const { hrtime } = process;

/** The sampler's clock, CLOCK_MONOTONIC: process.hrtime() reads it without a call of ours. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
