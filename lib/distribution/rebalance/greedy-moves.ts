import type { AssignEarliest } from '../earliest.js';
import { bytesAt, costAt, limitAt, loadAt } from '../job.js';
import { unassignedOwner } from '../plan.js';
import { isPlace, type Relocation, Stock, tolerance } from './relocation.js';

export interface GreedyParts {
  /** When the plan is to end; no plan ends before. */
  readonly time: number;
  readonly assign: AssignEarliest;
}

/** Steps that look for a move which makes the last device finish earlier. */
const mostRepairs = 256;
/** Items times devices that one step looks at. */
const mostPairs = 1e5;

/**
 * Few moves, not always the fewest. Each device that is over a limit or late gives up its most
 * expensive items until it is not, the last of them as cheap as will do. They and those that have
 * no device go, the most expensive first, to the device that is done first, within the time if that
 * can be. What may go home again then goes home. Where the time is still passed, the last device to
 * finish gives up items one by one as long as that helps.
 */
export function greedyMoves(relocation: Relocation, parts: GreedyParts): Uint32Array {
  const { job } = relocation;
  const owners = relocation.owners.map((owner) => (isPlace(owner) ? owner : unassignedOwner));
  const plan: GreedyPlan = { relocation, owners, stock: Stock.of(job, owners), ...parts };
  shed(plan);
  const rest = placesOf(owners).filter((index) => owners[index] === unassignedOwner);
  const late = place(plan, rest, parts.time);
  place(plan, late, Infinity);
  goHome(plan);
  repair(plan);
  return owners;
}

interface GreedyPlan extends GreedyParts {
  readonly relocation: Relocation;
  readonly owners: Uint32Array;
  readonly stock: Stock;
}

/** Items by the device that has them, the most expensive first. */
function itemsByDevice({ relocation: { job }, owners }: GreedyPlan): number[][] {
  const lists = job.deviceIds.map((): number[] => []);
  for (const [index, owner] of owners.entries()) {
    if (isPlace(owner)) lists[owner]?.push(index);
  }
  return lists;
}

function shed(plan: GreedyPlan): void {
  const { owners, stock, time } = plan;
  const lists = itemsByDevice(plan);
  for (const [device, items] of lists.entries()) {
    if (stock.holds(device, time)) continue;
    const sorted = heaviestFirst(plan, device, items);
    let count = 0;
    for (const item of sorted) {
      if (stock.holds(device, time)) break;
      stock.take(device, item);
      count += 1;
    }
    const last = sorted[count - 1];
    const cheapest = last === undefined ? undefined : leastInstead(plan, device, sorted, count);
    for (const item of sorted.slice(0, count)) owners[item] = unassignedOwner;
    if (last !== undefined && cheapest !== undefined) {
      owners[last] = device;
      owners[cheapest] = unassignedOwner;
    }
  }
}

/** By what is over: cost, bytes or both, each for its limit. */
function heaviestFirst(plan: GreedyPlan, device: number, items: readonly number[]): number[] {
  const {
    relocation: { job },
    stock,
    time,
  } = plan;
  const speed = job.speeds[device] as number;
  const costRoom = Math.min(limitAt(job.costLimits, device), time * speed - loadAt(job, device));
  const over = (held: number, room: number) => (held > room ? 1 / Math.max(room, held / 1e6) : 0);
  const costShare = over(stock.cost[device] as number, costRoom);
  const byteShare = over(stock.bytes[device] as number, limitAt(job.byteLimits, device));
  const isEven = costShare === 0 && byteShare === 0;
  const weight = (item: number) =>
    isEven ? costAt(job, item) : costAt(job, item) * costShare + bytesAt(job, item) * byteShare;
  return items.toSorted((a, b) => weight(b) - weight(a) || b - a);
}

