import { type NumberRule, readNumber, readOptions } from '../arguments.js';
import {
  type CriteriaDefaults,
  criteriaOf,
  type SelectionCriteria,
  selectionKeys,
} from '../selection/criteria.js';
import type { SelectionExplanation } from '../selection/reasons.js';
import type { SelectionRequest } from '../selection/request.js';
import { type Patience, patienceKeys, readPatience } from './patience.js';

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

/** How the work went, for the latency of its devices. What is no number is passed over. */
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

/** A lease's request with everything decided. */
export interface LeaseTerms {
  readonly criteria: SelectionCriteria;
  /** On each device. */
  readonly kib: number;
  /** 0: it lives until it is released. */
  readonly ttlMs: number;
  /** It asks for nothing but a device, the least loaded one. */
  readonly isPlain: boolean;
}

type LeaseKey = keyof LeaseRequest;
const leaseKeys: readonly LeaseKey[] = [...selectionKeys, 'memoryBytes', 'count', 'ttlMs'];

const bytesPerKiB = 1024;
/** Sums of KiB are kept in 32 bits. */
const mostBytes = (2 ** 32 - 1) * bytesPerKiB;
const mostDevices = 1024;
/** What setTimeout can wait. */
const longestTtlMs = 2 ** 31 - 1;
const ttlRule = { above: 0, maximum: longestTtlMs };

export type LeaseDefaults = Pick<CriteriaDefaults, 'maxAgeMs' | 'maxInFlight'>;

/** @throws TypeError, RangeError naming the key */
export function readLeaseRequest(request: unknown, defaults: LeaseDefaults): LeaseTerms {
  return termsOf(readOptions(request, leaseKeys, 'request'), defaults);
}

/** @throws TypeError, RangeError naming the key */
export function readAcquireRequest(
  request: unknown,
  defaults: LeaseDefaults,
): { readonly terms: LeaseTerms; readonly patience: Patience } {
  const given = readOptions(request, [...leaseKeys, ...patienceKeys], 'request');
  return { terms: termsOf(given, defaults), patience: readPatience(given) };
}

function termsOf(
  given: Pick<ReadonlyMap<LeaseKey, unknown>, 'get'>,
  defaults: LeaseDefaults,
): LeaseTerms {
  const number = (key: LeaseKey, fallback: number, rule: NumberRule) => {
    const value = given.get(key);
    return value === undefined ? fallback : readNumber(value, `request.${key}`, rule);
  };
  const kib = readKiB(given.get('memoryBytes') ?? 0, 'request.memoryBytes');
  const count = number('count', 1, { minimum: 1, maximum: mostDevices, integer: true });
  const criteria = criteriaOf(given, {
    // Field by field: a spread takes longer than everything else here.
    maxAgeMs: defaults.maxAgeMs,
    maxInFlight: defaults.maxInFlight ?? Infinity,
    staleness: 'ledger-only',
    policy: 'least-loaded',
    memoryBytes: kib * bytesPerKiB,
    count,
    forLease: true,
  });
  const ttlMs = number('ttlMs', 0, ttlRule);
  const isUnlimited = criteria.maxInFlight === Infinity;
  const says = (key: LeaseKey) => key !== 'ttlMs' && given.get(key) !== undefined;
  const isPlain = isUnlimited && !leaseKeys.some(says);
  return { criteria, kib, ttlMs, isPlain };
}

/** @throws TypeError, RangeError */
export function readKiB(value: unknown, what: string): number {
  const bytes = readNumber(value, what, { minimum: 0, maximum: mostBytes });
  return Math.ceil(bytes / bytesPerKiB);
}

/** @throws TypeError, RangeError */
export function readTtl(value: unknown, what = 'ttlMs'): number {
  return readNumber(value, what, ttlRule);
}
