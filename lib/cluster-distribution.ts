import { readOptions } from './arguments.js';
import type { Cluster } from './cluster.js';
import { ClusterDevices, deviceOptions } from './cluster-devices.js';
import { ClusterDistributor } from './cluster-distributor.js';
import { ClusterLeases } from './cluster-leases.js';
import { ClusterSharings } from './cluster-sharing.js';
import { type ClusterStreamOptions, openStream } from './cluster-stream.js';
import type { Distribution } from './distribution/distribution.js';
import {
  type ItemList,
  type Items,
  readItems,
  readList,
  type TypedItems,
} from './distribution/items.js';
import {
  type RebalanceOptions,
  type Rebalancing,
  rebalanceKeys,
  rebalanceOver,
} from './distribution/rebalance/rebalance.js';
import { share } from './distribution/share.js';
import type { DistributionOptions } from './distribution/strategy.js';
import type { DistributionStream } from './distribution/stream/distribution-stream.js';
import type { StreamSource } from './distribution/stream/intake.js';
import type { DeviceConstraints } from './selection/constraints.js';

const rebalanceOptions = [...rebalanceKeys, ...deviceOptions];

/** `capacities` and `capacityFrom` are not those of the former distribution: speeds change. */
export interface ClusterRebalanceOptions
  extends RebalanceOptions,
    DeviceConstraints,
    Pick<DistributionOptions, 'capacities' | 'capacityFrom'> {}

/** Work shared out over the devices, at once or as it comes. */
export abstract class ClusterDistribution extends ClusterLeases {
  readonly #cluster: Cluster;
  readonly #sharings: ClusterSharings;

  /** @internal */
  constructor(cluster: Cluster) {
    super(cluster);
    this.#cluster = cluster;
    this.#sharings = new ClusterSharings(cluster);
  }

  /**
   * Shares tasks out over the devices in registration order; keeps their order and loses none. The
   * same as `distribute`, with the lists made before it returns.
   * @throws as `distribute`
   *
   * @example
   * const { assignments, unassigned } = manager.distributeWorkload(prompts, {
   *   strategy: DistributionStrategy.Capacity,
   *   maxPerDevice: 64,
   * });
   */
  distributeWorkload<A extends TypedItems>(
    tasks: A,
    options?: DistributionOptions<A[number]>,
  ): Distribution<A[number], A>;
  distributeWorkload<T>(tasks: readonly T[], options?: DistributionOptions<T>): Distribution<T>;
  distributeWorkload(tasks: unknown, options?: unknown): Distribution<unknown> {
    this.#cluster.open();
    const distribution = this.#share(options, () => readList(tasks, 'tasks'));
    void distribution.assignments;
    void distribution.unassigned;
    return distribution;
  }

  /**
   * Plans which device takes which items: an array's, a typed array's, or so many equal ones. Items
   * are looked at when somebody asks for them, so that a million cost as much as eight under
   * `uniform`, `capacity` and `least-loaded`; functions that say what items cost are called at
   * once. A device that is draining or worse, asleep, let go of by `suspend()`, split into MIG
   * instances, or that a constraint keeps out takes none, has no entry, and needs no capacity.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE or ERR_GPU_MISSING_CAPACITY when capacities or limits
   *   are not those of the registered devices; ERR_GPU_ZERO_CAPACITY, ERR_GPU_OUT_OF_RANGE,
   *   ERR_GPU_LENGTH_MISMATCH, ERR_GPU_UNKNOWN_STRATEGY.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION, ERR_GPU_MISSING_OPTION; what
   *   functions of yours throw, as its cause.
   * @throws GPUError ERR_GPU_UNASSIGNED under `overflow: 'throw'`; under `reserve`, with nothing
   *   held, ERR_GPU_RESERVATION_FAILED, ERR_GPU_LEDGER_FULL.
   *
   * @example
   * const plan = manager.distribute(prompts, { strategy: 'cost', costs: (p) => p.length });
   * for (const deviceId of plan.deviceIds) send(deviceId, plan.itemsOf(deviceId));
   * plan.makespan / plan.lowerBound; // how far from the best there can be, at most
   */
  distribute<A extends TypedItems>(
    workload: A,
    options?: DistributionOptions<A[number]>,
  ): Distribution<A[number], A>;
  distribute<T>(workload: readonly T[], options?: DistributionOptions<T>): Distribution<T>;
  distribute(workload: number, options?: DistributionOptions<number>): Distribution<number>;
  distribute(workload: unknown, options?: unknown): Distribution<unknown> {
    this.#cluster.open();
    return this.#share(options, () => readItems(workload, 'workload'));
  }

  /**
   * Batches one after another, each with what those before left over, so that small devices do not
   * starve: what a Distributor is, over the devices that there are at the time. Options are read
   * once. What of capacities and limits names devices that are gone by then is passed over.
   * @throws as `distribute`, of the options
   *
   * @example
   * const distributor = manager.createDistributor({ strategy: 'capacity' });
   * for await (const prompts of batches) send(distributor.distribute(prompts).assignments);
   */
  createDistributor<T = unknown>(options?: DistributionOptions<T>): ClusterDistributor<T> {
    this.#cluster.open();
    return new ClusterDistributor<T>(this.#cluster, options);
  }

  /**
   * The former distribution over the devices that there are now: few items move, as few as can be
   * where items are alike; see `WorkloadDistributor.rebalance`. Leases that the former still holds
   * count neither as load nor as memory; they stay as they are, and no new ones are taken.
   * @throws TypeError, RangeError naming the option, ERR_GPU_MISSING_CAPACITY; what filters and
   *   functions of yours throw, as the cause of a TypeError
   * @throws GPUError ERR_GPU_UNASSIGNED, where the former was to leave nothing over
   *
   * @example
   * const { moves, distribution } = manager.rebalance(plan, { maxImbalance: 1.1 });
   * for (const { index, from, to } of moves) migrate(prompts[index], from, to);
   */
  rebalance<T, L extends ItemList<T>>(
    previous: Distribution<T, L>,
    options?: ClusterRebalanceOptions,
  ): Rebalancing<T, L> {
    this.#cluster.open();
    const given = readOptions(options, rebalanceOptions);
    const devices = new ClusterDevices(this.#cluster, given);
    return rebalanceOver(previous, given, (sharing, needsMemory) =>
      devices.columns(sharing, needsMemory),
    );
  }

  /**
   * Hands items out to devices as these ask for them, with back-pressure; what a lost device had
   * goes to others. What is in flight is entered in the ledger, so that `acquire()` sees it, and
   * keeps to `maxInFlight`. The constraints decide who joins: at the start, and whenever something
   * happens to a device that is not in. One that is gone, draining or worse takes no more.
   * @throws TypeError, RangeError naming the option.
   *
   * @example
   * await using stream = manager.distributeStream(prompts, { signal });
   * await stream.run((prompt, { deviceId, signal }) => infer(prompt, deviceId, signal), {
   *   concurrency: 4,
   * });
   */
  distributeStream<T>(
    items: StreamSource<T>,
    options?: ClusterStreamOptions<T>,
  ): DistributionStream<T> {
    this.#cluster.open();
    return openStream(this.#cluster, items, options);
  }

  #share(options: unknown, itemsOf: () => Items): Distribution<unknown> {
    const asked = this.#sharings.of(options);
    const distribution = share(asked.over(itemsOf()));
    // A strategy of the user's may have shut it down.
    this.#cluster.open();
    return distribution;
  }
}
