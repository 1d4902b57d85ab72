import type { HeldLoad, Load } from './grantor.js';

const fewestHolds = 8;
const meanGain = 1 / 8;
const deviationGain = 1 / 4;

export const noLoad: Load = { devices: 0, weight: 0, memoryBytes: 0 };

/**
 * What somebody who comes now will wait at least, by how long leases were held: a running mean and
 * mean deviation, smoothed as TCP smooths round trips. It is kind: only who would be late anyway is
 * to be told so.
 */
export class WaitEstimate {
  #count = 0;
  #meanMs = 0;
  #deviationMs = 0;
  /** The most that was held while somebody waited: where a big request waits, devices drain. */
  #most: Load = noLoad;

  addHold(heldMs: number): void {
    this.#count += 1;
    if (this.#count === 1) {
      this.#meanMs = heldMs;
      return;
    }
    const difference = heldMs - this.#meanMs;
    this.#meanMs += meanGain * difference;
    this.#deviationMs += deviationGain * (Math.abs(difference) - this.#deviationMs);
  }

  /** To be called for each one who has to wait. */
  noteHeld(held: Load): void {
    this.#most = {
      devices: Math.max(held.devices, this.#most.devices),
      weight: Math.max(held.weight, this.#most.weight),
      memoryBytes: Math.max(held.memoryBytes, this.#most.memoryBytes),
    };
  }

  /** Nobody waits any more. */
  forgetHeld(): void {
    this.#most = noLoad;
  }

  /**
   * 0 until enough holds were seen. The wait ends with a lease: not before the oldest does, by mean
   * less two deviations; and what is ahead needs so many rounds of holds before that as it
   * outweighs what is held, by the kindest measure, each the mean less two deviations of a mean of
   * so many.
   */
  leastWaitMs(ahead: Load, { oldestAtMs }: HeldLoad, nowMs: number): number {
    if (this.#count < fewestHolds || this.#most.devices === 0) return 0;
    const rounds = Math.floor(roundsOf(ahead, this.#most));
    const roundsMs = rounds * this.#meanMs - 2 * this.#deviationMs * Math.sqrt(rounds);
    const elapsedMs = oldestAtMs === undefined ? Infinity : nowMs - oldestAtMs;
    const oldestMs = this.#meanMs - 2 * this.#deviationMs - elapsedMs;
    return Math.max(0, roundsMs) + Math.max(0, oldestMs);
  }
}

function roundsOf(ahead: Load, held: Load): number {
  const hasMemory = held.memoryBytes > 0 && ahead.memoryBytes > 0;
  const byMemory = hasMemory ? ahead.memoryBytes / held.memoryBytes : Infinity;
  return Math.min(ahead.devices / held.devices, ahead.weight / held.weight, byMemory);
}
