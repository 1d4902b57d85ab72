import { Distribution } from './distribution.js';
import { usualSettings } from './job.js';

interface Shares<T> {
  readonly strategy: string;
  readonly deviceIds: readonly string[];
  readonly items: readonly T[];
  readonly speeds: Float64Array;
  readonly counts: readonly number[];
}

/** Gives each device the next `counts` items, in order; what is left over is unassigned. */
export function assign<T>({
  strategy,
  deviceIds,
  items,
  speeds,
  counts,
}: Shares<T>): Distribution<T> {
  const distribution = new Distribution<T>({
    strategy,
    items: { length: items.length, source: items },
    job: {
      itemCount: items.length,
      deviceIds,
      speeds,
      loads: undefined,
      itemLimits: undefined,
      costLimits: undefined,
      byteLimits: undefined,
      freeBytes: undefined,
      itemCost: 1,
      costs: undefined,
      itemBytes: 0,
      bytes: undefined,
      keys: undefined,
      settings: usualSettings,
    },
    plan: { kind: 'counts', counts: Float64Array.from(counts) },
  });
  return distribution;
}
