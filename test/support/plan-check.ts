import { Distribution } from '../../lib/distribution/distribution.js';
import { bytesAt, costAt, type DistributionJob, limitAt } from '../../lib/distribution/job.js';
import type { Plan } from '../../lib/distribution/plan.js';
import { readSharing } from '../../lib/distribution/sharing.js';

/** Who adds up in another order gets another sum. */
const slack = 1 + 2 ** -40;
const sharing = readSharing(new Map());

/** What devices hold by the lists that a distribution gives out, added up anew. */
interface Held {
  readonly items: Float64Array;
  readonly cost: Float64Array;
  readonly bytes: Float64Array;
}

/**
 * What is wrong with a plan, seen through the result that users get; undefined: nothing. Unless it
 * may, a plan leaves no item out that a device has room for. Plain loops: this is for millions.
 */
export function planProblem(
  job: DistributionJob,
  plan: Plan,
  { mayLeaveRoom = false }: { readonly mayLeaveRoom?: boolean } = {},
): string | undefined {
  const source = Array.from({ length: job.itemCount }, (_, index) => index);
  const items = { length: job.itemCount, source };
  const distribution = new Distribution<number>({ strategy: 'any', sharing, job, plan, items });
  const lists = [...distribution.assignments.values(), distribution.unassigned];
  if (lists.length !== job.deviceIds.length + 1) return `${lists.length} lists`;
  const held = heldBy(job, lists);
  return (
    listProblem(lists, plan, job.itemCount) ??
    limitProblem(job, held) ??
    (mayLeaveRoom ? undefined : roomProblem(job, distribution.unassigned, held)) ??
    qualityProblem(job, distribution)
  );
}

/** Whether all items are there once, in order; by counts device after device. */
function listProblem(
  lists: readonly (readonly number[])[],
  plan: Plan,
  itemCount: number,
): string | undefined {
  const isThere = new Uint8Array(itemCount);
  let found = 0;
  let next = 0;
  for (const list of lists) {
    let last = -1;
    for (const item of list) {
      if (isThere[item] !== 0) return `item ${item} twice, or no item`;
      if (item <= last) return `item ${item} after ${last}`;
      if (plan.kind === 'counts' && item !== next) return `item ${item}, not ${next}`;
      isThere[item] = 1;
      last = item;
      next = item + 1;
      found += 1;
    }
  }
  return found === itemCount ? undefined : `${found} of ${itemCount} items`;
}

function heldBy(job: DistributionJob, lists: readonly (readonly number[])[]): Held {
  const zeros = () => new Float64Array(job.deviceIds.length);
  const held = { items: zeros(), cost: zeros(), bytes: zeros() };
  for (let device = 0; device < job.deviceIds.length; device += 1) {
    let [cost, bytes] = [0, 0];
    const list = lists[device] ?? [];
    for (const item of list) {
      cost += costAt(job, item);
      bytes += bytesAt(job, item);
    }
    held.items[device] = list.length;
    held.cost[device] = cost;
    held.bytes[device] = bytes;
  }
  return held;
}

function limitProblem(job: DistributionJob, held: Held): string | undefined {
  for (let device = 0; device < job.deviceIds.length; device += 1) {
    const [items = NaN, cost = NaN, bytes = NaN] = [
      held.items[device],
      held.cost[device],
      held.bytes[device],
    ];
    if (items === 0) continue;
    if (job.speeds[device] === 0) return `device ${device}: ${items} items at speed 0`;
    if (!(items <= limitAt(job.itemLimits, device))) return `device ${device}: ${items} items`;
    if (!(cost <= limitAt(job.costLimits, device) * slack)) return `device ${device}: cost ${cost}`;
    if (!(bytes <= limitAt(job.byteLimits, device) * slack)) return `device ${device}: ${bytes} B`;
    if (items < job.settings.minPerDevice) return `device ${device}: ${items} items are too few`;
  }
  return undefined;
}

function qualityProblem(
  job: DistributionJob,
  distribution: Distribution<number>,
): string | undefined {
  const { unassigned, unassignedReasons, makespan, lowerBound, imbalance } = distribution;
  const isNone = unassigned.length === job.itemCount;
  if (unassignedReasons.length !== unassigned.length) return `${unassignedReasons.length} reasons`;
  if (unassignedReasons.some(({ message }) => message === '')) return 'a reason that says nothing';
  if (!(makespan >= 0 && makespan < Infinity)) return `makespan ${makespan}`;
  if (!(lowerBound >= 0 && lowerBound <= makespan * slack)) {
    return `lower bound ${lowerBound}, makespan ${makespan}`;
  }
  if ((imbalance === undefined) !== isNone) return `imbalance ${imbalance}`;
  if (imbalance !== undefined && !(imbalance >= 0)) return `imbalance ${imbalance}`;
  return undefined;
}

/** An item without a device that one would have room for. */
function roomProblem(
  job: DistributionJob,
  unassigned: readonly number[],
  held: Held,
): string | undefined {
  for (const item of unassigned) {
    for (let device = 0; device < job.deviceIds.length; device += 1) {
      const fits =
        (job.speeds[device] ?? 0) > 0 &&
        (held.items[device] ?? 0) + 1 <= limitAt(job.itemLimits, device) &&
        ((held.cost[device] ?? 0) + costAt(job, item)) * slack <= limitAt(job.costLimits, device) &&
        ((held.bytes[device] ?? 0) + bytesAt(job, item)) * slack <= limitAt(job.byteLimits, device);
      if (fits) return `item ${item} has no device, and ${device} has room`;
    }
  }
  return undefined;
}
