import type { SelectionExplanation } from '../selection/reasons.js';
import type { SelectionRequest } from '../selection/request.js';

/** What a lease is to be of. */
export interface LeaseRequest extends SelectionRequest {
  /** Memory to reserve on each device; kept in KiB, rounded up. @default 0 */
  readonly memoryBytes?: number;
  /** How many devices, all or none: those that belong together. @default 1 */
  readonly count?: number;
  /** Time to live: the lease ends by itself unless it is renewed. @default none */
  readonly ttlMs?: number;
}

/** A request that may wait for its turn. */
export interface AcquireRequest extends LeaseRequest {
  /** Higher goes first. @default 0 */
  readonly priority?: number;
  /** The longest wait; 0 does not wait. @default as long as it takes */
  readonly timeoutMs?: number;
  /** Gives up waiting: `acquire` rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** How the work went, for the latency of its devices. */
export interface LeaseOutcome {
  /** @default the time the lease was held; of a token, unknown */
  readonly latencyMs?: number;
  /** It failed: that counts as slow, however fast it was. @default false */
  readonly failed?: boolean;
}

/** Why there is no lease now. */
export interface LeaseRefusal {
  readonly granted: false;
  /**
   * `busy`: a device could serve it once it is less busy, cooler, fresher or back. `unsatisfiable`:
   * none of them ever could. `no-device`: there is none.
   */
  readonly code: 'busy' | 'unsatisfiable' | 'no-device';
  readonly message: string;
  /** Why each device was not chosen, as of now. */
  explain(): readonly SelectionExplanation[];
}
