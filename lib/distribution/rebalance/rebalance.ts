import { maxArrayLength, readNumber, wrongType } from '../../arguments.js';
import type { Lease } from '../../leases/lease.js';
import { assignEarliest } from '../../native-earliest.js';
import { type DeviceColumns, hasBytes, jobOf } from '../device-columns.js';
import { readLimits } from '../device-limits.js';
import { Distribution, type DistributionParts } from '../distribution.js';
import type { ItemList } from '../items.js';
import { requireAssigned } from '../planning.js';
import { readMaxPerDevice, type SharedItems, type Sharing } from '../sharing.js';
import type { LimitsInput } from '../strategy.js';
import { type ItemMove, rebalancePlan } from './rebalancing.js';

/** What was stated for the former distribution holds still, but for what is said here. */
export interface RebalanceOptions {
  /**
   * How much later than devices that are all busy to the end the last one may be done; at least 1.
   * Where no plan gets there, as near as can be.
   * @default 1.05
   */
  readonly maxImbalance?: number;
  readonly maxPerDevice?: number;
  readonly limits?: LimitsInput;
}

/** A distribution over the devices there are now, and what it changes. */
export interface Rebalancing<T, L extends ItemList<T> = readonly T[]> {
  readonly distribution: Distribution<T, L>;
  /** Items that changed their device, in order. */
  readonly moves: readonly ItemMove[];
  readonly movedCount: number;
  /** Of the distribution. */
  readonly imbalance: number | undefined;
  /** It is within the stated imbalance. */
  readonly isBalanced: boolean;
  /**
   * Proved: no plan that assigns as many items and gets as near to the stated imbalance moves
   * fewer. Always where items are alike; else where there are few, or where few moves suffice.
   */
  readonly isMinimal: boolean;
}

export type RebalanceKey = keyof RebalanceOptions;

export const rebalanceKeys: readonly RebalanceKey[] = ['maxImbalance', 'maxPerDevice', 'limits'];

/** Which devices there are now. */
export type DevicesNow = (sharing: Sharing, needsMemory: boolean) => DeviceColumns;

interface Given {
  get(key: RebalanceKey): unknown;
}

/**
 * Moves few items, so that the distribution fits the devices there are now.
 * @throws TypeError ERR_GPU_INVALID_TYPE: that is no distribution; as `devicesNow`
 * @throws RangeError ERR_GPU_OUT_OF_RANGE: it has more than 2^26 items, which may all move
 * @throws GPUError ERR_GPU_UNASSIGNED, where the former was to leave nothing over
 */
export function rebalanceOver<T, L extends ItemList<T>>(
  previous: Distribution<T, L>,
  given: Given,
  devicesNow: DevicesNow,
): Rebalancing<T, L> {
  const former = Distribution.partsOf(previous);
  if (former === undefined) throw wrongType('previous', 'a Distribution', previous);
  readNumber(former.job.itemCount, 'previous.itemCount', { maximum: maxArrayLength });
  const maxImbalance = readNumber(given.get('maxImbalance') ?? 1.05, 'options.maxImbalance', {
    minimum: 1,
  });
  const sharing = sharingNow(former, given);
  const values = valuesOf(former);
  const columns = devicesNow(sharing, hasBytes(values.bytes));
  const devices = withoutOwn(columns, former.leases);
  const job = jobOf({ sharing, items: former.items, values, devices });
  const { plan, moves, isMinimal, isBalanced } = rebalancePlan(
    { deviceIds: former.job.deviceIds, plan: former.plan },
    job,
    { maxImbalance, assign: assignEarliest },
  );
  const { strategy, items } = former;
  const distribution = new Distribution<T, L>({ strategy, sharing, items, job, plan });
  if (!sharing.mayLeaveOver) requireAssigned(distribution);
  const { imbalance } = distribution;
  return { distribution, moves, movedCount: moves.length, imbalance, isBalanced, isMinimal };
}

function sharingNow({ sharing }: DistributionParts, given: Given): Sharing {
  const [most, limits] = [given.get('maxPerDevice'), given.get('limits')];
  return {
    ...sharing,
    ...(most !== undefined && { maxPerDevice: readMaxPerDevice(most) }),
    ...(limits !== undefined && { limits: readLimits(limits, 'options.limits') }),
  };
}

function valuesOf({ job }: DistributionParts): SharedItems {
  return {
    costs: { same: job.itemCost, each: job.costs },
    bytes: { same: job.itemBytes, each: job.bytes },
    keys: job.keys,
  };
}

/** What leases of the former plan still hold is in nobody's way: it is of the same items. */
function withoutOwn(
  columns: DeviceColumns,
  leases: ReadonlyMap<string, Lease> | undefined,
): DeviceColumns {
  if (leases === undefined) return columns;
  const { deviceIds, loads, freeBytes } = columns;
  const held = deviceIds
    .map((deviceId) => leases.get(deviceId))
    .map((lease) =>
      lease === undefined || lease.released ? { weight: 0, memoryBytes: 0 } : lease,
    );
  return {
    ...columns,
    loads: loads?.map((load, place) => Math.max(0, load - (held[place]?.weight ?? 0))),
    freeBytes: freeBytes?.map((free, place) => free + (held[place]?.memoryBytes ?? 0)),
  };
}
