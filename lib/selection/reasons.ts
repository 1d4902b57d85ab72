import type { Decision } from './decision.js';
import { short } from './figures.js';
import type { RejectionCode } from './filters/filter.js';
import type { Choice, Pipeline } from './pipeline.js';
import { score as scorePolicy } from './policies/score.js';

/**
 * Why a device stands where it stands. Codes are stable, the text is not. Of those that passed:
 * `best` is taken; `behind` another costs less or came first; `hot` it is near a limit and another
 * is not; `not-picked` the policy's way of picking took another, though this costs no more;
 * `score-zero` a score of 0 is never taken; `too-few` not as many pass as are wanted.
 */
export type SelectionReasonCode =
  | 'best'
  | 'behind'
  | 'hot'
  | 'not-picked'
  | 'score-zero'
  | 'too-few'
  | RejectionCode;

/** What selection made of one device. */
export interface SelectionExplanation {
  readonly deviceId: string;
  /** 'ranked': it passed and is not taken. 'rejected': it did not pass. */
  readonly status: 'selected' | 'ranked' | 'rejected';
  /** Present unless rejected. */
  readonly score?: number;
  /** Present unless rejected. */
  readonly cost?: number;
  readonly code: SelectionReasonCode;
  /** One line with the numbers that decided. */
  readonly reason: string;
  /** Where one number was compared with another: what the device has. */
  readonly actual?: number;
  /** What the request wants. */
  readonly wanted?: number;
}

/** Of one device of a decision, by what was chosen. */
export function explanationOf(
  pipeline: Pipeline,
  decision: Decision,
  { choice, position }: { readonly choice: Choice; readonly position: number },
): SelectionExplanation {
  const index = decision.candidates.indexOf(position);
  if (index === -1) return rejection(pipeline, decision, position);
  const { device } = decision.candidates.view(index);
  const { score, cost } = pipeline.worthOf(decision.candidates.key(index));
  const { code, text } = placeOf(pipeline, decision, { choice, index });
  return {
    deviceId: device.deviceId,
    status: code === 'best' ? 'selected' : 'ranked',
    score,
    cost,
    code,
    reason: `${valueText(pipeline, decision, index)}${text === '' ? '' : `; ${text}`}`,
  };
}

function rejection(pipeline: Pipeline, decision: Decision, position: number): SelectionExplanation {
  const view = decision.views[position];
  if (view === undefined) throw new RangeError(`no view ${position}`);
  const { deviceId } = view.device;
  const filter = pipeline.rejecting(decision, position);
  if (filter === undefined) {
    const isScore = pipeline.policy === scorePolicy;
    const code = isScore ? 'score-unknown' : 'cost-unknown';
    const reason = isScore
      ? 'neither its memory nor its utilisation is known'
      : `its cost cannot be told: ${pipeline.policy.text(view, decision)}`;
    return { deviceId, status: 'rejected', code, reason };
  }
  const code = filter.reject(view, decision) ?? `filter:${filter.name}`;
  return { deviceId, status: 'rejected', code, ...filter.text(view, decision) };
}

function amount(pipeline: Pipeline, key: number): string {
  const { score, cost } = pipeline.worthOf(key);
  return pipeline.policy === scorePolicy ? score.toFixed(4) : short(cost);
}

function valueText(pipeline: Pipeline, decision: Decision, index: number): string {
  const { policy } = pipeline;
  const { candidates } = decision;
  const noun = policy === scorePolicy ? 'score' : 'cost';
  const value = amount(pipeline, candidates.key(index));
  return `${noun} ${value}: ${policy.text(candidates.view(index), decision)}`;
}

interface Place {
  readonly code: 'best' | 'behind' | 'hot' | 'not-picked' | 'score-zero' | 'too-few';
  readonly text: string;
}

/** Where a device that passed stands, and next to what. */
function placeOf(
  pipeline: Pipeline,
  decision: Decision,
  { choice, index }: { readonly choice: Choice; readonly index: number },
): Place {
  const { candidates } = decision;
  const { count } = pipeline.criteria;
  const key = candidates.key(index);
  if (choice.taken.includes(index)) return { code: 'best', text: companyText(decision, choice) };
  if (pipeline.policy.isEligible?.(key) === false) {
    return { code: 'score-zero', text: 'a score of 0 is never selected' };
  }
  const winner = choice.taken[0];
  if (winner === undefined) {
    return count > 1
      ? { code: 'too-few', text: `${candidates.count} of ${count} devices pass` }
      : { code: 'not-picked', text: 'the policy picks none' };
  }
  if (count > 1)
    return { code: 'behind', text: `behind the group of ${namesOf(decision, choice)}` };
  return besideWinner(pipeline, decision, { winner, index });
}

function besideWinner(
  pipeline: Pipeline,
  { candidates }: Decision,
  { winner, index }: { readonly winner: number; readonly index: number },
): Place {
  const { deviceId } = candidates.view(winner).device;
  const [key, best] = [candidates.key(index), candidates.key(winner)];
  const beside = `${deviceId} with ${amount(pipeline, best)}`;
  if (candidates.tier(index) > candidates.tier(winner)) {
    return { code: 'hot', text: `near a limit, behind ${beside}, which is not` };
  }
  if (key > best) return { code: 'behind', text: `behind ${beside}` };
  const isScore = pipeline.policy === scorePolicy;
  if (isScore) return { code: 'behind', text: `equal to ${deviceId}, which comes first` };
  return key === best
    ? { code: 'behind', text: `equal to ${deviceId}, which is emptier or was drawn` }
    : { code: 'not-picked', text: `the policy picks ${beside}` };
}

function namesOf({ candidates }: Decision, { taken }: Choice): string {
  return taken.map((index) => candidates.view(index).device.deviceId).join(', ');
}

/** Of a group: with whom, and how near they are. */
function companyText(decision: Decision, choice: Choice): string {
  if (choice.gang === undefined) return '';
  return `together with ${namesOf(decision, choice)}, link score ${Math.floor(choice.gang.links)}`;
}
