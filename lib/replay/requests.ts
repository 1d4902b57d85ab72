import type { Random } from '../selection/random.js';

/** One request: when it comes, to which dispatcher, and how long it takes a GPU of speed 1. */
export interface ReplayRequest {
  readonly atMs: number;
  readonly dispatcher: number;
  readonly workMs: number;
}

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
 * geometric number of requests; exponential service times; each request to any dispatcher alike.
 * The same for every policy, so that policies differ in nothing else.
 */
export function* requestsOf(traffic: Traffic, random: Random): Generator<ReplayRequest> {
  const { load, burst, seconds, dispatchers, serviceMs, capacity } = traffic;
  const gapMs = (serviceMs * burst) / (load * capacity);
  const endMs = seconds * 1000;
  const exponential = (mean: number) => -Math.log(1 - random.next()) * mean;
  for (let atMs = exponential(gapMs); atMs < endMs; atMs += exponential(gapMs)) {
    do {
      const workMs = exponential(serviceMs);
      yield { atMs, dispatcher: Math.floor(random.next() * dispatchers), workMs };
    } while (random.next() < 1 - 1 / burst);
  }
}

/** How many requests there will be, on average. */
export function expectedRequests({ load, seconds, serviceMs, capacity }: Traffic): number {
  return (load * capacity * seconds * 1000) / serviceMs;
}
