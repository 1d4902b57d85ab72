import type { AssignEarliest } from '../earliest.js';
import type { DistributionJob } from '../job.js';
import type { Plan } from '../plan.js';
import type { DistributionStrategy } from '../strategy.js';
import { capacity, leastLoaded, uniform } from './equal.js';

/** Pure: the same job, the same plan. */
export type StrategyFunction = (job: DistributionJob, assignEarliest: AssignEarliest) => Plan;

export const namedStrategies: Partial<Record<DistributionStrategy, StrategyFunction>> = {
  uniform,
  capacity,
  'least-loaded': leastLoaded,
};
