import { readNumber, readSignal } from '../arguments.js';

/** How somebody waits. */
export interface Patience {
  /** Higher first. */
  readonly priority: number;
  /** Infinity: as long as it takes. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export const patienceKeys = ['priority', 'timeoutMs', 'signal'] as const;

export interface GivenPatience {
  get(key: (typeof patienceKeys)[number]): unknown;
}

/** @throws TypeError, RangeError naming the key */
export function readPatience(given: GivenPatience): Patience {
  const [priority = 0, timeoutMs = Infinity, signal] = patienceKeys.map((key) => given.get(key));
  return {
    priority: readNumber(priority, 'request.priority'),
    timeoutMs: readNumber(timeoutMs, 'request.timeoutMs', { minimum: 0, orInfinity: true }),
    signal: readSignal(signal, 'request.signal'),
  };
}
