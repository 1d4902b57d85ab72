import {
  type DistributionJob,
  type JobSettings,
  usualSettings,
} from '../../lib/distribution/job.js';
import type { DistributionStrategy, ItemKey } from '../../lib/distribution/strategy.js';
import { randomFrom } from './random.js';

/** What a job is made of; the same seed, the same jobs. */
export interface JobSource {
  /** An integer from 0 on. */
  below(end: number): number;
  numbers(length: number, make: () => number): Float64Array;
}

export function jobSource(seed: number): JobSource {
  const random = randomFrom(seed);
  return {
    below: (end) => Math.floor(random() * end),
    numbers(length, make) {
      const values = new Float64Array(length);
      for (let at = 0; at < length; at += 1) values[at] = make();
      return values;
    },
  };
}

const ids = ['a', 'b', 'c', 'd', 'e'];
const keys: readonly ItemKey[] = ['x', 'y', 7, 'z', 0.5];
const speeds = [0, 1, 1, 2, 3, 0.25, 132, 1e9];
const fractions = [0, 0.1, 0.2, 0.3, 0.7, 1 / 3];

/**
 * A small job with any mix of what a job may have: no devices, none that works, loads, limits of
 * any kind, costs and bytes that are alike or not, homes, batches.
 */
export function smallJob(source: JobSource, strategy: DistributionStrategy): DistributionJob {
  const { below } = source;
  const [itemCount, deviceCount] = [below(9), below(6)];
  const devices = (make: () => number) => source.numbers(deviceCount, make);
  const maybe = (make: () => number) => (below(2) === 0 ? undefined : devices(make));
  const limit = () => (below(3) === 0 ? Infinity : below(14));
  const amount = below(4) === 0 ? () => fractions[below(6)] ?? 0 : () => below(7);
  const costs = below(2) === 0 ? undefined : source.numbers(itemCount, amount);
  const bytes = below(3) === 0 ? undefined : source.numbers(itemCount, amount);
  const itemBytes = bytes === undefined ? below(4) : NaN;
  return {
    itemCount,
    deviceIds: ids.slice(0, deviceCount),
    speeds: devices(() => (strategy === 'uniform' ? 1 : (speeds[below(8)] ?? 0))),
    loads: maybe(() => below(3) * below(9)),
    itemLimits: maybe(() => (below(3) === 0 ? Infinity : below(5))),
    costLimits: maybe(limit),
    byteLimits: itemBytes === 0 ? undefined : maybe(limit),
    freeBytes: undefined,
    itemCost: costs === undefined ? below(3) : NaN,
    costs,
    itemBytes,
    bytes,
    keys: Array.from({ length: itemCount }, () => keys[below(5)] ?? ''),
    settings: smallSettings(source, strategy),
  };
}

function smallSettings({ below }: JobSource, strategy: DistributionStrategy): JobSettings {
  const placement = new Map<ItemKey, string>();
  for (let key = below(4); key > 0; key -= 1) placement.set(keys[key] ?? '', ids[below(5)] ?? '');
  return {
    ...usualSettings,
    rounding: below(4) === 0 ? 'largest-remainder' : 'makespan',
    minPerDevice: strategy !== 'hash' && below(4) === 0 ? 1 + below(3) : 1,
    improve: below(2) === 0,
    hashing: below(2) === 0 ? 'jump' : 'rendezvous',
    placement: placement.size === 0 ? undefined : placement,
    maxLoadRatio: [1, 1.25, 3, Infinity][below(4)] ?? 1,
  };
}
