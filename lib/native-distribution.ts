// What the addon offers to distribute with; native/distribute/assignment.h has the meaning.

/**
 * Items that cost something, and devices of different speed. Of each device, where a list is
 * absent: nothing is there yet, and there is no limit. All costs and loads together are finite.
 */
export interface NativeAssignment {
  /** Of each item; finite, from 0 on. */
  readonly costs: Float64Array;
  /** Of each item, likewise; absent: nothing. */
  readonly bytes?: Float64Array;
  /** Of each device: cost a unit of time; finite, from 0 on. One of speed 0 takes nothing. */
  readonly speeds: Float64Array;
  /** Cost that is already there; finite, from 0 on. */
  readonly loads?: Float64Array;
  /** The most that each device takes of these items, from 0 on; Infinity: no limit. */
  readonly itemLimits?: Float64Array;
  readonly costLimits?: Float64Array;
  readonly byteLimits?: Float64Array;
  /** Which item goes first: the first one, or the one that costs most (ties: the first of them). */
  readonly order: 'given' | 'descending';
}

export interface NativeDistributing {
  /** What stands for an item that no device may take. */
  readonly noOwner: number;
  /**
   * Gives item after item to the device that has finished it first, of those that may still take
   * it: to the smallest (load + cost) / speed, ties to the earlier device. Writes which device each
   * item goes to (its place among the speeds). Returns how many go to one; -1: not such numbers, or
   * lists of different lengths, or no memory, and nothing was written.
   */
  assignEarliest(what: NativeAssignment, owners: Uint32Array): number;
}
