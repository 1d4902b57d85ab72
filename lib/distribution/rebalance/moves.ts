import type { AssignEarliest } from '../earliest.js';
import { bytesAt, costAt, type DistributionJob, limitAt, loadAt } from '../job.js';
import { lowerBoundOf } from '../quality.js';
import { equalMoves } from './equal-moves.js';
import { exactMoves, scoreOf } from './exact-moves.js';
import { greedyMoves } from './greedy-moves.js';
import {
  isPlace,
  type Relocated,
  type Relocation,
  Stock,
  targetTime,
  tolerance,
} from './relocation.js';

/**
 * Which items move. First as many are assigned as can be; then the plan ends within the stated
 * imbalance, or as near to it as can be; then as few items as can be move. Items that are alike:
 * exactly so. Others: proved where `isMinimal`, else as good as a greedy plan is.
 */
export function movesOf(relocation: Relocation, assign: AssignEarliest): Relocated {
  const { job } = relocation;
  if (job.costs === undefined && job.bytes === undefined) return equalMoves(relocation);
  const work = workOf(job);
  const target = targetTime(relocation, work.assignedCost);
  const time = Math.max(target, lowerBoundOf(job, { ...emptyUsage(job), ...work }));
  const owners = greedyMoves(relocation, { time, assign });
  if (isLeast(relocation, owners, target)) return { owners, isMinimal: true };
  return exactMoves(relocation, target, owners);
}

/** Items that some device may take alone. */
function workOf(job: DistributionJob) {
  let [assignedItems, assignedCost, greatestCost] = [0, 0, 0];
  const stock = new Stock(job);
  const places = [...job.deviceIds.keys()];
  for (let index = 0; index < job.itemCount; index += 1) {
    if (!places.some((place) => stock.fits(place, index, Infinity))) continue;
    assignedItems += 1;
    assignedCost += costAt(job, index);
    greatestCost = Math.max(greatestCost, costAt(job, index));
  }
  return { assignedItems, assignedCost, greatestCost };
}

function emptyUsage({ deviceIds }: DistributionJob) {
  const none = new Float64Array(deviceIds.length);
  return { items: none, costs: none, bytes: none };
}

/** Whether all are assigned, in time, and no more moved than any plan has to move. */
function isLeast(relocation: Relocation, owners: Uint32Array, target: number): boolean {
  const score = scoreOf(relocation, owners, target);
  if (score.unassigned > 0 || score.time > target * (1 + tolerance)) return false;
  return score.moves <= leastMoves(relocation, target);
}

/**
 * Those that have no device, and of each device as many as it takes to bring cost, bytes or number
 * under its limit: of the heaviest, so that no fewer would do.
 */
function leastMoves({ job, owners }: Relocation, target: number): number {
  const lists = job.deviceIds.map((): number[] => []);
  let moves = 0;
  for (const [index, owner] of owners.entries()) {
    if (isPlace(owner)) lists[owner]?.push(index);
    else moves += 1;
  }
  for (const [place, items] of lists.entries()) {
    const speed = job.speeds[place] as number;
    const inTime = target * speed * (1 + tolerance) - loadAt(job, place);
    const costs = items.map((index) => costAt(job, index));
    const bytes = items.map((index) => bytesAt(job, index));
    moves += Math.max(
      speed === 0 ? items.length : 0,
      items.length - limitAt(job.itemLimits, place),
      overflow(costs, Math.min(inTime, limitAt(job.costLimits, place)) * (1 + tolerance)),
      overflow(bytes, limitAt(job.byteLimits, place)),
    );
  }
  return moves;
}

/** How many of the greatest have to go until the sum is at most so much. */
function overflow(values: readonly number[], most: number): number {
  let sum = values.reduce((a, b) => a + b, 0);
  if (sum <= most) return 0;
  let count = 0;
  for (const value of values.toSorted((a, b) => b - a)) {
    if (sum <= most) break;
    sum -= value;
    count += 1;
  }
  return Math.min(count, values.length);
}
