import { readWord } from '../arguments.js';
import type { GPUDevice } from '../device.js';
import type { DeviceConstraints } from '../selection/constraints.js';
import type { CapacityInput } from './capacity.js';
import type { DistributionJob } from './job.js';

/** How items are shared out; the values are what `strategy` takes. */
export const DistributionStrategy: {
  /** The same number each, one more to the first ones where it does not divide. */
  readonly Uniform: 'uniform';
  /** In proportion to capacities, so that the last one to finish finishes as early as possible. */
  readonly Capacity: 'capacity';
  /** Items that take memory (`bytes`), never more on a device than it has free. */
  readonly Memory: 'memory';
  /** Items that take time (`costs`), so that the last one to finish finishes early. */
  readonly Cost: 'cost';
  /** As many as the load leaves room for: all are to finish at the same time. */
  readonly LeastLoaded: 'least-loaded';
  /** Where the items' `keys` are at home, unless that device has too much then. */
  readonly Locality: 'locality';
  /** By the items' `keys`: the same key to the same device, as long as that is there. */
  readonly Hash: 'hash';
} = Object.freeze({
  Uniform: 'uniform',
  Capacity: 'capacity',
  Memory: 'memory',
  Cost: 'cost',
  LeastLoaded: 'least-loaded',
  Locality: 'locality',
  Hash: 'hash',
});

export type DistributionStrategy = (typeof DistributionStrategy)[keyof typeof DistributionStrategy];

/**
 * A strategy of your own. What it answers with is checked: places that are there, and no limit
 * passed; else the distribution is refused.
 */
export interface OwnStrategy {
  readonly name: string;
  /**
   * Which device each item goes to, by its place in `job.deviceIds`, -1: none; or how many items
   * each device gets, in order. The job is a copy: what it does to that changes nothing.
   */
  assign(job: DistributionJob): ArrayLike<number> | { readonly counts: ArrayLike<number> };
}

/** What a device takes at most, of one distribution. What is absent is unlimited. */
export interface DeviceLimits {
  readonly items?: number;
  readonly bytes?: number;
  readonly cost?: number;
}

/** Limits by device id: a Map, or an object's own enumerable properties. */
export type LimitsInput =
  | Readonly<Record<string, DeviceLimits>>
  | ReadonlyMap<string, DeviceLimits>;

/** The same for every item, one for each, or a function of the item and its place. */
export type ItemNumbers<T> = number | ArrayLike<number> | ((item: T, index: number) => number);

/** What an item belongs to: a model, a session. */
export type ItemKey = string | number;

export type ItemKeys<T> = ArrayLike<ItemKey> | ((item: T, index: number) => ItemKey);

export type CapacitySource =
  | 'compute-units'
  | 'free-memory'
  | 'measured'
  | ((device: GPUDevice) => number);

export interface DistributorOptions {
  /** The most items that one device takes, an integer of at least 1; unlimited when absent. */
  readonly maxPerDevice?: number;
}

/** What of a distribution does not ask about the cluster. */
export interface SharingOptions<T = unknown> extends DistributorOptions {
  /** @default 'uniform' */
  readonly strategy?: DistributionStrategy | OwnStrategy;
  /**
   * Of 'capacity'. `makespan`: the last device finishes as early as possible (D'Hondt).
   * `largest-remainder`: each gets its exact share, rounded down or up (Hamilton).
   * @default 'makespan'
   */
  readonly rounding?: 'makespan' | 'largest-remainder';
  /** Work that an item is, in the unit of a lease's weight; finite, at least 0. @default 1 */
  readonly costs?: ItemNumbers<T>;
  /** Memory that an item takes; finite, at least 0. Needed by 'memory', a limit with all others. */
  readonly bytes?: ItemNumbers<T>;
  /** Of 'locality' and 'hash'. @default the items themselves, where they are texts or numbers */
  readonly keys?: ItemKeys<T>;
  /** Per device; a device that is not named has none. */
  readonly limits?: LimitsInput;
  /**
   * A device takes none or at least so many: a batch that pays. Not with 'hash'. Items for which
   * that leaves no device are unassigned. @default 1
   */
  readonly minPerDevice?: number;
  /**
   * Whether the work that a device has counts.
   * @default 'load' for 'least-loaded' and 'cost', else 'idle'
   */
  readonly startFrom?: 'idle' | 'load';
  /** Of 'cost': look for moves and swaps that make the last to finish finish earlier. */
  readonly improve?: boolean;
  /** Of 'locality': which device holds which key. */
  readonly placement?: ReadonlyMap<ItemKey, string>;
  /** Of 'locality': how far above its fair share a device may go to keep a key. @default 1.25 */
  readonly maxLoadRatio?: number;
  /** Of 'hash'. 'jump' takes all devices for equally fast. @default 'rendezvous' */
  readonly hashing?: 'rendezvous' | 'jump';
  /** `throw`: ERR_GPU_UNASSIGNED rather than a plan that leaves items over. @default 'return' */
  readonly overflow?: 'return' | 'throw';
}

/** What leases of a plan are to be. */
export interface ReserveOptions {
  /** Time to live: the leases end by themselves unless they are renewed. @default none */
  readonly ttlMs?: number;
}

/**
 * `staleness` is 'ledger-only' by default: a device whose sample is old or missing stays. One that
 * is lost, hung, unhealthy, asleep, let go of, draining or split is out whatever this says.
 */
export interface DistributionOptions<T = unknown> extends SharingOptions<T>, DeviceConstraints {
  /**
   * One finite number of at least 0 for every registered device: its speed, under all strategies
   * but 'uniform'; always checked. Of 'capacity' by default each device's computeUnits, of the
   * others the speed that leases go by.
   */
  readonly capacities?: CapacityInput;
  /**
   * Where capacities come from. `measured`: one divided by the latency that leases measured and
   * reports told.
   */
  readonly capacityFrom?: CapacitySource;
  /** Leases for all that is planned, or for nothing. */
  readonly reserve?: boolean | ReserveOptions;
}

const strategies: readonly DistributionStrategy[] = Object.values(DistributionStrategy);

/** The strategy; anything but a known one is refused with ERR_GPU_UNKNOWN_STRATEGY. */
export function readStrategy(value: unknown): DistributionStrategy {
  if (value === undefined) return DistributionStrategy.Uniform;
  const rule = { words: strategies, code: 'ERR_GPU_UNKNOWN_STRATEGY' } as const;
  return readWord(value, 'options.strategy', rule);
}
