import { EarliestFinish } from '../earliest-finish.js';
import { costAt, type DistributionJob, loadAt } from '../job.js';
import { type OwnersPlan, type Plan, unassignedOwner } from '../plan.js';
import { Room } from '../room.js';
import type { ItemKey } from '../strategy.js';

/** Items of one key that have no device yet, in order. */
interface Group {
  readonly key: ItemKey;
  readonly items: number[];
  cost: number;
}

/**
 * Items stay where their key is at home, as long as that device is below `maxLoadRatio` times its
 * fair share: its part by speed of all cost and load. It may pass that by one item. What is past it
 * and keys without a home follow as groups, the costliest first, each to the device that finishes
 * it first, and on to the next one where that is at the same guard. Limits come before the guard:
 * where they keep items from every device below it, others go above it, rather than to none.
 *
 * A key keeps its home as long as that device is there; else the first device that got its items
 * is its home. The same job, the same plan. A million items of as many keys take about a second.
 */
export function locality(job: DistributionJob): Plan {
  const placing = new Placing(job);
  const groups = placing.keepAtHome();
  placing.spread(groups.sort((a, b) => b.cost - a.cost));
  placing.squeezeIn();
  return placing.plan();
}

class Placing {
  readonly #job: DistributionJob;
  readonly #room: Room;
  readonly #owners: Uint32Array;
  readonly #homes = new Map<ItemKey, number>();
  readonly #guard: number;
  /** No device below the guard takes them. */
  readonly #left: number[] = [];

  constructor(job: DistributionJob) {
    this.#job = job;
    this.#room = new Room(job);
    this.#owners = new Uint32Array(job.itemCount).fill(unassignedOwner);
    this.#guard = job.settings.maxLoadRatio * fairFinish(job);
  }

  /** Those that cannot stay, or have no home. */
  keepAtHome(): Group[] {
    const { keys = [], deviceIds, speeds, settings } = this.#job;
    const placeOf = new Map(deviceIds.map((id, place) => [id, place]));
    const groups = new Map<ItemKey, Group>();
    for (const [item, key] of keys.entries()) {
      let home = this.#homes.get(key);
      if (home === undefined && settings.placement !== undefined && !groups.has(key)) {
        home = placeOf.get(settings.placement.get(key) ?? '');
        if (home !== undefined && (speeds[home] as number) === 0) home = undefined;
        if (home !== undefined) this.#homes.set(key, home);
      }
      if (home !== undefined && this.#isBelowGuard(home) && this.#room.fits(home, item)) {
        this.#put(item, home);
        continue;
      }
      let group = groups.get(key);
      if (group === undefined) {
        group = { key, items: [], cost: 0 };
        groups.set(key, group);
      }
      group.items.push(item);
      group.cost += costAt(this.#job, item);
    }
    return [...groups.values()];
  }

  spread(groups: readonly Group[]): void {
    const earliest = this.#earliest((device) => this.#isBelowGuard(device));
    for (const { key, items, cost } of groups) {
      let rest = cost;
      for (let at = 0; at < items.length; ) {
        const first = items[at] as number;
        const device = earliest.find(rest, (one) => this.#room.fits(one, first));
        if (device === undefined) {
          this.#left.push(first);
          rest -= costAt(this.#job, first);
          at += 1;
          continue;
        }
        if (!this.#homes.has(key)) this.#homes.set(key, device);
        for (; at < items.length && this.#isBelowGuard(device); at += 1) {
          const item = items[at] as number;
          if (!this.#room.fits(device, item)) break;
          this.#put(item, device);
          rest -= costAt(this.#job, item);
        }
        earliest.setLoad(device, this.#isBelowGuard(device) ? this.#loadOf(device) : Infinity);
      }
    }
  }

  /** Above the guard, one by one. */
  squeezeIn(): void {
    if (this.#left.length === 0) return;
    const { keys } = this.#job;
    const earliest = this.#earliest(() => true);
    for (const item of this.#left) {
      const device = earliest.find(costAt(this.#job, item), (one) => this.#room.fits(one, item));
      if (device === undefined) continue;
      this.#put(item, device);
      earliest.setLoad(device, this.#loadOf(device));
      const key = keys?.[item];
      if (key !== undefined && !this.#homes.has(key)) this.#homes.set(key, device);
    }
  }

  plan(): OwnersPlan {
    return { kind: 'owners', owners: this.#owners, homes: this.#homes };
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
