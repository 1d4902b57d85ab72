import type { AssignEarliest } from '../earliest.js';
import { equalCounts } from '../equal-counts.js';
import { bytesAt, costAt, type DistributionJob, equalItemLimit, limitAt } from '../job.js';
import { largestRemainderCounts } from '../largest-remainder.js';
import { countsWithMinimum } from '../minimum-batch.js';
import { type Plan, unassignedOwner } from '../plan.js';
import { assignWith, bytesOf, costsOf } from './owners.js';

/** Device after device where items are alike; else item after item, each to whom it is due. */
export function uniform(job: DistributionJob, assignEarliest: AssignEarliest): Plan {
  if (job.costs === undefined && job.bytes === undefined) return alike(job);
  if (job.costLimits === undefined) return inTurns(job, assignEarliest);
  if (job.byteLimits !== undefined) return byCount(job);
  // Costs that are a limit and nothing else are limited as bytes are.
  const asBytes = { bytes: costsOf(job), byteLimits: job.costLimits, costLimits: undefined };
  return inTurns({ ...job, ...asBytes }, assignEarliest);
}

/** In proportion to speed, after what is there: costs, not items, where items have costs. */
export function capacity(job: DistributionJob, assignEarliest: AssignEarliest): Plan {
  if (job.costs === undefined && job.bytes === undefined) return alike(job);
  const whole = { ...job, costs: costsOf(job), bytes: bytesOf(job), order: 'given' } as const;
  return { kind: 'owners', owners: assignWith(assignEarliest, whole) };
}

export const leastLoaded: typeof capacity = capacity;

function alike(job: DistributionJob): Plan {
  const { speeds, itemCount, settings } = job;
  const isLimited = job.itemLimits ?? job.costLimits ?? job.byteLimits;
  const unit = job.itemCost > 0 ? job.itemCost : 1;
  const devices = {
    speeds,
    loads: job.loads?.map((load) => load / unit),
    limits: isLimited && speeds.map((_, place) => equalItemLimit(job, place)),
  };
  const { minPerDevice, rounding } = settings;
  if (minPerDevice > 1) {
    return { kind: 'counts', counts: countsWithMinimum(itemCount, minPerDevice, devices) };
  }
  const countsOf = rounding === 'makespan' ? equalCounts : largestRemainderCounts;
  return { kind: 'counts', counts: countsOf(itemCount, devices) };
}

/** Each item counts as one, whatever it costs. */
function inTurns(job: DistributionJob, assignEarliest: AssignEarliest): Plan {
  const costs = new Float64Array(job.itemCount).fill(1);
  const counted = { ...job, costs, bytes: bytesOf(job), order: 'given' } as const;
  return { kind: 'owners', owners: assignWith(assignEarliest, counted) };
}

/** The same where cost is limited beside bytes: a look at every device for every item. */
function byCount(job: DistributionJob): Plan {
  const { speeds, itemCount } = job;
  const owners = new Uint32Array(itemCount).fill(unassignedOwner);
  const finish = speeds.map((speed, place) => ((job.loads?.[place] ?? 0) + 1) / speed);
  const [items, cost, held] = [speeds.map(() => 0), speeds.map(() => 0), speeds.map(() => 0)];
  for (let index = 0; index < itemCount; index += 1) {
    const [own, size] = [costAt(job, index), bytesAt(job, index)];
    let next = -1;
    for (let place = 0; place < speeds.length; place += 1) {
      if (speeds[place] === 0 || (next >= 0 && at(finish, place) >= at(finish, next))) continue;
      if (at(items, place) + 1 > limitAt(job.itemLimits, place)) continue;
      if (at(cost, place) + own > limitAt(job.costLimits, place)) continue;
      if (at(held, place) + size > limitAt(job.byteLimits, place)) continue;
      next = place;
    }
    if (next < 0) continue;
    owners[index] = next;
    items[next] = at(items, next) + 1;
    cost[next] = at(cost, next) + own;
    held[next] = at(held, next) + size;
    finish[next] = ((job.loads?.[next] ?? 0) + at(items, next) + 1) / at(speeds, next);
  }
  return { kind: 'owners', owners };
}

/** Every index used here lies inside its array. */
function at(values: Float64Array, index: number): number {
  return values[index] as number;
}
