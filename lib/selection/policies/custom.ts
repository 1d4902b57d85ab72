import { describeValue } from '../../arguments.js';
import { typeError } from '../../errors.js';
import type { Candidates } from '../candidates.js';
import type { Decision } from '../decision.js';
import type { CostedView, DeviceView, SelectionPolicy } from '../device-view.js';
import { anyLowest } from '../pick.js';
import type { Policy } from './policy.js';

/**
 * A policy of the user's. A cost that is no number, or a pick that is none of the candidates, is a
 * mistake and becomes a TypeError that names the policy, as does what it throws (as the cause). A
 * cost that is undefined, negative, NaN or infinite is one that cannot be told: the device is out.
 */
export class CustomPolicy implements Policy {
  readonly name: string;
  readonly #policy: SelectionPolicy;
  readonly #what: string;

  constructor(policy: SelectionPolicy) {
    this.name = policy.name;
    this.#policy = policy;
    this.#what = `policy ${describeValue(policy.name)}`;
  }

  judge(view: DeviceView, decision: Decision, index: number): void {
    decision.candidates.keys[index] = this.#costOf(view, decision);
  }

  #costOf(view: DeviceView, decision: Decision): number {
    const cost: unknown = this.#ask('a cost', () => this.#policy.cost(view, decision));
    if (cost === undefined) return NaN;
    if (typeof cost === 'number') return cost >= 0 ? cost : NaN;
    throw this.#rubbish('a cost as a number or undefined', cost);
  }

  pick(decision: Decision): number {
    const { candidates } = decision;
    if (this.#policy.pick === undefined) return anyLowest(candidates, decision);
    const costed = costedViews(candidates);
    const picked: unknown = this.#ask('a pick', () => this.#policy.pick?.(costed, decision));
    if (picked === undefined) return -1;
    const index = costed.findIndex((candidate) => Object.is(candidate, picked));
    if (index === -1) throw this.#rubbish('a pick that is one of the candidates', picked);
    return index;
  }

  text(): string {
    return `by ${this.#what}`;
  }

  #ask<R>(expected: string, ask: () => R): R {
    try {
      return ask();
    } catch (cause) {
      const message = `${this.#what}: expected ${expected}, but it threw`;
      throw typeError('ERR_GPU_INVALID_TYPE', message, { cause });
    }
  }

  #rubbish(expected: string, got: unknown): TypeError {
    const message = `${this.#what}: expected ${expected}, got ${describeValue(got)}`;
    return typeError('ERR_GPU_INVALID_TYPE', message);
  }
}

function costedViews(candidates: Candidates): readonly CostedView[] {
  const costed: CostedView[] = [];
  for (let index = 0; index < candidates.count; index += 1) {
    costed.push(Object.freeze({ view: candidates.view(index), cost: candidates.key(index) }));
  }
  return Object.freeze(costed);
}
