import {
  bytesAt,
  costAt,
  type DistributionJob,
  limitAt,
  loadAt,
} from '../../lib/distribution/job.js';
import { type Plan, unassignedOwner } from '../../lib/distribution/plan.js';
import { makespanOf } from '../../lib/distribution/quality.js';
import { usageOf } from '../../lib/distribution/usage.js';

/** Who adds up in another order gets another sum. */
const slack = 1 + 2 ** -40;

interface Held {
  items: number;
  cost: number;
  bytes: number;
}

/** The least makespan of all ways to give every item a device; Infinity: there is none. */
export function leastMakespan(job: DistributionJob): number {
  const held = job.deviceIds.map(() => ({ items: 0, cost: 0, bytes: 0 }));
  const finish = (device: number) =>
    (loadAt(job, device) + (held[device]?.cost ?? 0)) / (job.speeds[device] ?? 0);
  const already = job.deviceIds.map((_, device) => (loadAt(job, device) > 0 ? finish(device) : 0));
  let least = Infinity;
  const place = (item: number, latest: number) => {
    if (latest >= least) return;
    if (item === job.itemCount) {
      least = latest;
      return;
    }
    for (const device of thatTake(job, held, item)) {
      take(job, held[device], { item, times: 1 });
      place(item + 1, Math.max(latest, finish(device)));
      take(job, held[device], { item, times: -1 });
    }
  };
  place(0, Math.max(0, ...already.filter(Number.isFinite)));
  return least;
}

/** The most items that any plan gives a device. */
export function mostItems(job: DistributionJob): number {
  const held = job.deviceIds.map(() => ({ items: 0, cost: 0, bytes: 0 }));
  let most = 0;
  const place = (item: number, taken: number) => {
    most = Math.max(most, taken);
    if (item === job.itemCount || taken + job.itemCount - item <= most) return;
    for (const device of thatTake(job, held, item)) {
      take(job, held[device], { item, times: 1 });
      place(item + 1, taken + 1);
      take(job, held[device], { item, times: -1 });
    }
    place(item + 1, taken);
  };
  place(0, 0);
  return most;
}

function thatTake(job: DistributionJob, held: readonly Held[], item: number): number[] {
  return [...held.keys()].filter((device) => {
    const { items, cost, bytes } = held[device] ?? { items: 0, cost: 0, bytes: 0 };
    return (
      job.speeds[device] !== 0 &&
      items + 1 <= limitAt(job.itemLimits, device) &&
      cost + costAt(job, item) <= limitAt(job.costLimits, device) &&
      bytes + bytesAt(job, item) <= limitAt(job.byteLimits, device)
    );
  });
}

function take(
  job: DistributionJob,
  held: Held | undefined,
  { item, times }: { readonly item: number; readonly times: 1 | -1 },
): void {
  if (held === undefined) return;
  held.items += times;
  held.cost += times * costAt(job, item);
  held.bytes += times * bytesAt(job, item);
}

/** What is wrong with a plan: items that are nowhere or twice, limits, devices without speed. */
export function planProblems(job: DistributionJob, plan: Plan): string[] {
  const usage = usageOf(job, plan);
  const problems: string[] = [];
  if (plan.kind === 'owners') {
    if (plan.owners.length !== job.itemCount) problems.push(`${plan.owners.length} owners`);
    const isNone = (owner: number) => owner >= job.deviceIds.length && owner !== unassignedOwner;
    if (plan.owners.some(isNone)) problems.push('no such device');
  } else {
    if (plan.counts.length !== job.deviceIds.length) problems.push(`${plan.counts.length} counts`);
    if (!plan.counts.every((count) => Number.isInteger(count) && count >= 0)) {
      problems.push(`counts ${plan.counts.join()}`);
    }
    if (usage.assignedItems > job.itemCount) problems.push(`${usage.assignedItems} items`);
  }
  for (const [device, items] of usage.items.entries()) {
    const [cost, bytes] = [usage.costs[device] ?? NaN, usage.bytes[device] ?? NaN];
    if (!(items <= limitAt(job.itemLimits, device))) problems.push(`${device}: ${items} items`);
    if (!(cost <= limitAt(job.costLimits, device) * slack)) problems.push(`${device}: ${cost}`);
    if (!(bytes <= limitAt(job.byteLimits, device) * slack)) {
      problems.push(`${device}: ${bytes} bytes`);
    }
    if (items > 0 && job.speeds[device] === 0) problems.push(`${device}: ${items} without speed`);
  }
  return problems;
}

/** Each device of each item; undefined: none. */
export function ownersOf(job: DistributionJob, plan: Plan): (number | undefined)[] {
  if (plan.kind === 'owners') {
    return Array.from(plan.owners, (owner) => (owner === unassignedOwner ? undefined : owner));
  }
  const owners = Array.from(plan.counts, (count, device) => new Array<number>(count).fill(device));
  return [...owners.flat(), ...new Array(job.itemCount).fill(undefined)].slice(0, job.itemCount);
}

export function plannedMakespan(job: DistributionJob, plan: Plan): number {
  return makespanOf(job, usageOf(job, plan));
}

export function assignedCount(job: DistributionJob, plan: Plan): number {
  return usageOf(job, plan).assignedItems;
}
