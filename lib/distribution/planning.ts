import { describeValue } from '../arguments.js';
import { GPUError } from '../errors.js';
import { assignEarliest } from '../native-earliest.js';
import type { Distribution } from './distribution.js';
import type { DistributionJob } from './job.js';
import { ownPlan } from './own-strategy.js';
import type { Plan } from './plan.js';
import { namedStrategies } from './strategies/named.js';
import type { DistributionStrategy, OwnStrategy } from './strategy.js';
import { usageOf } from './usage.js';

/** @throws as `ownPlan` */
export function planOf(job: DistributionJob, strategy: DistributionStrategy | OwnStrategy): Plan {
  if (typeof strategy === 'object') return ownPlan(job, strategy);
  const assign = namedStrategies[strategy];
  const plan = assign(job, assignEarliest);
  if (job.settings.minPerDevice === 1 || plan.kind === 'counts') return plan;
  return withMinimum(job, plan, (less) => assign(less, assignEarliest));
}

/**
 * Of items that are not alike: as long as a device has fewer than the minimum, the one with the
 * fewest (the later of equals) is left out and the rest planned anew. A heuristic.
 */
function withMinimum(
  job: DistributionJob,
  first: Plan,
  assign: (job: DistributionJob) => Plan,
): Plan {
  const speeds = job.speeds.slice();
  let plan = first;
  for (;;) {
    const { items } = usageOf(job, plan);
    const short = [...items.keys()].filter(
      (place) => (items[place] ?? 0) > 0 && (items[place] ?? 0) < job.settings.minPerDevice,
    );
    if (short.length === 0) return plan;
    short.sort((a, b) => (items[a] ?? 0) - (items[b] ?? 0) || b - a);
    // Of many devices one by one would take for ever.
    for (const place of short.slice(0, Math.max(1, short.length >> 3))) speeds[place] = 0;
    plan = assign({ ...job, speeds });
  }
}

type Shortfall = Pick<
  Distribution<unknown>,
  'itemCount' | 'unassignedCount' | 'unassignedIndices' | 'unassignedReasons'
>;

/** @throws GPUError ERR_GPU_UNASSIGNED: an item has no device */
export function requireAssigned(distribution: Shortfall): void {
  const { unassignedCount, itemCount } = distribution;
  if (unassignedCount === 0) return;
  const [index] = distribution.unassignedIndices;
  const reason = distribution.unassignedReasons[0];
  throw new GPUError(
    'ERR_GPU_UNASSIGNED',
    `expected a device for each of ${itemCount} items, but ${unassignedCount} have none; ` +
      `items[${index}]: ${reason?.message ?? describeValue(reason)}`,
    { hint: "use overflow: 'return' and look at `unassigned`" },
  );
}
