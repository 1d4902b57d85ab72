import {
  ageOf,
  best,
  type Moment,
  type Passed,
  type RankedDevice,
  type Rejected,
  type RejectionCode,
  rank,
} from './evaluation.js';
import { freeMemoryBytes, type Score } from './policies.js';

/** Why a device stands where it stands. Codes are stable, the text is not. */
export type SelectionReasonCode = 'best' | 'behind' | 'score-zero' | RejectionCode;

/** What selection made of one device. */
export interface SelectionExplanation {
  readonly deviceId: string;
  /** 'ranked': it passed, another was better or its score is 0. 'rejected': it did not pass. */
  readonly status: 'selected' | 'ranked' | 'rejected';
  /** Present unless rejected. */
  readonly score?: number;
  readonly code: SelectionReasonCode;
  /** One line with the numbers that decided. */
  readonly reason: string;
}

const bytesPerGibibyte = 2 ** 30;

function gibibytes(bytes: number): string {
  return `${(bytes / bytesPerGibibyte).toFixed(2)} GiB`;
}

function percent(share: number | undefined): string {
  return share === undefined ? 'unknown' : `${(share * 100).toFixed(1)} %`;
}

function scoreText(score: Score): string {
  const shares = `memory free ${percent(score.freeShare)}, idle ${percent(score.idleShare)}`;
  const heat = score.heatFactor < 1 ? `, heat factor ${score.heatFactor.toFixed(2)}` : '';
  return `score ${score.value.toFixed(4)}: ${shares}${heat}`;
}

function rejectionText({ candidate, code, bar }: Rejected, { criteria, nowMs }: Moment): string {
  if (bar !== undefined) return bar.reason;
  const { metrics } = candidate;
  const failure = candidate.failure?.();
  const cause = failure === undefined ? '' : `; its latest reading failed: ${failure}`;
  if (metrics === undefined) return `no sample yet${cause}`;
  const freeBytes = freeMemoryBytes(metrics);
  switch (code) {
    case 'too-old': {
      const ageMs = Math.round(ageOf(metrics, nowMs));
      return `its sample is ${ageMs} ms old, at most ${criteria.maxAgeMs} ms count${cause}`;
    }
    case 'not-enough-memory':
    case 'memory-unknown': {
      const free = freeBytes === undefined ? 'free memory unknown' : `${gibibytes(freeBytes)} free`;
      return `${free}, ${gibibytes(criteria.minMemoryBytes)} wanted`;
    }
    default:
      return 'neither its memory nor its utilisation is known';
  }
}

function explainPassed(verdict: Passed, winner: RankedDevice | undefined): SelectionExplanation {
  const { deviceId } = verdict.candidate.device;
  const score = verdict.score.value;
  const text = scoreText(verdict.score);
  if (deviceId === winner?.deviceId) {
    return { deviceId, status: 'selected', score, code: 'best', reason: text };
  }
  if (winner === undefined || score === 0) {
    const reason = `${text}; a score of 0 is never selected`;
    return { deviceId, status: 'ranked', score, code: 'score-zero', reason };
  }
  const lead =
    score === winner.score
      ? `equal to ${winner.deviceId}, which comes first`
      : `behind ${winner.deviceId} with ${winner.score.toFixed(4)}`;
  return { deviceId, status: 'ranked', score, code: 'behind', reason: `${text}; ${lead}` };
}

/** One explanation a verdict, in the verdicts' order. */
export function explain(
  verdicts: readonly (Passed | Rejected)[],
  moment: Moment,
): SelectionExplanation[] {
  const winner = best(rank(verdicts));
  return verdicts.map((verdict) => {
    if (verdict.passed) return explainPassed(verdict, winner);
    const { deviceId } = verdict.candidate.device;
    const reason = rejectionText(verdict, moment);
    return { deviceId, status: 'rejected', code: verdict.code, reason };
  });
}
