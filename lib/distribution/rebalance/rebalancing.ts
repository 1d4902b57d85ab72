import type { AssignEarliest } from '../earliest.js';
import type { DistributionJob } from '../job.js';
import { type OwnersPlan, type Plan, unassignedOwner } from '../plan.js';
import { movesOf } from './moves.js';
import { lostOwner, type Relocation, Stock, targetTime, tolerance } from './relocation.js';

/** An item that changed its device. */
export interface ItemMove {
  readonly index: number;
  /** Absent: it had none. */
  readonly from?: string;
  /** Absent: it has none any more. */
  readonly to?: string;
}

/** Where items were. */
export interface FormerPlan {
  readonly deviceIds: readonly string[];
  readonly plan: Plan;
}

export interface RebalanceParts {
  readonly maxImbalance: number;
  readonly assign: AssignEarliest;
}

/** A plan for devices that are others by now, and what it changes. */
export interface Rebalanced {
  readonly plan: OwnersPlan;
  readonly moves: readonly ItemMove[];
  /** No plan of as many items that gets as near to the stated imbalance moves fewer. */
  readonly isMinimal: boolean;
  /** Whether it is within the stated imbalance. */
  readonly isBalanced: boolean;
}

/** REQUIRES: the job has the items of the former plan. */
export function rebalancePlan(
  former: FormerPlan,
  job: DistributionJob,
  { maxImbalance, assign }: RebalanceParts,
): Rebalanced {
  const relocation = { job, owners: placesNow(former, job), maxImbalance };
  const { owners, isMinimal } = movesOf(relocation, assign);
  return {
    plan: { kind: 'owners', owners },
    moves: changesOf(former, job, owners),
    isMinimal,
    isBalanced: isBalanced(relocation, owners),
  };
}

/** By place in the new job. */
function placesNow({ deviceIds, plan }: FormerPlan, job: DistributionJob): Uint32Array {
  const places = new Map(job.deviceIds.map((deviceId, place) => [deviceId, place]));
  const now = deviceIds.map((deviceId) => places.get(deviceId) ?? lostOwner);
  return ownersOf(plan, job.itemCount).map((owner) =>
    owner === unassignedOwner ? unassignedOwner : (now[owner] ?? lostOwner),
  );
}

function ownersOf(plan: Plan, itemCount: number): Uint32Array {
  if (plan.kind === 'owners') return plan.owners;
  const owners = new Uint32Array(itemCount).fill(unassignedOwner);
  let start = 0;
  for (const [place, count] of plan.counts.entries()) {
    owners.fill(place, start, start + count);
    start += count;
  }
  return owners;
}

function changesOf(former: FormerPlan, job: DistributionJob, owners: Uint32Array): ItemMove[] {
  const before = ownersOf(former.plan, owners.length);
  const moves: ItemMove[] = [];
  for (let index = 0; index < owners.length; index += 1) {
    const from = former.deviceIds[before[index] as number];
    const to = job.deviceIds[owners[index] as number];
    if (from === to) continue;
    moves.push({ index, ...(from !== undefined && { from }), ...(to !== undefined && { to }) });
  }
  return moves;
}

function isBalanced(relocation: Relocation, owners: Uint32Array): boolean {
  const stock = Stock.of(relocation.job, owners);
  const cost = stock.cost.reduce((a, b) => a + b, 0);
  return stock.makespan() <= targetTime(relocation, cost) * (1 + 1e3 * tolerance);
}
