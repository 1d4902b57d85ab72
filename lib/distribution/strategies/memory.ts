import { descendingOrder } from '../descending-order.js';
import type { AssignEarliest } from '../earliest.js';
import { equalCounts } from '../equal-counts.js';
import { FirstFit } from '../first-fit.js';
import { type DistributionJob, equalItemLimit, limitAt } from '../job.js';
import { countsWithMinimum } from '../minimum-batch.js';
import { type Plan, unassignedOwner } from '../plan.js';
import { assignWith, bytesOf, costsOf } from './owners.js';

/**
 * Items that take memory, never more on a device than it has free. Devices fill in proportion to
 * what they have free: equal items by count, others the largest first, each to the device of which
 * the smallest part is taken then. Speeds do not matter, but one of speed 0 takes nothing.
 *
 * Where that leaves items over, they are also packed as tightly as can be (`packed`), and the plan
 * is kept that assigns more items, or as many and more bytes. The most items, not the most bytes:
 * each item is somebody's. Of small cases in which memory is short, nine in ten get as many items a
 * device as can be, and the others one fewer.
 */
export function memory(job: DistributionJob, assignEarliest: AssignEarliest): Plan {
  const speeds = roomOf(job);
  if (job.costs === undefined && job.bytes === undefined) {
    return { kind: 'counts', counts: alike(job, speeds) };
  }
  // What is to be level is the bytes, so costs stand where bytes do otherwise.
  const bytes = bytesOf(job) ?? new Float64Array(job.itemCount);
  const level = assignWith(assignEarliest, {
    costs: bytes,
    costLimits: job.byteLimits,
    bytes: job.costLimits && costsOf(job),
    byteLimits: job.costLimits,
    itemLimits: job.itemLimits,
    loads: undefined,
    speeds,
    order: 'descending',
  });
  if (!level.includes(unassignedOwner)) return { kind: 'owners', owners: level };
  return { kind: 'owners', owners: packed(job, bytes, level) };
}

function alike(job: DistributionJob, speeds: Float64Array): Float64Array {
  const devices = { speeds, limits: speeds.map((_, place) => equalItemLimit(job, place)) };
  const { minPerDevice } = job.settings;
  return minPerDevice > 1
    ? countsWithMinimum(job.itemCount, minPerDevice, devices)
    : equalCounts(job.itemCount, devices);
}

/** Room in bytes, of those that work. Without a limit: what holds all there is to hold. */
function roomOf(job: DistributionJob): Float64Array {
  const bytes = job.bytes?.reduce((a, b) => a + b, 0) ?? job.itemCount * job.itemBytes;
  const enough = (job.byteLimits ?? new Float64Array()).reduce(
    (most, limit) => (limit < Infinity ? Math.max(most, limit) : most),
    Math.max(1, bytes),
  );
  return job.speeds.map((speed, device) => {
    if (speed === 0) return 0;
    // One that is full still takes items without bytes.
    return bytes === 0
      ? 1
      : Math.max(enough * 2 ** -50, Math.min(enough, limitAt(job.byteLimits, device)));
  });
}

/**
 * The most items on the devices: where any so many fit, the smallest so many do. Their number is
 * searched for by halves between what is already known to fit and what could at best, each time
 * with the largest first, on the smallest device that has room (first-fit decreasing).
 */
function packed(job: DistributionJob, bytes: Float64Array, level: Uint32Array): Uint32Array {
  const order = descendingOrder(bytes);
  const firstFit = new FirstFit(job);
  let best = tallied(level, bytes);
  const offer = (owners: Uint32Array) => {
    const other = tallied(owners, bytes);
    if (other.items > best.items || (other.items === best.items && other.bytes > best.bytes)) {
      best = other;
    }
  };
  offer(firstFit.place(order, bytes));
  // Small items on small devices leave the places on large ones to large items.
  offer(firstFit.place(order.toReversed(), bytes));
  let most = mostThatCouldFit(job, bytes, order);
  while (best.items < most) {
    const wanted = Math.ceil((best.items + most) / 2);
    const before = best.items;
    offer(firstFit.place(smallestFirst(order, wanted), bytes));
    if (best.items < wanted) most = wanted - 1;
    else if (best.items === before) break;
  }
  return best.owners;
}

/** The smallest so many, largest first, and then the others, smallest first: some may fit. */
function smallestFirst(order: Uint32Array, count: number): Uint32Array {
  const smallest = order.length - count;
  const sorted = new Uint32Array(order.length);
  sorted.set(order.subarray(smallest));
  sorted.set(order.subarray(0, smallest).toReversed(), count);
  return sorted;
}

function tallied(owners: Uint32Array, bytes: Float64Array) {
  const tally = { owners, items: 0, bytes: 0 };
  for (let item = 0; item < owners.length; item += 1) {
    if (owners[item] === unassignedOwner) continue;
    tally.items += 1;
    tally.bytes += bytes[item] as number;
  }
  return tally;
}

/** So many of the smallest items at most fit, were they liquid. */
function mostThatCouldFit(job: DistributionJob, bytes: Float64Array, order: Uint32Array): number {
  let [room, places, widest] = [0, 0, 0];
  for (let device = 0; device < job.speeds.length; device += 1) {
    if (job.speeds[device] === 0) continue;
    const limit = limitAt(job.byteLimits, device);
    room += limit;
    widest = Math.max(widest, limit);
    places += limitAt(job.itemLimits, device);
  }
  let count = 0;
  for (let at = order.length - 1; at >= 0 && count + 1 <= places; at -= 1) {
    const size = bytes[order[at] as number] as number;
    room -= size;
    if (room < 0 || size > widest) break;
    count += 1;
  }
  return count;
}
