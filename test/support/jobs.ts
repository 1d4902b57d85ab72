import { type DistributionJob, usualSettings } from '../../lib/distribution/job.js';

/** Items of cost 1 without bytes, devices without loads or limits, but for what is said. */
export function jobOf(
  speeds: Readonly<Record<string, number>>,
  part: Partial<DistributionJob>,
): DistributionJob {
  return {
    itemCount: part.costs?.length ?? part.bytes?.length ?? part.keys?.length ?? 0,
    deviceIds: Object.keys(speeds),
    speeds: Float64Array.from(Object.values(speeds)),
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
    ...part,
  };
}
