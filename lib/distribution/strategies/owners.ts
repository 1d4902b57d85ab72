import type { NativeAssignment } from '../../native-distribution.js';
import type { AssignEarliest } from '../earliest.js';
import type { DistributionJob } from '../job.js';
import { unassignedOwner } from '../plan.js';

type OrUndefined<T> = { readonly [key in keyof T]: T[key] | undefined };

/** What `AssignEarliest` is asked, lists that are undefined left out. */
export type Assigning = Pick<NativeAssignment, 'costs' | 'speeds' | 'order'> &
  OrUndefined<Omit<NativeAssignment, 'costs' | 'speeds' | 'order'>>;

export function assignWith(assignEarliest: AssignEarliest, what: Assigning): Uint32Array {
  const { bytes, loads, itemLimits, costLimits, byteLimits } = what;
  return assignEarliest({
    costs: what.costs,
    speeds: what.speeds,
    order: what.order,
    ...(bytes && { bytes }),
    ...(loads && { loads }),
    ...(itemLimits && { itemLimits }),
    ...(costLimits && { costLimits }),
    ...(byteLimits && { byteLimits }),
  });
}

/** Of every item, spelled out. */
export function costsOf(job: DistributionJob): Float64Array {
  return job.costs ?? new Float64Array(job.itemCount).fill(job.itemCost);
}

/** Of every item, spelled out; undefined where none takes any. */
export function bytesOf(job: DistributionJob): Float64Array | undefined {
  if (job.bytes !== undefined || job.itemBytes === 0) return job.bytes;
  return new Float64Array(job.itemCount).fill(job.itemBytes);
}

export function countUnassigned(owners: Uint32Array): number {
  let count = 0;
  for (let item = 0; item < owners.length; item += 1) {
    if (owners[item] === unassignedOwner) count += 1;
  }
  return count;
}
