import type { GPUError } from '../errors.js';
import type { LeaseOutcome } from './lease-request.js';
import type { DeviceHolding } from './leased-devices.js';

/** Who granted it, and is asked for everything about it. */
export interface LeaseKeeper {
  release(held: HeldLease, outcome: LeaseOutcome | undefined): boolean;
  materialise(held: HeldLease, bytes: number | undefined): void;
  renew(held: HeldLease, ttlMs: number | undefined): void;
  /** Somebody has its signal. */
  watched(): void;
  /** It is asked to come to an end in its own time. */
  isDraining(held: HeldLease): boolean;
  /** Nobody has it any more. */
  collected(held: HeldLease): void;
  /** Unix, of a time on the book's clock. */
  unixMs(ms: number): number;
}

/** What most leases never have. */
export interface LeaseExtras {
  /** 0: it lives until it is released. */
  ttlMs: number;
  /** By the clock of the book. */
  expiresMs: number;
  timer: NodeJS.Timeout | undefined;
  controller: AbortController | undefined;
  /** Why it ended, when nobody released it. */
  endedBy: GPUError | undefined;
  /** Where it was acquired, once leases are known to leak. */
  trace: string | undefined;
}

/**
 * A lease as the book keeps it. It knows nothing of the `Lease` that the user has, so that this one
 * can be collected. Small: one is made for each lease.
 */
export class HeldLease {
  readonly keeper: LeaseKeeper;
  readonly holdings: readonly DeviceHolding[];
  /** By the clock of the book. */
  readonly acquiredMs: number;
  /** Of each device: what is not materialised. */
  pendingKiB: number;
  /** Of its tag; -1: it is over. */
  place = -1;
  #extras: LeaseExtras | undefined = undefined;

  constructor(keeper: LeaseKeeper, holdings: readonly DeviceHolding[], acquiredMs: number) {
    this.keeper = keeper;
    this.holdings = holdings;
    this.acquiredMs = acquiredMs;
    this.pendingKiB = this.kib;
  }

  get isLive(): boolean {
    return this.place !== -1;
  }

  get deviceIds(): readonly string[] {
    return this.holdings.map(({ on }) => on.deviceId);
  }

  /** Of the first device; those of a gang have the same. */
  get kib(): number {
    return this.holdings[0]?.kib ?? 0;
  }

  get weight(): number {
    return this.holdings[0]?.weight ?? 0;
  }

  /** Undefined: it has none. */
  get extras(): Readonly<LeaseExtras> | undefined {
    return this.#extras;
  }

  get signal(): AbortSignal {
    const extras = this.needExtras();
    if (extras.controller === undefined) {
      extras.controller = new AbortController();
      if (this.isLive) this.keeper.watched();
    }
    this.#abort();
    return extras.controller.signal;
  }

  needExtras(): LeaseExtras {
    this.#extras ??= {
      ttlMs: 0,
      expiresMs: 0,
      timer: undefined,
      controller: undefined,
      endedBy: undefined,
      trace: undefined,
    };
    return this.#extras;
  }

  stopTimer(): void {
    if (this.#extras !== undefined) clearTimeout(this.#extras.timer);
  }

  /** Ended by something else than its owner, who is told when the code that runs now is done. */
  interrupt(by: GPUError): void {
    const extras = this.needExtras();
    extras.endedBy = by;
    if (extras.controller !== undefined) queueMicrotask(() => this.#abort());
  }

  #abort(): void {
    const { controller, endedBy } = this.needExtras();
    if (endedBy !== undefined) controller?.abort(endedBy);
  }
}
