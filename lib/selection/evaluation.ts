// The one place that decides which devices pass and in what order. Ranking, selecting and
// explaining are three ways of reading its result, so they cannot disagree.
import type { GPUMetrics } from '../telemetry/sample.js';
import type { SelectionCriteria } from './criteria.js';
import { type Bar, type BarCode, barOf, type Standing } from './fitness.js';
import { freeMemoryBytes, policies, type Score } from './policies.js';

export interface Candidate extends Standing {
  /** Undefined: the device has no sample yet. */
  readonly metrics: GPUMetrics | undefined;
}

/** A device with the score that orders it, 0..1. */
export interface RankedDevice {
  readonly deviceId: string;
  readonly score: number;
}

export type RejectionCode =
  | BarCode
  | 'no-metrics'
  | 'too-old'
  | 'not-enough-memory'
  | 'memory-unknown'
  | 'score-unknown';

export interface Passed {
  readonly passed: true;
  readonly candidate: Candidate;
  readonly score: Score;
}

export interface Rejected {
  readonly passed: false;
  readonly candidate: Candidate;
  readonly code: RejectionCode;
  /** Present where that is what decided. */
  readonly bar?: Bar;
}

/** Age of a sample at `nowMs` (Unix milliseconds); never negative. */
export function ageOf(metrics: GPUMetrics, nowMs: number): number {
  return metrics.ageMs ?? Math.max(0, nowMs - metrics.timestampMs);
}

/** Whether the sample is of an age that counts. */
export function isRecent(metrics: GPUMetrics, { criteria, nowMs }: Moment): boolean {
  return ageOf(metrics, nowMs) <= criteria.maxAgeMs;
}

export interface Moment {
  readonly criteria: SelectionCriteria;
  readonly nowMs: number;
}

function evaluateOne(candidate: Candidate, moment: Moment): Passed | Rejected {
  const { device, metrics } = candidate;
  const { criteria } = moment;
  const reject = (code: RejectionCode): Rejected => ({ passed: false, candidate, code });
  const bar = barOf(candidate);
  if (bar !== undefined) return { ...reject(bar.code), bar };
  if (metrics === undefined) return reject('no-metrics');
  if (!isRecent(metrics, moment)) return reject('too-old');
  if (criteria.minMemoryBytes > 0) {
    const freeBytes = freeMemoryBytes(metrics);
    if (freeBytes === undefined) {
      if (criteria.unknown === 'reject') return reject('memory-unknown');
    } else if (freeBytes < criteria.minMemoryBytes) {
      return reject('not-enough-memory');
    }
  }
  const score = policies.score(device, metrics);
  return score === undefined ? reject('score-unknown') : { passed: true, candidate, score };
}

/** One verdict a candidate, in the candidates' order. */
export function evaluate(candidates: Iterable<Candidate>, moment: Moment): (Passed | Rejected)[] {
  return Array.from(candidates, (candidate) => evaluateOne(candidate, moment));
}

/** Those that passed, best first; equal scores stay in the candidates' order. */
export function rank(verdicts: readonly (Passed | Rejected)[]): RankedDevice[] {
  return verdicts
    .filter((verdict) => verdict.passed)
    .map(({ candidate, score }) => ({ deviceId: candidate.device.deviceId, score: score.value }))
    .sort((a, b) => b.score - a.score);
}

/** The first of a ranking, if its score is above 0. */
export function best(ranking: readonly RankedDevice[]): RankedDevice | undefined {
  const first = ranking[0];
  return first !== undefined && first.score > 0 ? first : undefined;
}