/** The lightest item that the device may give up in place of the last one; undefined: none. */
function leastInstead(
  { stock, time }: GreedyPlan,
  device: number,
  sorted: readonly number[],
  count: number,
): number | undefined {
  const last = sorted[count - 1] as number;
  stock.put(device, last);
  for (let at = sorted.length - 1; at >= count; at -= 1) {
    const item = sorted[at] as number;
    stock.take(device, item);
    if (stock.holds(device, time)) return item;
    stock.put(device, item);
  }
  stock.take(device, last);
  return undefined;
}

/** Returns those for which there is no room by that time. */
function place(plan: GreedyPlan, items: readonly number[], time: number): number[] {
  const {
    relocation: { job },
    owners,
    stock,
    assign,
  } = plan;
  if (items.length === 0) return [];
  const { speeds } = job;
  const left = (limits: Float64Array | undefined, held: Float64Array) =>
    held.map((amount, device) => Math.max(0, limitAt(limits, device) - amount));
  const costLimits = left(job.costLimits, stock.cost).map((limit, device) => {
    const inTime = time * (speeds[device] as number) * (1 + tolerance);
    return Math.max(
      0,
      Math.min(limit, inTime - loadAt(job, device) - (stock.cost[device] as number)),
    );
  });
  const given = assign({
    costs: Float64Array.from(items, (item) => costAt(job, item)),
    bytes: Float64Array.from(items, (item) => bytesAt(job, item)),
    speeds,
    loads: stock.cost.map((cost, device) => cost + loadAt(job, device)),
    itemLimits: left(job.itemLimits, stock.items),
    costLimits: time === Infinity ? left(job.costLimits, stock.cost) : costLimits,
    byteLimits: left(job.byteLimits, stock.bytes),
    order: 'descending',
  });
  const over: number[] = [];
  for (const [at, item] of items.entries()) {
    const owner = given[at] as number;
    if (!isPlace(owner)) {
      over.push(item);
      continue;
    }
    owners[item] = owner;
    stock.put(owner, item);
  }
  return over;
}

/** The cheapest first, so that as many as can be do. */
function goHome(plan: GreedyPlan): void {
  const { relocation, owners, stock, time } = plan;
  const { job } = relocation;
  const away = placesOf(owners)
    .filter((item) => isPlace(relocation.owners[item] as number))
    .filter((item) => owners[item] !== relocation.owners[item])
    .sort((a, b) => costAt(job, a) - costAt(job, b) || a - b);
  for (const item of away) {
    const [owner, home] = [owners[item] as number, relocation.owners[item] as number];
    if (!stock.fits(home, item, time)) continue;
    if (isPlace(owner)) stock.take(owner, item);
    stock.put(home, item);
    owners[item] = home;
  }
}

/** From the last device to finish, the move after which the later of both finishes earliest. */
function repair(plan: GreedyPlan): void {
  const {
    relocation: { job },
    owners,
    stock,
    time,
  } = plan;
  for (let step = 0; step < mostRepairs; step += 1) {
    const places = [...job.deviceIds.keys()];
    const latest = places.reduce((a, b) => (stock.finish(b) > stock.finish(a) ? b : a), 0);
    if (stock.finish(latest) <= time * (1 + tolerance)) return;
    const items = placesOf(owners).filter((item) => owners[item] === latest);
    if (items.length * places.length > mostPairs) return;
    const move = bestMove(plan, latest, items);
    if (move === undefined) return;
    stock.take(latest, move.item);
    stock.put(move.to, move.item);
    owners[move.item] = move.to;
  }
}

function bestMove(plan: GreedyPlan, from: number, items: readonly number[]) {
  const {
    relocation: { job },
    stock,
  } = plan;
  let least = stock.finish(from) * (1 - tolerance);
  let best: { readonly item: number; readonly to: number } | undefined;
  for (const item of items) {
    const cost = costAt(job, item);
    const after = stock.finish(from, -cost);
    for (let to = 0; to < job.deviceIds.length; to += 1) {
      const later = Math.max(after, stock.finish(to, cost));
      if (to === from || later >= least || !stock.fits(to, item, Infinity)) continue;
      least = later;
      best = { item, to };
    }
  }
  return best;
}

function placesOf(owners: Uint32Array): number[] {
  return [...owners.keys()];
}
