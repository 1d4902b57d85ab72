import type { DistributionJob } from '../job.js';
import type { Plan } from '../plan.js';
import type { DistributionStrategy } from '../strategy.js';
import { capacity, leastLoaded, uniform } from './equal.js';

/** Pure: the same job, the same plan. REQUIRES: a job with at least one device that has speed. */
export type StrategyFunction = (job: DistributionJob) => Plan;

export const namedStrategies: Partial<Record<DistributionStrategy, StrategyFunction>> = {
  uniform,
  capacity,
  'least-loaded': leastLoaded,
};
