import type { LeaseOutcome } from './lease-request.js';

/** What an outcome says, as far as it makes sense. */
export interface SaidOutcome {
  readonly latencyMs: number | undefined;
  readonly failed: boolean;
}

const nothingSaid: SaidOutcome = { latencyMs: undefined, failed: false };

/** Never throws: a release must not fail for what is said along with it. */
export function readOutcome(outcome: LeaseOutcome | undefined): SaidOutcome {
  if (typeof outcome !== 'object' || outcome === null) return nothingSaid;
  try {
    const { latencyMs, failed } = outcome;
    const isAmount = Number.isFinite(latencyMs) && (latencyMs ?? -1) >= 0;
    return { latencyMs: isAmount ? latencyMs : undefined, failed: failed === true };
  } catch {
    return nothingSaid;
  }
}
