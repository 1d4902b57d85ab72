import type { Lease } from '../leases/lease.js';
import { type DeviceColumns, hasBytes, jobOf } from './device-columns.js';
import { Distribution, type DistributionParts } from './distribution.js';
import type { Items } from './items.js';
import type { DistributionJob } from './job.js';
import type { Plan } from './plan.js';
import { planOf, requireAssigned } from './planning.js';
import {
  planAndReserve,
  type ReserveAnswer,
  reservable,
  sharesOfPlan,
  type WantedShare,
} from './reserving.js';
import { readSharedItems, type SharedItems, type Sharing } from './sharing.js';
import { usageOf } from './usage.js';

export interface ShareParts {
  readonly sharing: Sharing;
  readonly items: Items;
  /**
   * Asked once what is said of items is read: that may have run code of the user's. Where plans are
   * reserved, asked again for each.
   */
  devicesOf(needsMemory: boolean): DeviceColumns;
  /** @default as the strategy has it */
  plan?(job: DistributionJob): Plan;
  /** Leases for all of it, or for nothing. @default none */
  readonly reserve?: ((shares: readonly WantedShare[]) => ReserveAnswer<Lease>) | undefined;
}

/**
 * @throws as the readers of items, `devicesOf`, strategies, and `planAndReserve`
 * @throws GPUError ERR_GPU_UNASSIGNED
 */
export function share<T>(parts: ShareParts): Distribution<T> {
  const values = readSharedItems(parts.sharing, parts.items);
  const { reserve } = parts;
  if (reserve === undefined) return new Distribution<T>(planned(parts, values));
  const reserved = planAndReserve(() => {
    const made = planned(parts, values);
    return { planned: made, shares: sharesOfPlan(made.job, usageOf(made.job, made.plan)) };
  }, reserve);
  return new Distribution<T>({ ...reserved.planned, leases: reserved.leases });
}

function planned(parts: ShareParts, values: SharedItems): DistributionParts {
  const { sharing, items } = parts;
  const { strategy } = sharing;
  const devices = parts.devicesOf(hasBytes(values.bytes));
  const wanted = jobOf({ sharing, items, values, devices });
  const job = parts.reserve === undefined ? wanted : reservable(wanted);
  const made = {
    strategy: typeof strategy === 'string' ? strategy : strategy.name,
    sharing,
    job,
    plan: parts.plan?.(job) ?? planOf(job, strategy),
    items,
  };
  if (!sharing.mayLeaveOver) requireAssigned(new Distribution(made));
  return made;
}
