import { equalCounts } from '../equal-counts.js';
import { type DistributionJob, equalItemLimit } from '../job.js';
import type { Plan } from '../plan.js';

/** Items that all cost and take the same, as even as limits let them be. */
export function uniform(job: DistributionJob): Plan {
  const { speeds } = job;
  const isLimited = [job.itemLimits, job.costLimits, job.byteLimits].some((limits) => limits);
  const unit = job.itemCost > 0 ? job.itemCost : 1;
  const counts = equalCounts(job.itemCount, {
    speeds,
    loads: job.loads?.map((load) => load / unit),
    limits: isLimited ? speeds.map((_, place) => equalItemLimit(job, place)) : undefined,
  });
  return { kind: 'counts', counts };
}

export const capacity: typeof uniform = uniform;
export const leastLoaded: typeof uniform = uniform;
