import type { AssignEarliest } from '../earliest.js';
import type { DistributionJob } from '../job.js';
import type { Plan } from '../plan.js';
import type { DistributionStrategy } from '../strategy.js';
import { cost } from './cost.js';
import { capacity, leastLoaded, uniform } from './equal.js';
import { hash } from './hash.js';
import { locality } from './locality.js';
import { memory } from './memory.js';

/** Pure: the same job, the same plan. */
export type StrategyFunction = (job: DistributionJob, assignEarliest: AssignEarliest) => Plan;

export const namedStrategies: Readonly<Record<DistributionStrategy, StrategyFunction>> = {
  uniform,
  capacity,
  memory,
  cost,
  'least-loaded': leastLoaded,
  locality,
  hash,
};
