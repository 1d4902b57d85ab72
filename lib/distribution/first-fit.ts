import type { DistributionJob } from './job.js';
import { limitAt } from './job.js';
import { unassignedOwner } from './plan.js';
import { Room } from './room.js';

/**
 * Puts items, in the order given, each on the first device that has room, the smallest device
 * first. A tree over what devices have left finds it in about the logarithm of their number.
 */
export class FirstFit {
  readonly #job: DistributionJob;
  readonly #devices: Uint32Array;
  readonly #leaves: number;

  constructor(job: DistributionJob) {
    this.#job = job;
    const workers = [...job.deviceIds.keys()].filter(
      (device) => (job.speeds[device] as number) > 0,
    );
    const limitOf = (device: number) => limitAt(job.byteLimits, device);
    this.#devices = Uint32Array.from(workers).sort(
      (a, b) => compare(limitOf(a), limitOf(b)) || a - b,
    );
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, workers.length)));
  }

  /** Which device each item of the job goes to; those not in `order` to none. */
  place(order: Uint32Array, bytes: Float64Array): Uint32Array {
    const job = this.#job;
    const room = new Room(job);
    const owners = new Uint32Array(job.itemCount).fill(unassignedOwner);
    const most = this.#tree(room);
    for (let at = 0; at < order.length; at += 1) {
      const item = order[at] as number;
      const size = bytes[item] as number;
      for (let place = this.#next(most, size, 0); place >= 0; ) {
        const device = this.#devices[place] as number;
        if (room.fits(device, item)) {
          owners[item] = device;
          room.take(device, item);
          this.#set(most, place, leftOn(job, room, device));
          break;
        }
        place = this.#next(most, size, place + 1);
      }
    }
    return owners;
  }

  #tree(room: Room): Float64Array {
    const most = new Float64Array(2 * this.#leaves).fill(-1);
    for (const [place, device] of this.#devices.entries()) {
      most[this.#leaves + place] = leftOn(this.#job, room, device);
    }
    for (let node = this.#leaves - 1; node > 0; node -= 1) {
      most[node] = Math.max(most[2 * node] as number, most[2 * node + 1] as number);
    }
    return most;
  }

  #set(most: Float64Array, place: number, left: number): void {
    let node = this.#leaves + place;
    most[node] = left;
    for (node >>= 1; node > 0; node >>= 1) {
      most[node] = Math.max(most[2 * node] as number, most[2 * node + 1] as number);
    }
  }

  /** The first place from `from` on with so much left; -1: there is none. */
  #next(most: Float64Array, size: number, from: number): number {
    let node = this.#leaves + from;
    if (from >= this.#devices.length) return -1;
    while ((most[node] as number) < size) {
      // Up while it is a right child, then to the right neighbour.
      while (node % 2 === 1) node >>= 1;
      if (node === 0) return -1;
      node += 1;
    }
    while (node < this.#leaves) {
      node *= 2;
      if ((most[node] as number) < size) node += 1;
    }
    return node - this.#leaves;
  }
}

/** In bytes; -1: nothing may come any more. */
function leftOn(job: DistributionJob, room: Room, device: number): number {
  if (room.isFull(device)) return -1;
  return limitAt(job.byteLimits, device) - (room.bytes[device] as number);
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
