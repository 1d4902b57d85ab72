import { type SensedKey, sensedKeys } from '../telemetry/sensed-values.js';

/** Samples that may be equal by chance. */
export const leastStillSamples = 30;
/** And the time over which they may. */
export const leastStillMs = 60_000;

/** What always moves a little on a device that works: utilisation to clock. */
export const movingKeys: readonly SensedKey[] = sensedKeys.slice(0, 5);

const powerCell = sensedKeys.indexOf('powerWatts');

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
 * For how long nothing has moved on a device: sensors that are stuck say that something draws power
 * and go on saying exactly the same. Each sample is looked at once.
 */
export class Stillness {
  #samples: StillSamples | undefined;
  /** Of `total`, when it was looked at last. */
  #seen = 0;
  readonly #values = new Float64Array(movingKeys.length).fill(NaN);
  /** The latest samples that are equal, and when the first of them was taken. */
  #count = 0;
  #sinceMs = 0;

  /** The latest samples are these, and the cells of SensedValues those of the latest. */
  look(samples: StillSamples, cells: Float64Array): void {
    const { total, latestMs } = samples;
    if (samples !== this.#samples) {
      this.#samples = samples;
      this.#seen = 0;
    }
    const fresh = total - this.#seen;
    if (fresh === 0) return;
    const isSame = this.#seen > 0 && this.#isSame(cells);
    this.#seen = total;
    if (!isSame) this.#keep(cells);
    const isWorking = (cells[powerCell] ?? NaN) > 0;
    const equal = fresh === 1 || !isWorking ? 1 : samples.unchanged(movingKeys, fresh);
    if (isSame && equal === fresh) {
      this.#count += fresh;
    } else {
      this.#count = equal;
      this.#sinceMs = equal === 1 ? latestMs : samples.timeBefore(equal - 1);
    }
  }

  /** What was looked at last says so. */
  get isFrozen(): boolean {
    if (this.#count < leastStillSamples || this.#samples === undefined) return false;
    const isWorking = (this.#values[powerCell] ?? NaN) > 0;
    return isWorking && this.#samples.latestMs - this.#sinceMs >= leastStillMs;
  }

  #isSame(cells: Float64Array): boolean {
    const values = this.#values;
    for (let cell = 0; cell < values.length; cell++) {
      if (!Object.is(values[cell], cells[cell])) return false;
    }
    return true;
  }

  #keep(cells: Float64Array): void {
    const values = this.#values;
    for (let cell = 0; cell < values.length; cell++) values[cell] = cells[cell] as number;
  }
}
