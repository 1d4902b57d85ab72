import { readNumber, readOptions, readWord } from '../arguments.js';

/**
 * How devices are ordered. 'score': a weighted sum of free memory (0.6) and idleness (0.4), cut
 * down above 80 °C; what is unknown drops out of the sum, and a score of 0 is never selected.
 */
export type SelectionPolicy = 'score';

export interface SelectionRequest {
  /**
   * Memory that must be free by the latest sample: its `memoryFreeBytes`, else total less used.
   * @default 0
   */
  readonly minMemoryBytes?: number;
  /**
   * The greatest age of a sample that still counts; Infinity takes any.
   * @default Infinity on a manual cluster; on a live one five periods, or five rounds of readings
   * where the driver needs longer than a period for one
   */
  readonly maxAgeMs?: number;
  /** @default 'score' */
  readonly policy?: SelectionPolicy;
  /**
   * What becomes of a device that does not say what a constraint asks about.
   * @default 'reject'
   */
  readonly unknown?: 'reject' | 'allow';
}

/** A request with everything decided. */
export interface SelectionCriteria {
  readonly minMemoryBytes: number;
  readonly maxAgeMs: number;
  readonly policy: SelectionPolicy;
  readonly unknown: 'reject' | 'allow';
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
    maxAgeMs: readNumber(maxAgeMs, 'request.maxAgeMs', { minimum: 0, orInfinity: true }),
    policy: readWord(policy, 'request.policy', {
      words: ['score'],
      code: 'ERR_GPU_UNKNOWN_POLICY',
    }),
    unknown: readWord(unknown, 'request.unknown', { words: ['reject', 'allow'] }),
  };
}
