import type { ItemKey } from './strategy.js';

/** What stands for no item. */
const none = 0xffff_ffff;

/**
 * Items by key, and where each key is at home. In columns and chains through the items: an object
 * and a list for each of a million keys would take ten times as long.
 */
export class KeyGroups {
  /** By group, as all that follows. */
  readonly homes: (number | undefined)[] = [];
  /** Of the items that were added. */
  readonly costs: number[] = [];
  readonly #groupOf = new Map<ItemKey, number>();
  readonly #first: number[] = [];
  readonly #last: number[] = [];
  readonly #next: Uint32Array;

  constructor(itemCount: number) {
    this.#next = new Uint32Array(itemCount).fill(none);
  }

  /** The key's group; a new one has the home that is told. */
  of(key: ItemKey, homeOf?: (key: ItemKey) => number | undefined): number {
    let group = this.#groupOf.get(key);
    if (group !== undefined) return group;
    group = this.costs.length;
    this.#groupOf.set(key, group);
    this.homes.push(homeOf?.(key));
    this.costs.push(0);
    this.#first.push(none);
    this.#last.push(none);
    return group;
  }

  add(group: number, { item, cost }: { readonly item: number; readonly cost: number }): void {
    const last = this.#last[group] as number;
    if (last === none) this.#first[group] = item;
    else this.#next[last] = item;
    this.#last[group] = item;
    this.costs[group] = (this.costs[group] as number) + cost;
  }

  firstOf(group: number): number | undefined {
    return known(this.#first[group] as number);
  }

  /** In the same group. */
  after(item: number): number | undefined {
    return known(this.#next[item] as number);
  }
}

function known(item: number): number | undefined {
  return item === none ? undefined : item;
}
