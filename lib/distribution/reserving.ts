import { GPUError } from '../errors.js';
import { weightSteps } from '../selection/criteria.js';
import type { DistributionJob } from './job.js';
import type { Usage } from './usage.js';

/** What a plan wants of a device; Lease terms are those of leases. */
export interface WantedShare {
  readonly deviceId: string;
  /** Items, or their cost. */
  readonly weight: number;
  readonly memoryBytes: number;
}

/** All leases, or which device stood in the way, and why. */
export type ReserveAnswer<L> =
  | { readonly granted: true; readonly leases: ReadonlyMap<string, L> }
  | { readonly granted: false; readonly deviceId: string; readonly reason: string };

/** Devices may change between a plan and its leases so often. */
const mostPlans = 4;

/** Leases weigh 64ths, and memory is reserved in KiB. */
const bytesPerKiB = 1024;
/** Costs that are added in another order have another sum. */
const rounding = 1 - 2 ** -40;

/** The job with limits that hold when they are cut down to what leases can hold. */
export function reservable(job: DistributionJob): DistributionJob {
  const { costLimits, byteLimits } = job;
  const down = (step: number) => (limit: number) => Math.floor(limit / step) * step;
  return {
    ...job,
    costLimits: costLimits?.map(down(1 / weightSteps)),
    byteLimits: byteLimits?.map(down(bytesPerKiB)),
  };
}

/** One share for each device that got something, in order. */
export function sharesOfPlan(job: DistributionJob, usage: Usage): WantedShare[] {
  return job.deviceIds
    .map((deviceId, place) => ({
      deviceId,
      weight: (usage.costs[place] as number) * rounding,
      memoryBytes: usage.bytes[place] as number,
    }))
    .filter((_, place) => (usage.items[place] as number) > 0);
}

/**
 * Plans and reserves, all or nothing. Where somebody else was faster, it plans again, a few times.
 * @throws GPUError ERR_GPU_RESERVATION_FAILED, with nothing held; what `plan` throws
 */
export function planAndReserve<P, L>(
  plan: () => { readonly planned: P; readonly shares: readonly WantedShare[] },
  reserve: (shares: readonly WantedShare[]) => ReserveAnswer<L>,
): { readonly planned: P; readonly leases: ReadonlyMap<string, L> } {
  let refused: { readonly deviceId: string; readonly reason: string } | undefined;
  for (let attempt = 0; attempt < mostPlans; attempt += 1) {
    const { planned, shares } = plan();
    const answer = reserve(shares);
    if (answer.granted) return { planned, leases: answer.leases };
    refused = answer;
  }
  const last =
    refused && `; the last one at ${JSON.stringify(refused.deviceId)}: ${refused.reason}`;
  throw new GPUError(
    'ERR_GPU_RESERVATION_FAILED',
    `${mostPlans} plans could not be reserved${last ?? ''}`,
    { hint: 'others take what is planned: distribute again later, or wait with acquire()' },
  );
}
