import type { ItemKey } from './strategy.js';

/** What stands for a device where an item has none. */
export const unassignedOwner = 0xffff_ffff;

/** How many items each device gets, in order: device after device, the unassigned last. */
export interface CountsPlan {
  readonly kind: 'counts';
  readonly counts: Float64Array;
}

/** Which device each item goes to, by place; `unassignedOwner`: none. */
export interface OwnersPlan {
  readonly kind: 'owners';
  readonly owners: Uint32Array;
  /** Where a key of the items is at home from now on, by place; of 'locality'. */
  readonly homeOf?: (key: ItemKey) => number | undefined;
}

export type Plan = CountsPlan | OwnersPlan;
