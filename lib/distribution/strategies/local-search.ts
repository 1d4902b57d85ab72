import { descendingOrder } from '../descending-order.js';
import { type DistributionJob, limitAt, loadAt } from '../job.js';
import { unassignedOwner } from '../plan.js';
import { makespanOf } from '../quality.js';
import { Room } from '../room.js';
import { usageOf } from '../usage.js';
import { costsOf } from './owners.js';

/** Comparisons at most; about half a second. Counted and not timed: the same job, the same plan. */
const mostLooks = 2e7;
/** So many devices are looked at for the best exchange; after them the first one serves. */
const fewPartners = 32;
/** Where limits forbid the best swap, so many items around it are tried on either side. */
const neighbours = 4;

/** One item leaves the last device to finish, and perhaps one comes back. */
interface Exchange {
  readonly to: number;
  readonly item: number;
  readonly back: number | undefined;
  /** When the later of the two devices is done then. */
  readonly finish: number;
}

/**
 * The same items on other devices, so that the last one finishes earlier: an item of the device
 * that finishes last moves to another, or is swapped for a cheaper one, as long as both finish
 * before it did. Ends where no such exchange is left or after a fixed number of comparisons. Items
 * without a device stay without one. Never worse than `owners`, which stays as it is.
 */
export function improved(job: DistributionJob, owners: Uint32Array): Uint32Array {
  const search = new LocalSearch(job, owners);
  search.run();
  return isBetter(job, search.owners, owners) ? search.owners : owners;
}

class LocalSearch {
  readonly owners: Uint32Array;
  readonly #job: DistributionJob;
  readonly #room: Room;
  readonly #costs: Float64Array;
  /** Of each device, costliest first. */
  readonly #itemsOf: number[][];
  #looksLeft = mostLooks;

  constructor(job: DistributionJob, owners: Uint32Array) {
    this.owners = owners.slice();
    this.#job = job;
    this.#room = new Room(job);
    this.#costs = costsOf(job);
    this.#itemsOf = job.deviceIds.map(() => []);
    for (const item of descendingOrder(this.#costs)) {
      const device = owners[item] as number;
      if (device === unassignedOwner) continue;
      this.#listOf(device).push(item);
      this.#room.take(device, item);
    }
  }

  run(): void {
    while (this.#looksLeft > 0) {
      const last = this.#lastToFinish();
      const best = last === undefined ? undefined : this.#bestExchange(last);
      if (last === undefined || best === undefined) return;
      this.#apply(last, best);
    }
  }

  #listOf(device: number): number[] {
    return this.#itemsOf[device] as number[];
  }

  #costOf(item: number): number {
    return this.#costs[item] as number;
  }

  #finishOf(device: number, more = 0): number {
    const load = loadAt(this.#job, device) + (this.#room.cost[device] as number);
    return (load + more) / (this.#job.speeds[device] as number);
  }

  #lastToFinish(): number | undefined {
    let last: number | undefined;
    let latest = 0;
    for (let device = 0; device < this.#itemsOf.length; device += 1) {
      if (this.#job.speeds[device] === 0 || this.#finishOf(device) <= latest) continue;
      last = device;
      latest = this.#finishOf(device);
    }
    return last;
  }

  /** The best of those with the first devices to finish; of the others, the first there is. */
  #bestExchange(last: number): Exchange | undefined {
    const finishes = this.#job.speeds.map((speed, device) =>
      speed === 0 ? Infinity : this.#finishOf(device),
    );
    const latest = finishes[last] as number;
    const partners = [...finishes.keys()]
      .filter((device) => (finishes[device] as number) < latest)
      .sort((a, b) => (finishes[a] as number) - (finishes[b] as number) || a - b);
    this.#looksLeft -= 4 * finishes.length;
    let best: Exchange | undefined;
    for (const [rank, partner] of partners.entries()) {
      if ((rank >= fewPartners && best !== undefined) || this.#looksLeft <= 0) break;
      best = this.#exchange(last, partner, best?.finish ?? latest) ?? best;
    }
    return best;
  }

  /** The best one between the two that ends before `limit`. */
  #exchange(from: number, to: number, limit: number): Exchange | undefined {
    const items = this.#listOf(from);
    const theirs = this.#listOf(to);
    this.#looksLeft -= items.length + theirs.length;
    const transfer = this.#evenTransfer(from, to);
    let best: Exchange | undefined;
    const offer = (item: number, back: number | undefined) => {
      const cost = this.#costOf(item) - (back === undefined ? 0 : this.#costOf(back));
      const finish = Math.max(this.#finishOf(from, -cost), this.#finishOf(to, cost));
      if (cost <= 0 || finish >= (best?.finish ?? limit)) return;
      if (this.#isAllowed({ from, to, item, back })) best = { to, item, back, finish };
    };
    const reach = this.#room.isLimited ? neighbours : 1;
    // Both lists fall in cost, and so does what should come back: the place in theirs only rises.
    let place = 0;
    for (const item of items) {
      offer(item, undefined);
      const wanted = this.#costOf(item) - transfer;
      while (place < theirs.length && this.#costOf(theirs[place] as number) > wanted) place += 1;
      const end = Math.min(theirs.length, place + reach);
      for (let at = Math.max(0, place - reach); at < end; at += 1) offer(item, theirs[at]);
    }
    return best;
  }

  /** The cost after whose transfer both finish at the same time. */
  #evenTransfer(from: number, to: number): number {
    const [fast, slow] = [this.#job.speeds[from] as number, this.#job.speeds[to] as number];
    return ((this.#finishOf(from) - this.#finishOf(to)) * fast) / (fast / slow + 1);
  }

  #isAllowed(swap: {
    readonly from: number;
    readonly to: number;
    readonly item: number;
    readonly back: number | undefined;
  }): boolean {
    const { from, to, item, back } = swap;
    if (back === undefined) return this.#room.fits(to, item);
    const room = this.#room;
    return room.fitsInstead(to, item, back) && room.fitsInstead(from, back, item);
  }

  #apply(from: number, { to, item, back }: Exchange): void {
    this.#move(item, from, to);
    if (back !== undefined) this.#move(back, to, from);
  }

  #move(item: number, from: number, to: number): void {
    const list = this.#listOf(from);
    list.splice(list.indexOf(item), 1);
    const target = this.#listOf(to);
    const cost = this.#costOf(item);
    const place = target.findIndex((other) => this.#costOf(other) < cost);
    target.splice(place === -1 ? target.length : place, 0, item);
    this.#room.giveBack(from, item);
    this.#room.take(to, item);
    this.owners[item] = to;
  }
}

/** Added up anew, as the distribution will do it: what rounding did on the way does not count. */
function isBetter(job: DistributionJob, owners: Uint32Array, than: Uint32Array): boolean {
  const before = usageOf(job, { kind: 'owners', owners: than });
  const after = usageOf(job, { kind: 'owners', owners });
  const isWithin = (limits: Float64Array | undefined, kind: 'costs' | 'bytes') =>
    after[kind].every((sum, device) => {
      return sum <= Math.max(limitAt(limits, device), before[kind][device] as number);
    });
  return (
    makespanOf(job, after) < makespanOf(job, before) &&
    isWithin(job.costLimits, 'costs') &&
    isWithin(job.byteLimits, 'bytes')
  );
}
