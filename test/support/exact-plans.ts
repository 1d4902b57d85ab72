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

/** The least makespan of all ways to give that many equal items to the devices. */
export function leastEqualMakespan(job: DistributionJob, itemCount: number): number {
  const fill = (device: number, left: number, latest: number): number => {
    if (device === job.deviceIds.length) return left === 0 ? latest : Infinity;
    const [speed, load] = [job.speeds[device] ?? 0, loadAt(job, device)];
    let least = Infinity;
    for (let count = 0; count <= left; count += 1) {
      const isOver =
        count > limitAt(job.itemLimits, device) ||
        count * job.itemCost > limitAt(job.costLimits, device) ||
        count * job.itemBytes > limitAt(job.byteLimits, device);
      if (count > 0 && (speed === 0 || isOver)) break;
      const own = speed > 0 ? (load + count * job.itemCost) / speed : 0;
      least = Math.min(least, fill(device + 1, left - count, Math.max(latest, own)));
    }
    return least;
  };
  return fill(0, itemCount, 0);
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
