import { readWord } from '../arguments.js';
import type { CapacityInput } from './capacity.js';

/** How items are shared out; the values are what `strategy` takes. */
export const DistributionStrategy: {
  /** The same number each, one more to the first ones where it does not divide. */
  readonly Uniform: 'uniform';
  /** In proportion to capacities, so that the last one to finish finishes as early as possible. */
  readonly Capacity: 'capacity';
} = Object.freeze({ Uniform: 'uniform', Capacity: 'capacity' });

export type DistributionStrategy = (typeof DistributionStrategy)[keyof typeof DistributionStrategy];

/** Which device takes which items. */
export interface Distribution<T> {
  /** Every eligible device has an entry, in registration order; its items are contiguous. */
  readonly assignments: ReadonlyMap<string, readonly T[]>;
  /** What no device may take, in the items' order. With `assignments` it is every item, once. */
  readonly unassigned: readonly T[];
}

export interface DistributorOptions {
  /** The most items that one device takes, an integer of at least 1; unlimited when absent. */
  readonly maxPerDevice?: number;
}

export interface DistributionOptions extends DistributorOptions {
  /** @default 'uniform' */
  readonly strategy?: DistributionStrategy;
  /**
   * One finite number of at least 0 for every registered device; used by 'capacity', always
   * checked.
   * @default each device's computeUnits
   */
  readonly capacities?: CapacityInput;
}

const strategies: readonly DistributionStrategy[] = Object.values(DistributionStrategy);

/** The strategy; anything but a known one is refused with ERR_GPU_UNKNOWN_STRATEGY. */
export function readStrategy(value: unknown): DistributionStrategy {
  if (value === undefined) return DistributionStrategy.Uniform;
  const rule = { words: strategies, code: 'ERR_GPU_UNKNOWN_STRATEGY' } as const;
  return readWord(value, 'options.strategy', rule);
}
