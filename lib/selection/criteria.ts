import {
  type NumberRule,
  readNonEmptyString,
  readNumber,
  readOptions,
  readStringRecord,
  readWord,
  wrongType,
} from '../arguments.js';
import type { SelectionFilter, SelectionPolicy } from './device-view.js';
import {
  type SelectionPolicyName,
  type SelectionRequest,
  type StalenessPolicy,
  stalenessPolicies,
} from './request.js';
import { readDeviceIds, readFilters, readNames, readPolicy, readVersion } from './request-parts.js';

/** A version such as '8.0', to be compared by number: 10.0 is above 9.0. */
export interface ComputeCapability {
  readonly major: number;
  readonly minor: number;
}

/** A request with everything decided. An undefined constraint does not apply. */
export interface SelectionCriteria {
  /** Free: the greater of `minMemoryBytes` and what a lease reserves. */
  readonly minMemoryBytes: number;
  readonly minMemoryTotalBytes: number;
  readonly maxUtilizationPercent: number | undefined;
  readonly temperatureMarginCelsius: number | undefined;
  readonly minComputeCapability: ComputeCapability | undefined;
  readonly deviceIds: ReadonlySet<string> | undefined;
  readonly excludeDeviceIds: ReadonlySet<string> | undefined;
  /** Texts too: as patterns that ignore case. */
  readonly names: readonly RegExp[] | undefined;
  readonly labels: readonly (readonly [name: string, value: string])[] | undefined;
  readonly mig: boolean | undefined;
  readonly worstHealth: 'ok' | 'degraded';
  readonly numaNode: number | undefined;
  readonly maxInFlight: number;
  readonly maxAgeMs: number;
  readonly staleness: StalenessPolicy;
  readonly sensors: 'check' | 'trust';
  /** In whole 64ths. */
  readonly weight: number;
  readonly affinityKey: string | undefined;
  readonly filters: readonly SelectionFilter[];
  readonly policy: SelectionPolicyName | SelectionPolicy;
  readonly unknown: 'reject' | 'allow';
  /** How many devices, chosen together; 1 for a selection. */
  readonly count: number;
  /** Whether a lease is asked for: health may bar new leases where it does not bar selection. */
  readonly forLease: boolean;
}

export type SelectionKey = keyof SelectionRequest;

/** An object, so that the compiler misses a key that is not there. */
const allKeys: Readonly<Record<SelectionKey, true>> = {
  minMemoryBytes: true,
  minMemoryTotalBytes: true,
  maxUtilizationPercent: true,
  temperatureMarginCelsius: true,
  minComputeCapability: true,
  deviceIds: true,
  excludeDeviceIds: true,
  names: true,
  labels: true,
  mig: true,
  worstHealth: true,
  numaNode: true,
  maxInFlight: true,
  maxAgeMs: true,
  staleness: true,
  sensors: true,
  weight: true,
  affinityKey: true,
  filters: true,
  policy: true,
  unknown: true,
};

/** What a request may say; a lease's may say more. */
export const selectionKeys: readonly SelectionKey[] = Object.keys(allKeys) as SelectionKey[];

/** The options of a request, each read once, none checked. */
export interface GivenRequest {
  get(key: SelectionKey): unknown;
}

/** What holds where a request does not say, and what is decided elsewhere. */
export interface CriteriaDefaults {
  readonly maxAgeMs: number;
  /** @default 'exclude' */
  readonly staleness?: StalenessPolicy;
  /** @default 'score' */
  readonly policy?: SelectionPolicyName;
  /** What a lease reserves on each device. @default 0 */
  readonly memoryBytes?: number;
  /** A limit of the cluster; the request's own may be lower. @default Infinity */
  readonly maxInFlight?: number;
  /** @default 1 */
  readonly count?: number;
  /** @default false */
  readonly forLease?: boolean;
}

/** Weights are kept in steps of 1/64: their sums are exact. */
export const weightSteps = 64;
const greatestWeight = 2 ** 20;

/** @throws TypeError, RangeError naming the key. */
export function criteriaOf(given: GivenRequest, defaults: CriteriaDefaults): SelectionCriteria {
  const number = <D>(key: SelectionKey, fallback: D, rule: NumberRule): number | D => {
    const value = given.get(key);
    return value === undefined ? fallback : readNumber(value, `request.${key}`, rule);
  };
  const part = <P>(key: SelectionKey, read: (value: unknown, what: string) => P) => {
    const value = given.get(key);
    return value === undefined ? undefined : read(value, `request.${key}`);
  };
  const word = <W extends string>(key: SelectionKey, fallback: W, words: readonly W[]): W => {
    const value = given.get(key);
    return value === undefined ? fallback : readWord<W>(value, `request.${key}`, { words });
  };
  const amount = { minimum: 0 };
  const weight = number('weight', 1, { above: 0, maximum: greatestWeight });
  const limit = number('maxInFlight', Infinity, { above: 0, orInfinity: true });
  return {
    minMemoryBytes: Math.max(number('minMemoryBytes', 0, amount), defaults.memoryBytes ?? 0),
    minMemoryTotalBytes: number('minMemoryTotalBytes', 0, amount),
    maxUtilizationPercent: number('maxUtilizationPercent', undefined, {
      minimum: 0,
      maximum: 100,
    }),
    temperatureMarginCelsius: number('temperatureMarginCelsius', undefined, amount),
    minComputeCapability: part('minComputeCapability', readVersion),
    deviceIds: part('deviceIds', readDeviceIds),
    excludeDeviceIds: part('excludeDeviceIds', readDeviceIds),
    names: part('names', readNames),
    labels: part('labels', (value, what) => Object.entries(readStringRecord(value, what))),
    mig: part('mig', readBoolean),
    worstHealth: word('worstHealth', 'degraded', ['ok', 'degraded']),
    numaNode: number('numaNode', undefined, { minimum: 0, integer: true }),
    maxInFlight: Math.min(limit, defaults.maxInFlight ?? Infinity),
    maxAgeMs: number('maxAgeMs', defaults.maxAgeMs, { minimum: 0, orInfinity: true }),
    staleness: word('staleness', defaults.staleness ?? 'exclude', stalenessPolicies),
    sensors: word('sensors', 'check', ['check', 'trust']),
    weight: Math.ceil(weight * weightSteps) / weightSteps,
    affinityKey: part('affinityKey', readNonEmptyString),
    filters: part('filters', readFilters) ?? [],
    policy: part('policy', readPolicy) ?? defaults.policy ?? 'score',
    unknown: word('unknown', 'reject', ['reject', 'allow']),
    count: defaults.count ?? 1,
    forLease: defaults.forLease ?? false,
  };
}

function readBoolean(value: unknown, what: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrongType(what, 'true or false', value);
}

/** @throws with ERR_GPU_OUT_OF_RANGE, _INVALID_TYPE, _UNKNOWN_OPTION or _UNKNOWN_POLICY. */
export function readRequest(request: unknown, defaultMaxAgeMs: number): SelectionCriteria {
  const given = readOptions(request, selectionKeys, 'request');
  return criteriaOf(given, { maxAgeMs: defaultMaxAgeMs });
}
