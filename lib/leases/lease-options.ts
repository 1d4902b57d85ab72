import { readFunction, readNumber, readOptions } from '../arguments.js';
import type { GPUDevice } from '../device.js';

/** How a manager decides and lends. */
export interface LeaseOptions {
  /** The most weight in flight on each device. @default Infinity */
  readonly maxInFlight?: number;
  /** Requests that may wait at once. @default 1024 */
  readonly maxQueue?: number;
  /** For choices that repeat: equal seeds, equal draws. @default another one each time */
  readonly seed?: number;
  /**
   * How fast a device is, in any unit, above 0; asked once for all devices whenever their list
   * changes. @default compute units times clock where all devices say both, else compute units
   * where all do, else all are equal
   */
  readonly speedOf?: (device: GPUDevice) => number;
  /** In how long the memory of a slow request fades, by e-folding. @default 10_000 */
  readonly latencyDecayMs?: number;
}

/** What LeaseOptions come to, defaults filled in. */
export interface CheckedLeaseOptions {
  readonly maxInFlight: number;
  readonly maxQueue: number;
  readonly seed: number | undefined;
  readonly speedOf: ((device: GPUDevice) => number) | undefined;
  readonly latencyDecayMs: number;
}

const keys = ['maxInFlight', 'maxQueue', 'seed', 'speedOf', 'latencyDecayMs'] as const;

/** @throws TypeError, RangeError naming the option */
export function readLeaseOptions(value: unknown, what = 'options.leases'): CheckedLeaseOptions {
  const given = readOptions(value, keys, what);
  const { maxInFlight = Infinity, maxQueue = 1024, seed } = Object.fromEntries(given);
  const { speedOf, latencyDecayMs = 10_000 } = Object.fromEntries(given);
  return {
    maxInFlight: readNumber(maxInFlight, `${what}.maxInFlight`, { above: 0, orInfinity: true }),
    maxQueue: readNumber(maxQueue, `${what}.maxQueue`, { minimum: 0, integer: true }),
    seed: seed === undefined ? undefined : readNumber(seed, `${what}.seed`),
    speedOf: speedOf === undefined ? undefined : readFunction(speedOf, `${what}.speedOf`),
    latencyDecayMs: readNumber(latencyDecayMs, `${what}.latencyDecayMs`, { above: 0 }),
  };
}
