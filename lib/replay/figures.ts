import type { Outcome } from './engine.js';
import type { SimulatedGpu } from './gpu.js';

/** What a policy achieved. Times in milliseconds; absent where no request was served. */
export interface ReplayFigures {
  readonly requests: number;
  readonly refused: number;
  readonly meanMs?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /**
   * How much longer the wait on the fullest GPU was than on the emptiest, the mean of what each
   * request met when it came.
   */
  readonly imbalanceMs: number;
  /** Of all GPUs from the start until the last request was done, idle ones included; modelled. */
  readonly joules: number;
  readonly endMs: number;
  /** By GPU. */
  readonly served: readonly number[];
}

export function figuresOf(outcome: Outcome, gpus: readonly SimulatedGpu[]): ReplayFigures {
  const { latenciesMs, refused, imbalanceMs, endMs } = outcome;
  const sorted = Float64Array.from(latenciesMs).sort();
  const meanMs = sorted.reduce((sum, latency) => sum + latency, 0) / sorted.length;
  const p50Ms = nearestRank(sorted, 50);
  const p99Ms = nearestRank(sorted, 99);
  return {
    requests: latenciesMs.length + refused,
    refused,
    ...(p50Ms === undefined || p99Ms === undefined ? {} : { meanMs, p50Ms, p99Ms }),
    imbalanceMs,
    joules: gpus.reduce((sum, gpu) => sum + gpu.joules(endMs), 0),
    endMs,
    served: gpus.map((gpu) => gpu.served),
  };
}

/** The smallest value that at least `percent` of all do not exceed. */
function nearestRank(sorted: Float64Array, percent: number): number | undefined {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}
