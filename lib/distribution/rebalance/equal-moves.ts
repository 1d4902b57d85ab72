import { equalCounts } from '../equal-counts.js';
import { loadAt } from '../job.js';
import { unassignedOwner } from '../plan.js';
import {
  isPlace,
  latestLoad,
  type Relocated,
  type Relocation,
  targetTime,
  tolerance,
  wholeLimit,
} from './relocation.js';

/**
 * The fewest moves of items that all cost and take the same: first as many as limits let be
 * assigned, then within the stated imbalance, or as near to it as can be.
 *
 * Until a time every device may hold a most, its cap. The time is the greater of that of the stated
 * imbalance and the least makespan there is (D'Hondt), so caps sum to all items that limits let be
 * assigned. A device that holds more than its cap has to give up the difference, whatever is done,
 * and the items of devices that are lost move, whatever is done; no other item is touched, unless
 * there is room for one that had no device, which is one move each way. So no plan moves fewer. As
 * caps suffice, those that are given up find room under them.
 *
 * What a device gives up are the last of its items. Where they go, each next one goes to the device
 * that is done first.
 */
export function equalMoves(relocation: Relocation): Relocated {
  const { job, owners } = relocation;
  const limits = job.speeds.map((_, place) => Math.min(wholeLimit(job, place), owners.length));
  const room = limits.reduce((sum, limit) => sum + limit, 0);
  // Ends that differ by rounding alone are no reason to move anything.
  const time = endTime(relocation, { limits, room }) * (1 + tolerance);
  const caps = capsUntil(time, relocation, limits);
  const kept = new Float64Array(caps.length);
  const next = new Uint32Array(owners.length).fill(unassignedOwner);
  const [moving, waiting]: [number[], number[]] = [[], []];
  for (let index = 0; index < owners.length; index += 1) {
    const owner = owners[index] as number;
    if (isPlace(owner) && (kept[owner] as number) < (caps[owner] as number)) {
      kept[owner] = (kept[owner] as number) + 1;
      next[index] = owner;
    } else {
      (owner === unassignedOwner ? waiting : moving).push(index);
    }
  }
  const counts = countsFor(moving.length + waiting.length, { relocation, caps, kept });
  const pool = [...moving, ...waiting].values();
  for (const [place, count] of counts.entries()) {
    for (let left = count; left > 0; left -= 1) next[pool.next().value as number] = place;
  }
  return { owners: next, isMinimal: true };
}

interface Limits {
  readonly limits: Float64Array;
  readonly room: number;
}

function endTime(relocation: Relocation, { limits, room }: Limits): number {
  const { job, owners } = relocation;
  const assigned = Math.min(owners.length, room);
  const target = targetTime(relocation, assigned * job.itemCost) * (1 + tolerance);
  const cost = job.itemCost;
  if (cost === 0) return target;
  const loads = job.loads?.map((load) => load / cost);
  const best = equalCounts(assigned, { speeds: job.speeds, loads, limits });
  return best.reduce(
    (latest, count, place) =>
      count === 0 ? latest : Math.max(latest, finish(relocation, place, count)),
    Math.max(target, latestLoad(job)),
  );
}

/** By one formula, so that the counts of the least makespan are within its caps to the last bit. */
function finish({ job }: Relocation, place: number, count: number): number {
  return (loadAt(job, place) + count * job.itemCost) / (job.speeds[place] as number);
}

function capsUntil(time: number, relocation: Relocation, limits: Float64Array): Float64Array {
  const { job } = relocation;
  if (job.itemCost === 0) return limits;
  return limits.map((limit, place) => {
    if (limit === 0) return 0;
    const exact = (time * (job.speeds[place] as number) - loadAt(job, place)) / job.itemCost;
    let cap = Math.min(limit, Math.max(0, Math.floor(exact)));
    while (cap > 0 && finish(relocation, place, cap) > time) cap -= 1;
    while (cap < limit && finish(relocation, place, cap + 1) <= time) cap += 1;
    return cap;
  });
}

interface Rest {
  readonly relocation: Relocation;
  readonly caps: Float64Array;
  readonly kept: Float64Array;
}

/** How many of those that are left each device is given. */
function countsFor(itemCount: number, { relocation: { job }, caps, kept }: Rest): Float64Array {
  const unit = job.itemCost === 0 ? 1 : job.itemCost;
  return equalCounts(itemCount, {
    speeds: job.speeds,
    loads: kept.map((count, place) => count + loadAt(job, place) / unit),
    limits: caps.map((cap, place) => cap - (kept[place] as number)),
  });
}
