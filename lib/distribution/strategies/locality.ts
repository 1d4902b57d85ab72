import { descendingOrder } from '../descending-order.js';
import { EarliestFinish } from '../earliest-finish.js';
import { costAt, type DistributionJob, loadAt } from '../job.js';
import { KeyGroups } from '../key-groups.js';
import { type OwnersPlan, unassignedOwner } from '../plan.js';
import { Room } from '../room.js';
import type { ItemKey } from '../strategy.js';

/**
 * Items stay where their key is at home, as long as that device is below `maxLoadRatio` times its
 * fair share: its part by speed of all cost and load. It may pass that by one item. What is past it
 * and keys without a home follow as groups, the costliest first, each to the device that finishes
 * it first, and on to the next one where that is at the same guard. Limits come before the guard:
 * where they keep items from every device below it, others go above it, rather than to none.
 *
 * A key keeps its home as long as that device is there; else the first device that got its items
 * is its home. The same job, the same plan. A million items of as many keys take a second or two.
 */
export function locality(job: DistributionJob): OwnersPlan {
  const placing = new Placing(job);
  placing.keepAtHome();
  placing.spread();
  placing.squeezeIn();
  return placing.plan();
}

class Placing {
  readonly #job: DistributionJob;
  readonly #room: Room;
  readonly #owners: Uint32Array;
  readonly #groups: KeyGroups;
  readonly #guard: number;
  /** No device below the guard takes them. */
  readonly #left: number[] = [];

  constructor(job: DistributionJob) {
    this.#job = job;
    this.#room = new Room(job);
    this.#owners = new Uint32Array(job.itemCount).fill(unassignedOwner);
    this.#groups = new KeyGroups(job.itemCount);
    this.#guard = job.settings.maxLoadRatio * fairFinish(job);
  }

  keepAtHome(): void {
    const { keys = [], deviceIds, speeds, settings } = this.#job;
    const placeOf = new Map(deviceIds.map((id, place) => [id, place]));
    const homeOf = (key: ItemKey) => {
      const place = placeOf.get(settings.placement?.get(key) ?? '');
      return place === undefined || speeds[place] === 0 ? undefined : place;
    };
    const groups = this.#groups;
    for (let item = 0; item < keys.length; item += 1) {
      const group = groups.of(keys[item] as ItemKey, homeOf);
      const home = groups.homes[group];
      if (home !== undefined && this.#isBelowGuard(home) && this.#room.fits(home, item)) {
        this.#put(item, home);
      } else {
        groups.add(group, { item, cost: costAt(this.#job, item) });
      }
    }
  }

  /** What has no device yet, of one key after another. */
  spread(): void {
    const groups = this.#groups;
    const earliest = this.#earliest((device) => this.#isBelowGuard(device));
    for (const group of descendingOrder(Float64Array.from(groups.costs))) {
      let rest = groups.costs[group] as number;
      for (let item = groups.firstOf(group); item !== undefined; ) {
        const first = item;
        const device = earliest.find(rest, (one) => this.#room.fits(one, first));
        if (device === undefined) {
          this.#left.push(item);
          rest -= costAt(this.#job, item);
          item = groups.after(item);
          continue;
        }
        groups.homes[group] ??= device;
        while (item !== undefined && this.#isBelowGuard(device) && this.#room.fits(device, item)) {
          this.#put(item, device);
          rest -= costAt(this.#job, item);
          item = groups.after(item);
        }
        earliest.setLoad(device, this.#isBelowGuard(device) ? this.#loadOf(device) : Infinity);
      }
    }
  }

  /** Above the guard, one by one. */
  squeezeIn(): void {
    if (this.#left.length === 0) return;
    const groups = this.#groups;
    const earliest = this.#earliest(() => true);
    for (const item of this.#left) {
      const device = earliest.find(costAt(this.#job, item), (one) => this.#room.fits(one, item));
      if (device === undefined) continue;
      this.#put(item, device);
      earliest.setLoad(device, this.#loadOf(device));
      groups.homes[groups.of(this.#job.keys?.[item] as ItemKey)] ??= device;
    }
  }

  plan(): OwnersPlan {
    const groups = this.#groups;
    const homeOf = (key: ItemKey) => groups.homes[groups.of(key)];
    return { kind: 'owners', owners: this.#owners, homeOf };
  }

  #put(item: number, device: number): void {
    this.#owners[item] = device;
    this.#room.take(device, item);
  }

  /** Infinity: no item fits any more. */
  #loadOf(device: number): number {
    if (this.#room.isFull(device)) return Infinity;
    return loadAt(this.#job, device) + (this.#room.cost[device] as number);
  }

  #isBelowGuard(device: number): boolean {
    const load = loadAt(this.#job, device) + (this.#room.cost[device] as number);
    return load === 0 || load < this.#guard * (this.#job.speeds[device] as number);
  }

  #earliest(isIn: (device: number) => boolean): EarliestFinish {
    const loads = this.#job.speeds.map((_, device) => {
      return isIn(device) ? this.#loadOf(device) : Infinity;
    });
    return new EarliestFinish(this.#job.speeds, loads);
  }
}

/** When all finish if cost and load are shared out by speed. */
export function fairFinish(job: DistributionJob): number {
  let work = job.costs?.reduce((a, b) => a + b, 0) ?? job.itemCount * job.itemCost;
  let speed = 0;
  for (let device = 0; device < job.speeds.length; device += 1) {
    const own = job.speeds[device] as number;
    speed += own;
    if (own > 0) work += loadAt(job, device);
  }
  return speed === 0 ? 0 : work / speed;
}
