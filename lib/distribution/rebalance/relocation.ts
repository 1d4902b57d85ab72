import { bytesAt, costAt, type DistributionJob, equalItemLimit, limitAt, loadAt } from '../job.js';
import { unassignedOwner } from '../plan.js';

/** What stands for a device that is not left: its items move, whatever happens. */
export const lostOwner = 0xffff_fffe;

/** Items that have devices, and devices that are others by now. */
export interface Relocation {
  /** Over the devices that there are now. */
  readonly job: DistributionJob;
  /** By place in the job; `lostOwner`, `unassignedOwner`. */
  readonly owners: Uint32Array;
  /** The makespan over that of a perfect plan; at least 1. */
  readonly maxImbalance: number;
}

export interface Relocated {
  readonly owners: Uint32Array;
  /** No plan of as many items that gets as near to the stated imbalance moves fewer. */
  readonly isMinimal: boolean;
}

/** Sums of costs that are added in different orders differ by no more, relatively. */
export const tolerance = 1e-12;

export function isMoved(before: number, after: number): boolean {
  return before !== after;
}

export function isPlace(owner: number): boolean {
  return owner < lostOwner;
}

/** When a plan may end, for so much work in all. */
export function targetTime({ job, maxImbalance }: Relocation, cost: number): number {
  let [work, speed] = [cost, 0];
  for (let place = 0; place < job.deviceIds.length; place += 1) {
    const own = job.speeds[place] as number;
    speed += own;
    if (own > 0) work += loadAt(job, place);
  }
  return speed === 0 ? 0 : (maxImbalance * work) / speed;
}

/** When the device is done that has the most load for its speed, whatever it is given. */
export function latestLoad(job: DistributionJob): number {
  return job.speeds.reduce(
    (latest, speed, place) => (speed > 0 ? Math.max(latest, loadAt(job, place) / speed) : latest),
    0,
  );
}

/** Whole items that the device takes, all alike; none without speed. */
export function wholeLimit(job: DistributionJob, place: number): number {
  return job.speeds[place] === 0 ? 0 : Math.floor(equalItemLimit(job, place));
}

/** What devices hold of a job's items, against limits and a time. */
export class Stock {
  readonly items: Float64Array;
  readonly cost: Float64Array;
  readonly bytes: Float64Array;
  readonly #job: DistributionJob;

  constructor(job: DistributionJob) {
    const { length } = job.deviceIds;
    this.#job = job;
    this.items = new Float64Array(length);
    this.cost = new Float64Array(length);
    this.bytes = new Float64Array(length);
  }

  static of(job: DistributionJob, owners: Uint32Array): Stock {
    const stock = new Stock(job);
    for (let index = 0; index < owners.length; index += 1) {
      const owner = owners[index] as number;
      if (isPlace(owner)) stock.put(owner, index);
    }
    return stock;
  }

  put(place: number, index: number): void {
    this.#add(place, index, 1);
  }

  take(place: number, index: number): void {
    this.#add(place, index, -1);
  }

  /** Whether one more item is within limits, and done in time. */
  fits(place: number, index: number, time: number): boolean {
    const job = this.#job;
    return (
      this.#isWithin(place, {
        items: (this.items[place] as number) + 1,
        cost: (this.cost[place] as number) + costAt(job, index),
        bytes: (this.bytes[place] as number) + bytesAt(job, index),
      }) && this.finish(place, costAt(job, index)) <= time * (1 + tolerance)
    );
  }

  /** Whether what it holds is within limits, and done in time. */
  holds(place: number, time: number): boolean {
    const [items, cost] = [this.items[place] as number, this.cost[place] as number];
    if (items === 0) return true;
    const bytes = this.bytes[place] as number;
    const isWithin = this.#isWithin(place, { items, cost, bytes });
    return isWithin && this.finish(place) <= time * (1 + tolerance);
  }

  /** When it is done with what it holds and so much more. */
  finish(place: number, more = 0): number {
    const speed = this.#job.speeds[place] as number;
    const cost = loadAt(this.#job, place) + (this.cost[place] as number) + more;
    if (speed > 0) return cost / speed;
    return (this.items[place] as number) > 0 || more > 0 ? Infinity : 0;
  }

  makespan(): number {
    return this.items.reduce((latest, _, place) => Math.max(latest, this.finish(place)), 0);
  }

  #isWithin(
    place: number,
    {
      items,
      cost,
      bytes,
    }: { readonly items: number; readonly cost: number; readonly bytes: number },
  ): boolean {
    const { speeds, itemLimits, costLimits, byteLimits } = this.#job;
    const slack = 1 + tolerance;
    return (
      (speeds[place] as number) > 0 &&
      items <= limitAt(itemLimits, place) &&
      cost <= limitAt(costLimits, place) * slack &&
      bytes <= limitAt(byteLimits, place)
    );
  }

  #add(place: number, index: number, times: 1 | -1): void {
    const [cost, bytes] = [costAt(this.#job, index), bytesAt(this.#job, index)];
    this.items[place] = (this.items[place] as number) + times;
    // Sums that are taken apart again in another order may end below 0.
    const isEmpty = this.items[place] === 0;
    this.cost[place] = isEmpty ? 0 : Math.max(0, (this.cost[place] as number) + times * cost);
    this.bytes[place] = isEmpty ? 0 : Math.max(0, (this.bytes[place] as number) + times * bytes);
  }
}

/** Items with a device that they did not have, or without the one they had. */
export function countMoves(before: Uint32Array, after: Uint32Array): number {
  let moves = 0;
  for (let index = 0; index < before.length; index += 1) {
    if (isMoved(before[index] as number, after[index] as number)) moves += 1;
  }
  return moves;
}

export function countUnassigned(owners: Uint32Array): number {
  return owners.reduce((count, owner) => count + (owner === unassignedOwner ? 1 : 0), 0);
}
