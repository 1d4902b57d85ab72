import type { Cluster } from './cluster.js';
import { type ClusterSharing, ClusterSharings } from './cluster-sharing.js';
import { Batches } from './distribution/batches.js';
import type { Distribution } from './distribution/distribution.js';
import { readItems, type TypedItems } from './distribution/items.js';

/** A Distributor over the devices that a manager has at the time. */
export class ClusterDistributor<T = unknown> {
  readonly #cluster: Cluster;
  readonly #asked: ClusterSharing;
  readonly #batches: Batches;

  /** @internal */
  constructor(cluster: Cluster, options: unknown) {
    this.#cluster = cluster;
    this.#asked = new ClusterSharings(cluster).of(options);
    this.#asked.requireKnown();
    this.#batches = new Batches(this.#asked.sharing);
  }

  /**
   * The next batch: an array, a typed array, or so many equal items. A device that joined starts
   * level; of one that is unregistered nothing is remembered; one that takes nothing for a while
   * keeps what it is behind.
   * @throws as `manager.distribute`; nothing is remembered then
   */
  distribute<A extends TypedItems>(workload: A): Distribution<A[number], A>;
  distribute(workload: readonly T[]): Distribution<T>;
  distribute(workload: number): Distribution<number>;
  distribute(workload: unknown): Distribution<unknown> {
    this.#batches.keepOnly(this.#cluster.open().devices());
    return this.#batches.share(this.#asked.over(readItems(workload, 'workload')));
  }

  /**
   * Cost that each registered device is behind its share (equal items cost 1); below 0: ahead.
   * @throws GPUError ERR_GPU_CLOSED
   */
  carry(): ReadonlyMap<string, number> {
    return this.#batches.carry(this.#cluster.open().devices().keys());
  }
}
