import { equalCounts } from './equal-counts.js';
import { fillLevel } from './fill-level.js';
import { type DistributionJob, equalItemLimit, limitAt, loadAt } from './job.js';
import { finishOf, type Usage } from './usage.js';

/** Makes up for roundings. */
const down = 1 - 1e-12;

/**
 * When the last device is done: the greatest (load + cost) / speed of those that got items or had
 * load; 0 where there are none.
 */
export function makespanOf(job: DistributionJob, usage: Usage): number {
  let latest = 0;
  for (let place = 0; place < job.deviceIds.length; place += 1) {
    latest = Math.max(latest, finishOf(job, usage, place));
  }
  return latest;
}

/**
 * What no plan of the same assigned items can beat. Items that all cost the same: the least
 * makespan itself, under the limits on items and cost, and on bytes where they take the same.
 * Others: the greatest of
 * - the level that the assigned cost reaches when it is poured over the devices without being cut
 *   into items, each device starting at its load / speed and ending at its limit on cost;
 * - the greatest load / speed that is there already;
 * - the least (load + w) / speed of any device that may take w, the greatest cost assigned.
 */
export function lowerBoundOf(job: DistributionJob, usage: Usage): number {
  const { deviceIds, costs } = job;
  let bound = 0;
  for (let place = 0; place < deviceIds.length; place += 1) {
    const load = loadAt(job, place);
    const speed = job.speeds[place] as number;
    if (load > 0 && speed > 0) bound = Math.max(bound, load / speed);
  }
  if (usage.assignedItems === 0) return bound;
  if (costs === undefined) return Math.max(bound, optimumOfEqual(job, usage.assignedItems));
  return Math.max(bound, levelOf(job, usage.assignedCost), aloneOf(job, usage.greatestCost));
}

/**
 * The makespan over what all devices together, never idle, would take: sum of cost and load over
 * sum of speed. 1 is perfect; undefined where nothing was assigned.
 */
export function imbalanceOf(job: DistributionJob, usage: Usage): number | undefined {
  if (usage.assignedItems === 0) return undefined;
  let [work, speed] = [usage.assignedCost, 0];
  for (let place = 0; place < job.deviceIds.length; place += 1) {
    const own = job.speeds[place] as number;
    speed += own;
    if (own > 0) work += loadAt(job, place);
  }
  if (work === 0) return 1;
  const even = work / speed;
  if (even > 1e-290 && even < Infinity) return makespanOf(job, usage) / even;
  return greatestPart(job, usage);
}

/** The same where times are no ordinary numbers: parts of all work over parts of all speed. */
function greatestPart(job: DistributionJob, usage: Usage): number {
  const works = job.speeds.map((speed, place) =>
    speed > 0 ? loadAt(job, place) + (usage.costs[place] as number) : 0,
  );
  const workParts = partsOf(works);
  const speedParts = partsOf(job.speeds);
  return workParts.reduce(
    (most, part, place) => (part > 0 ? Math.max(most, part / (speedParts[place] as number)) : most),
    1,
  );
}

function partsOf(values: Float64Array): Float64Array {
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const parts = values.map((value) => value / most);
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => part / sum);
}

function optimumOfEqual(job: DistributionJob, itemCount: number): number {
  const cost = job.itemCost;
  // Items that cost nothing change no makespan.
  if (cost === 0) return 0;
  const limits = job.speeds.map((_, place) => equalItemLimit(job, place));
  const loads = job.loads?.map((load) => load / cost);
  const counts = equalCounts(itemCount, { speeds: job.speeds, loads, limits });
  let latest = 0;
  for (let place = 0; place < counts.length; place += 1) {
    const count = counts[place] as number;
    if (count === 0) continue;
    latest = Math.max(latest, (loadAt(job, place) + count * cost) / (job.speeds[place] as number));
  }
  return latest;
}

/** The least (load + cost) / speed of the devices that may take an item of that cost. */
function aloneOf(job: DistributionJob, cost: number): number {
  let least = Infinity;
  for (let place = 0; place < job.deviceIds.length; place += 1) {
    const speed = job.speeds[place] as number;
    if (speed === 0 || cost > limitAt(job.costLimits, place)) continue;
    least = Math.min(least, (loadAt(job, place) + cost) / speed);
  }
  return least === Infinity ? 0 : least;
}

/** From below: what is rounded must not lift the bound above what is true. */
function levelOf({ speeds, loads, costLimits }: DistributionJob, cost: number): number {
  return fillLevel(cost * down, { speeds, loads, limits: costLimits }) * down;
}
