import { descendingOrder } from '../descending-order.js';
import type { AssignEarliest } from '../earliest.js';
import type { DistributionJob } from '../job.js';
import type { Plan } from '../plan.js';
import { capacity } from './equal.js';
import { improved } from './local-search.js';
import { assignWith, bytesOf, costsOf, countUnassigned } from './owners.js';

/**
 * Items that take time: the costliest first, each to the device that has finished it first, started
 * from the load that is there (LPT). Where no load is there and no limit binds, the last to finish
 * takes at most 4/3 - 1/(3m) of the optimum on m devices of one speed, 2m/(m + 1) on others. With
 * `improve`, moves and swaps follow; that is never worse.
 *
 * Where limits leave items over, the largest in bytes are tried first instead, and the plan that
 * assigns more items is kept.
 */
export function cost(job: DistributionJob, assignEarliest: AssignEarliest): Plan {
  if (job.costs === undefined && job.bytes === undefined) {
    const settings = { ...job.settings, rounding: 'makespan' } as const;
    return capacity({ ...job, settings }, assignEarliest);
  }
  const costs = costsOf(job);
  const byCost = assignWith(assignEarliest, {
    ...job,
    costs,
    bytes: bytesOf(job),
    order: 'descending',
  });
  const owners = job.bytes === undefined ? byCost : fuller(byCost, job, assignEarliest);
  return { kind: 'owners', owners: job.settings.improve ? improved(job, owners) : owners };
}

function fuller(
  byCost: Uint32Array,
  job: DistributionJob,
  assignEarliest: AssignEarliest,
): Uint32Array {
  const unassigned = countUnassigned(byCost);
  const { bytes } = job;
  if (unassigned === 0 || bytes === undefined) return byCost;
  const order = descendingOrder(bytes);
  const costs = costsOf(job);
  const sorted = assignWith(assignEarliest, {
    ...job,
    costs: costs.map((_, place) => costs[order[place] as number] as number),
    bytes: bytes.map((_, place) => bytes[order[place] as number] as number),
    order: 'given',
  });
  if (countUnassigned(sorted) >= unassigned) return byCost;
  const owners = new Uint32Array(order.length);
  for (let place = 0; place < order.length; place += 1) {
    owners[order[place] as number] = sorted[place] as number;
  }
  return owners;
}
