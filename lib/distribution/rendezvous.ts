import { type Hash, hashOf, mixed } from './key-hash.js';

const toUnit = 2 ** -32;
/** The one of all values that a hash stands for which is nearest to 1 from below. */
const almostOne = 1 - 2 ** -53;

/**
 * Weighted rendezvous: for each key every device draws a time from the hash of both, exponential
 * with its weight as the rate, and the earliest has the key. A device's draws depend on nothing but
 * its id, its weight and the key. So of all keys exactly those of a device that goes move, exactly
 * those that a new device draws earlier move to it, and a weight that changes moves keys only to
 * that device or only away from it. Shares are as the weights, up to chance.
 *
 * Every key asks every device, about 5 ns each: a million different keys take 5 ms a device.
 */
export class Rendezvous {
  /** Of devices that take keys, in columns; those that are closed stand at the end. */
  readonly #devices: Uint32Array;
  readonly #high: Int32Array;
  readonly #low: Int32Array;
  readonly #perRate: Float64Array;
  readonly #ids: readonly string[];
  #open: number;

  /** Only devices with a weight above 0 take keys. */
  constructor(deviceIds: readonly string[], weights: Float64Array) {
    const places = [...deviceIds.keys()].filter((place) => (weights[place] as number) > 0);
    const hashes = places.map((place) => hashOf(deviceIds[place] as string));
    this.#ids = deviceIds;
    this.#devices = Uint32Array.from(places);
    this.#high = Int32Array.from(hashes, ({ high }) => high);
    this.#low = Int32Array.from(hashes, ({ low }) => low);
    this.#perRate = Float64Array.from(places, (place) => {
      return Math.min(1 / (weights[place] as number), 2 ** 1000);
    });
    this.#open = places.length;
  }

  /** From now on as if these devices were not there. */
  closeWhere(isClosed: (device: number) => boolean): void {
    for (let at = this.#open - 1; at >= 0; at -= 1) {
      if (!isClosed(this.#devices[at] as number)) continue;
      this.#open -= 1;
      for (const column of [this.#devices, this.#high, this.#low, this.#perRate]) {
        const value = column[at] as number;
        column[at] = column[this.#open] as number;
        column[this.#open] = value;
      }
    }
  }

  /** The first in the key's rank, of those that are open and take it. */
  first(key: Hash, takes?: (device: number) => boolean): number | undefined {
    const { high, low } = key;
    let earliest = Infinity;
    let best = -1;
    for (let at = 0; at < this.#open; at += 1) {
      const bits = mixed(high ^ (this.#high[at] as number));
      const perRate = this.#perRate[at] as number;
      // -log(1 - x) is at least x: most devices are out of it without a logarithm.
      if ((bits >>> 0) * toUnit * perRate > earliest) continue;
      const more = mixed(low ^ (this.#low[at] as number) ^ Math.imul(bits, 0x9e3779b1));
      const part = ((bits >>> 0) + ((more >>> 0) + 0.5) * toUnit) * toUnit;
      const time = -Math.log1p(-Math.min(part, almostOne)) * perRate;
      if (time > earliest || (time === earliest && !this.#isBefore(at, best))) continue;
      if (takes !== undefined && !takes(this.#devices[at] as number)) continue;
      earliest = time;
      best = at;
    }
    return best < 0 ? undefined : this.#devices[best];
  }

  /** By id, never by place: what stands where may change. */
  #isBefore(at: number, other: number): boolean {
    if (other < 0) return true;
    const idAt = (index: number) => this.#ids[this.#devices[index] as number] as string;
    return idAt(at) < idAt(other);
  }
}
