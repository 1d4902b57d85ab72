import type { Random } from '../selection/random.js';

export interface ReplayRequest {
  /** When it comes. */
  readonly atMs: number;
  /** To which dispatcher. */
  readonly dispatcher: number;
  /** Whose it is: what `affinity` goes by. */
  readonly session: number;
  /** How long it takes a GPU of speed 1. */
  readonly workMs: number;
}

const sessions = 32;

export interface Traffic {
  /** Of the capacity that is there: 1 is as much work as the GPUs can just do. */
  readonly load: number;
  /** Requests that come at once, on average. */
  readonly burst: number;
  readonly seconds: number;
  readonly dispatchers: number;
  /** At speed 1, on average. */
  readonly serviceMs: number;
  /** What all GPUs together do in a second, in seconds of a GPU of speed 1. */
  readonly capacity: number;
}

/**
 * Requests in the order in which they come: bursts at the times of a Poisson process, each of a
 * geometric number of requests; exponential service times; each request to any dispatcher alike,
 * and of any of 32 sessions. They are the same for every policy: that is all in which runs differ.
 */
export function* requestsOf(traffic: Traffic, random: Random): Generator<ReplayRequest> {
  const { load, burst, seconds, dispatchers, serviceMs, capacity } = traffic;
  const gapMs = (serviceMs * burst) / (load * capacity);
  const endMs = seconds * 1000;
  const exponential = (mean: number) => -Math.log(1 - random.next()) * mean;
  for (let atMs = exponential(gapMs); atMs < endMs; atMs += exponential(gapMs)) {
    do {
      const workMs = exponential(serviceMs);
      const dispatcher = random.below(dispatchers);
      yield { atMs, dispatcher, session: random.below(sessions), workMs };
    } while (random.next() < 1 - 1 / burst);
  }
}

/** How many requests there will be, on average. */
export function expectedRequests({ load, seconds, serviceMs, capacity }: Traffic): number {
  return (load * capacity * seconds * 1000) / serviceMs;
}
