import { readString } from './arguments.js';
import type { Cluster } from './cluster.js';
import { ClusterSelection } from './cluster-selection.js';
import { readDeviceId } from './device.js';
import type { Lease } from './leases/lease.js';
import type { LeaseDesk } from './leases/lease-desk.js';
import type {
  AcquireRequest,
  LeaseOutcome,
  LeaseRefusal,
  LeaseRequest,
} from './leases/lease-request.js';
import type { LeaseStatus } from './leases/lease-status.js';
import { readReportedLoad } from './leases/reported-load.js';
import type { ReportedLoad } from './selection/device-view.js';

/** The right to use a device: chosen and promised in one step. */
export abstract class ClusterLeases extends ClusterSelection {
  readonly #cluster: Cluster;
  readonly #desk: LeaseDesk;

  /** @internal */
  constructor(cluster: Cluster) {
    super(cluster);
    this.#cluster = cluster;
    this.#desk = cluster.leases;
  }

  /**
   * A lease at once, or why there is none. Requests that wait in `acquire` are ahead, unless their
   * priority is below 0: it takes no device that one of them waits for. Among devices that pass,
   * the least loaded for its speed by default; what is entered in the ledger is seen by all threads
   * of the process.
   * @throws RangeError, TypeError naming the key of the request; what filters and policies of your
   *   own throw, as the cause of a TypeError.
   * @throws GPUError ERR_GPU_LEDGER_FULL: 64 threads hold leases already; of a token, 2^23 are out.
   *
   * @example
   * const lease = manager.tryAcquire({ memoryBytes: 8 * 2 ** 30 });
   * if (lease.granted) console.log(lease.cudaVisibleDevices);
   * else console.log(lease.code, lease.explain());
   */
  tryAcquire(request?: LeaseRequest): Lease | LeaseRefusal {
    this.#cluster.open();
    return this.#desk.tryAcquire(request);
  }

  /**
   * A lease, when it is this request's turn: by priority, then deadline, then arrival. Rejects as
   * `tryAcquire` throws, and with GPUError, at once: ERR_GPU_UNSATISFIABLE (no device could ever),
   * ERR_GPU_QUEUE_FULL, ERR_GPU_DEADLINE_UNREACHABLE; later: ERR_GPU_TIMEOUT, ERR_GPU_CLOSED; and
   * with the signal's reason. While a request waits, the process is kept alive.
   *
   * @example
   * using lease = await manager.acquire({ memoryBytes: 8e9, timeoutMs: 1000, signal });
   */
  async acquire(request?: AcquireRequest): Promise<Lease> {
    this.#cluster.open();
    return await this.#desk.acquire(request);
  }

  /**
   * As `tryAcquire` for one device, without an object: a token for `releaseToken`; 0: there is
   * none. Nothing tells of a token that is lost, and what it reserves counts as not materialised.
   * @throws as `tryAcquire`; RangeError ERR_GPU_OUT_OF_RANGE for a `count` above 1.
   */
  tryAcquireToken(request?: LeaseRequest): number {
    return this.#desk.tryAcquireToken(request);
  }

  /** Ends what a token stands for, once: false when it is not good, or no longer. Never throws. */
  releaseToken(token: number, outcome?: LeaseOutcome): boolean {
    return this.#desk.releaseToken(token, outcome);
  }

  /** Of which device a token is; undefined when it is not good, or no longer. */
  tokenDeviceId(token: number): string | undefined {
    return this.#desk.book.live.tokens.get(token)?.on.deviceId;
  }

  /**
   * Load that you know of, from an engine or another process. Policies count it as long as its age
   * counts under the request's `maxAgeMs` and `staleness`. A new report replaces the one before.
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE, ERR_GPU_OUT_OF_RANGE.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION.
   */
  reportLoad(deviceId: string, load: ReportedLoad): void {
    this.#cluster.open();
    const id = readString(deviceId, 'deviceId');
    const report = readReportedLoad(load, Date.now());
    readDeviceId(id, this.#cluster.open().devices(), 'deviceId');
    this.#desk.report(id, report);
  }

  /** What is leased now, waits, and was measured. */
  leaseStatus(): LeaseStatus {
    this.#cluster.open();
    return this.#desk.status();
  }
}
