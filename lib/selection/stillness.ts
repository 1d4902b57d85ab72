import { type SensedKey, sensedKeys } from '../telemetry/sensed-values.js';

/** Samples that may be equal by chance. */
export const leastStillSamples = 30;
/** And the time over which they may. */
export const leastStillMs = 60_000;

/** What always moves a little on a device that works: utilisation to clock. */
export const movingKeys: readonly SensedKey[] = sensedKeys.slice(0, 5);

/**
 * Whether a device that draws so much is expected to move: not where it draws none, nor where power
 * is known in whole watts, for an idle device may well say the same of itself for minutes then.
 */
export function isTelling(powerWatts: number | undefined): boolean {
  return powerWatts !== undefined && powerWatts > 0 && !Number.isInteger(powerWatts);
}

/** Latest samples of a device, as they are looked at: some at once, or each by itself. */
export interface StillSamples {
  /** Ever recorded, those that are kept no more included. */
  readonly total: number;
  readonly latestMs: number;
  /** How many of the latest, at most `limit`, have the latest's values in these metrics. */
  unchanged(keys: readonly SensedKey[], limit: number): number;
  /** Time of the sample so many before the latest. */
  timeBefore(count: number): number;
}

/**
 * For how long nothing has moved on a device: sensors that are stuck go on saying exactly the same.
 * Each sample is looked at once.
 */
export class Stillness {
  #samples: StillSamples | undefined;
  /** Of `total`, when it was looked at last. */
  #seen = 0;
  /** The latest samples that are equal; above 1: and when the first of them was taken. */
  #count = 0;
  #sinceMs = 0;

  /**
   * The latest samples are these. `sameSinceMs`: the time of the one that was the latest before,
   * where the latest has its values; NaN: it has others.
   */
  look(samples: StillSamples, sameSinceMs: number): void {
    const { total } = samples;
    if (samples !== this.#samples) {
      this.#samples = samples;
      this.#seen = 0;
    }
    const fresh = total - this.#seen;
    if (fresh === 0) return;
    const isSame = this.#seen > 0 && !Number.isNaN(sameSinceMs);
    this.#seen = total;
    const equal = fresh === 1 ? 1 : samples.unchanged(movingKeys, fresh);
    if (isSame && equal === fresh) {
      if (this.#count === 1) this.#sinceMs = sameSinceMs;
      this.#count += fresh;
    } else {
      this.#count = equal;
      if (equal > 1) this.#sinceMs = samples.timeBefore(equal - 1);
    }
  }

  get isFrozen(): boolean {
    if (this.#count < leastStillSamples || this.#samples === undefined) return false;
    return this.#samples.latestMs - this.#sinceMs >= leastStillMs;
  }
}
