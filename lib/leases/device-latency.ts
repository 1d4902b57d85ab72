import { PeakEwma } from './peak-ewma.js';

/** A failure counts as so many times the slowest of the devices. */
const failureFactor = 2;
/** Where nothing is known of how long requests take. */
const usualFailureMs = 1000;
/** What is left of a penalty below this share is nothing any more. */
const leastShare = 1e-3;

/** What leases measured on one device, and what its failures count as. */
export class DeviceLatency {
  readonly #decayMs: number;
  readonly #measured: PeakEwma;
  #penaltyMs = 0;
  #penalisedAtMs = 0;

  constructor(decayMs: number) {
    this.#decayMs = decayMs;
    this.#measured = new PeakEwma(decayMs);
  }

  add(latencyMs: number, nowMs: number): void {
    this.#measured.add(latencyMs, nowMs);
  }

  /** False: nothing was ever measured. */
  get isKnown(): boolean {
    return this.#penaltyMs !== 0 || this.#measured.isKnown;
  }

  /** Without penalties; undefined: nothing was measured. */
  measuredAt(nowMs: number): number | undefined {
    return this.#measured.at(nowMs);
  }

  /** It counts as at least that slow; it fades. */
  penalise(latencyMs: number, nowMs: number): void {
    this.#penaltyMs = Math.max(this.#penaltyAt(nowMs), latencyMs);
    this.#penalisedAtMs = nowMs;
  }

  /** Undefined: nothing was measured. */
  at(nowMs: number): number | undefined {
    const measured = this.#measured.at(nowMs);
    const penalty = this.#penaltyAt(nowMs);
    if (measured === undefined) return penalty === 0 ? undefined : penalty;
    return Math.max(measured, penalty);
  }

  #penaltyAt(nowMs: number): number {
    if (this.#penaltyMs === 0) return 0;
    const share = Math.exp(-Math.max(0, nowMs - this.#penalisedAtMs) / this.#decayMs);
    return share < leastShare ? 0 : this.#penaltyMs * share;
  }
}

/**
 * What a failure counts as: slower than any of the devices is, however fast it came. Else the one
 * that fails fastest would draw all requests (sinkholing). That fades, so that a device that was
 * mended is tried again.
 */
export function failureMs(
  devices: Iterable<DeviceLatency>,
  latencyMs: number,
  nowMs: number,
): number {
  let slowest: number | undefined;
  for (const device of devices) {
    const measured = device.measuredAt(nowMs);
    if (measured !== undefined) slowest = Math.max(slowest ?? 0, measured);
  }
  return failureFactor * Math.max(latencyMs, slowest ?? usualFailureMs);
}
