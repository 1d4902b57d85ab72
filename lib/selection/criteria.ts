import { readNumber, readOptions, readWord } from '../arguments.js';
import type { SelectionFilter, SelectionPolicy } from './device-view.js';
import type { SelectionPolicyName, StalenessPolicy } from './request.js';

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

const requestKeys = ['minMemoryBytes', 'maxAgeMs', 'policy', 'unknown'] as const;

/** @throws with ERR_GPU_OUT_OF_RANGE, _INVALID_TYPE, _UNKNOWN_OPTION or _UNKNOWN_POLICY. */
export function readRequest(request: unknown, defaultMaxAgeMs: number): SelectionCriteria {
  const given = readOptions(request, requestKeys, 'request');
  const {
    minMemoryBytes = 0,
    maxAgeMs = defaultMaxAgeMs,
    policy = 'score',
    unknown = 'reject',
  } = Object.fromEntries(given);
  return {
    minMemoryBytes: readNumber(minMemoryBytes, 'request.minMemoryBytes', { minimum: 0 }),
    minMemoryTotalBytes: 0,
    maxUtilizationPercent: undefined,
    temperatureMarginCelsius: undefined,
    minComputeCapability: undefined,
    deviceIds: undefined,
    excludeDeviceIds: undefined,
    names: undefined,
    labels: undefined,
    mig: undefined,
    worstHealth: 'degraded',
    numaNode: undefined,
    maxInFlight: Infinity,
    maxAgeMs: readNumber(maxAgeMs, 'request.maxAgeMs', { minimum: 0, orInfinity: true }),
    staleness: 'exclude',
    sensors: 'check',
    weight: 1,
    affinityKey: undefined,
    filters: [],
    policy: readWord<'score'>(policy, 'request.policy', {
      words: ['score'],
      code: 'ERR_GPU_UNKNOWN_POLICY',
    }),
    unknown: readWord(unknown, 'request.unknown', { words: ['reject', 'allow'] }),
    count: 1,
    forLease: false,
  };
}
