import type { GPUDevice } from '../device.js';
import { weightSteps } from '../selection/criteria.js';
import type { HeldLease } from './held-lease.js';
import type { LeaseOutcome } from './lease-request.js';
import { giveBack, type LeaseTag } from './lease-tags.js';

const bytesPerKiB = 1024;
const never = { expiresMs: 0, ttlMs: 0 };

/** @internal What stands behind a lease. */
export let heldOf: (lease: Lease) => HeldLease;
/** @internal Of a lease that is over and that nobody has seen. */
export let dropTagOf: (lease: Lease) => void;

/**
 * The right to use devices until it is released, expires, or a device is lost. It counts as load
 * and as memory of its devices as long as it lives. One that is collected as garbage is released,
 * and reported as a leak.
 *
 * @example
 * using lease = await manager.acquire({ memoryBytes: 8e9 });
 * const worker = spawn('serve', { env: { CUDA_VISIBLE_DEVICES: lease.cudaVisibleDevices } });
 */
export class Lease {
  readonly #held: HeldLease;
  /** Undefined: `release` was called. */
  #tag: LeaseTag | undefined;

  static {
    heldOf = (lease) => lease.#held;
    dropTagOf = (lease) => lease.#dropTag();
  }

  /** @internal */
  constructor(held: HeldLease, tag: LeaseTag) {
    this.#held = held;
    this.#tag = tag;
  }

  get granted(): true {
    return true;
  }

  /** The first of `devices`. */
  get device(): GPUDevice {
    return this.devices[0] as GPUDevice;
  }

  get devices(): readonly GPUDevice[] {
    return this.#held.holdings.map(({ on }) => on.device);
  }

  /** UUIDs, of MIG instances too: an index would not mean the same to CUDA as to the driver. */
  get cudaVisibleDevices(): string {
    return this.#held.deviceIds.join(',');
  }

  /** Reserved on each device. */
  get memoryBytes(): number {
    return this.#held.kib * bytesPerKiB;
  }

  /** On each device. */
  get weight(): number {
    return this.#held.weight / weightSteps;
  }

  /** Unix. */
  get acquiredAtMs(): number {
    return this.#held.keeper.unixMs(this.#held.acquiredMs);
  }

  /** Unix; undefined: it does not expire. */
  get expiresAtMs(): number | undefined {
    const { expiresMs, ttlMs } = this.#held.extras ?? never;
    return ttlMs === 0 ? undefined : this.#held.keeper.unixMs(expiresMs);
  }

  /** True once it is over, whatever ended it. */
  get released(): boolean {
    return !this.#held.isLive;
  }

  /** Its device is to be given back soon: nothing new should begin on it. */
  get draining(): boolean {
    return this.#held.isLive && this.#held.keeper.isDraining(this.#held);
  }

  /**
   * Aborted when something else than `release()` ends it, with a GPUError: ERR_GPU_LEASE_REVOKED,
   * ERR_GPU_LEASE_EXPIRED, ERR_GPU_CLOSED (the cluster was shut down).
   */
  get signal(): AbortSignal {
    return this.#held.signal;
  }

  /**
   * So much of the reserved memory, on each device, is allocated now: once a sample shows it, it
   * counts as used and no longer as reserved as well. More than is reserved counts as all of it.
   * @param bytes all that is still reserved by default
   * @throws GPUError ERR_GPU_LEASE_ENDED. TypeError, RangeError.
   */
  materialised(bytes?: number): void {
    this.#held.keeper.materialise(this.#held, bytes);
  }

  /**
   * It expires so long from now.
   * @param ttlMs as before by default; a lease without a time to live may be given one
   * @throws GPUError ERR_GPU_LEASE_ENDED. TypeError, RangeError.
   */
  renew(ttlMs?: number): void {
    this.#held.keeper.renew(this.#held, ttlMs);
  }

  /** Ends it, once: false when it was over already. It never throws. */
  release(outcome?: LeaseOutcome): boolean {
    const isFirst = this.#held.keeper.release(this.#held, outcome);
    this.#dropTag();
    return isFirst;
  }

  /** REQUIRES: it is over. */
  #dropTag(): void {
    if (this.#tag !== undefined) giveBack(this.#tag);
    this.#tag = undefined;
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}
