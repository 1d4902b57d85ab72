import { bytesAt, costAt, type DistributionJob, loadAt } from './job.js';
import { type Plan, unassignedOwner } from './plan.js';

/** What a plan puts on each device, by place. */
export interface Usage {
  readonly items: Float64Array;
  readonly costs: Float64Array;
  readonly bytes: Float64Array;
  readonly assignedItems: number;
  readonly assignedCost: number;
  /** Of the items that go to a device; 0 without any. */
  readonly greatestCost: number;
}

export function usageOf(job: DistributionJob, plan: Plan): Usage {
  const isEqual = job.costs === undefined && job.bytes === undefined;
  if (plan.kind === 'counts' && isEqual) return usageOfEqual(job, plan.counts);
  const usage = summed(job, plan);
  // Of equal ones no sum: who adds up 0.1 ten times gets less than 1.
  const { items } = usage;
  const times = (each: number) => items.map((count) => count * each);
  const costs = job.costs === undefined ? times(job.itemCost) : usage.costs;
  const bytes = job.bytes === undefined ? times(job.itemBytes) : usage.bytes;
  const { greatestCost } = usage;
  return { items, costs, bytes, ...sums({ items, costs }), greatestCost };
}

/** Item by item. */
function summed(job: DistributionJob, plan: Plan) {
  const usage = emptyUsage(job.deviceIds.length);
  let greatestCost = 0;
  const put = (place: number, index: number) => {
    const cost = costAt(job, index);
    greatestCost = Math.max(greatestCost, cost);
    usage.items[place] = (usage.items[place] as number) + 1;
    usage.costs[place] = (usage.costs[place] as number) + cost;
    usage.bytes[place] = (usage.bytes[place] as number) + bytesAt(job, index);
  };
  if (plan.kind === 'counts') {
    let index = 0;
    for (let place = 0; place < plan.counts.length; place += 1) {
      for (const end = index + (plan.counts[place] as number); index < end; index += 1) {
        put(place, index);
      }
    }
  } else {
    for (let index = 0; index < plan.owners.length; index += 1) {
      const place = plan.owners[index] as number;
      if (place !== unassignedOwner) put(place, index);
    }
  }
  return { ...usage, greatestCost };
}

function emptyUsage(deviceCount: number) {
  return {
    items: new Float64Array(deviceCount),
    costs: new Float64Array(deviceCount),
    bytes: new Float64Array(deviceCount),
  };
}

function usageOfEqual(job: DistributionJob, counts: Float64Array): Usage {
  const usage = {
    items: counts,
    costs: counts.map((count) => count * job.itemCost),
    bytes: counts.map((count) => count * job.itemBytes),
  };
  const { assignedItems, assignedCost } = sums(usage);
  const greatestCost = assignedItems > 0 ? job.itemCost : 0;
  return { ...usage, assignedItems, assignedCost, greatestCost };
}

function sums({ items, costs }: Pick<Usage, 'items' | 'costs'>) {
  let assignedItems = 0;
  let assignedCost = 0;
  for (let place = 0; place < items.length; place += 1) {
    assignedItems += items[place] as number;
    assignedCost += costs[place] as number;
  }
  return { assignedItems, assignedCost };
}

/** When the device is done. One without speed does not count, unless it got work: Infinity. */
export function finishOf(job: DistributionJob, usage: Usage, place: number): number {
  const cost = usage.costs[place] as number;
  const speed = job.speeds[place] as number;
  if (speed === 0) return cost === 0 ? 0 : Infinity;
  return (loadAt(job, place) + cost) / speed;
}
