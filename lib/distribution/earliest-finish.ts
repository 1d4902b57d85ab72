/**
 * Which device finishes one more piece of work first. Devices stand in a tree, fastest first; each
 * node knows the least load and the greatest speed below it, and so a bound for all of them. Asking
 * and changing a load cost about the logarithm of the number of devices.
 */
export class EarliestFinish {
  readonly #leaves: number;
  readonly #placeOf: Uint32Array;
  readonly #deviceAt: Uint32Array;
  readonly #leastLoad: Float64Array;
  readonly #speed: Float64Array;
  readonly #stack: number[] = [];

  constructor(speeds: Float64Array, loads: Float64Array) {
    const { length } = speeds;
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, length)));
    this.#deviceAt = Uint32Array.from({ length }, (_, device) => device);
    this.#deviceAt.sort((a, b) => (speeds[b] as number) - (speeds[a] as number) || a - b);
    this.#placeOf = new Uint32Array(length);
    this.#leastLoad = new Float64Array(2 * this.#leaves).fill(Infinity);
    this.#speed = new Float64Array(2 * this.#leaves);
    for (const [place, device] of this.#deviceAt.entries()) {
      this.#placeOf[device] = place;
      this.#speed[this.#leaves + place] = speeds[device] as number;
      this.#leastLoad[this.#leaves + place] = loads[device] as number;
    }
    for (let node = this.#leaves - 1; node > 0; node -= 1) {
      this.#speed[node] = Math.max(
        this.#speed[2 * node] as number,
        this.#speed[2 * node + 1] as number,
      );
      this.#bound(node);
    }
  }

  /** Infinity: takes nothing any more. */
  setLoad(device: number, load: number): void {
    let node = this.#leaves + (this.#placeOf[device] as number);
    this.#leastLoad[node] = load;
    for (node >>= 1; node > 0; node >>= 1) this.#bound(node);
  }

  /** Of those that take it, the one with the least (load + cost) / speed; none: undefined. */
  find(cost: number, takes: (device: number) => boolean): number | undefined {
    let earliest = Infinity;
    let found: number | undefined;
    const stack = this.#stack;
    stack.push(1);
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (!(this.#finish(node, cost) < earliest)) continue;
      if (node >= this.#leaves) {
        const device = this.#deviceAt[node - this.#leaves] as number;
        if (!takes(device)) continue;
        earliest = this.#finish(node, cost);
        found = device;
        continue;
      }
      const left = 2 * node;
      const leftFirst = this.#finish(left, cost) <= this.#finish(left + 1, cost);
      stack.push(leftFirst ? left + 1 : left, leftFirst ? left : left + 1);
    }
    return found;
  }

  /** At the earliest, of all below the node. */
  #finish(node: number, cost: number): number {
    const speed = this.#speed[node] as number;
    return speed === 0 ? Infinity : ((this.#leastLoad[node] as number) + cost) / speed;
  }

  #bound(node: number): void {
    this.#leastLoad[node] = Math.min(
      this.#leastLoad[2 * node] as number,
      this.#leastLoad[2 * node + 1] as number,
    );
  }
}
