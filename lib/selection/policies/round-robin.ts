import type { Decision } from '../decision.js';
import type { DeviceView } from '../device-view.js';
import { short } from '../figures.js';
import { anyLowest } from '../pick.js';
import type { PolicyState } from '../policy-state.js';
import type { Policy } from './policy.js';

/**
 * Smooth weighted round robin, as nginx has it: each turn every candidate gains its speed, and the
 * one that is ahead is taken and pays what all have gained. A request counts as its weight.
 */
export class RoundRobin implements Policy {
  readonly name = 'round-robin';
  readonly #state: PolicyState;
  #ahead = 0;
  #total = 0;

  constructor(state: PolicyState) {
    this.#state = state;
  }

  prepare(decision: Decision): void {
    const { candidates, request } = decision;
    this.#ahead = -Infinity;
    this.#total = 0;
    for (let index = 0; index < candidates.count; index += 1) {
      const view = candidates.view(index);
      this.#ahead = Math.max(this.#ahead, this.#standing(view, request.weight));
      this.#total += view.speed * request.weight;
    }
  }

  #standing(view: DeviceView, weight: number): number {
    return this.#state.turnOf(view) + view.speed * weight;
  }

  /** How far it is behind the one whose turn it is. */
  judge(view: DeviceView, { candidates, request }: Decision, index: number): void {
    const behind = this.#ahead - this.#standing(view, request.weight);
    candidates.keys[index] = Math.max(0, behind);
  }

  pick(decision: Decision): number {
    return anyLowest(decision.candidates, decision);
  }

  taken({ candidates, request }: Decision, taken: number): void {
    for (let index = 0; index < candidates.count; index += 1) {
      const view = candidates.view(index);
      const paid = index === taken ? this.#total : 0;
      this.#state.setTurn(view, this.#standing(view, request.weight) - paid);
    }
  }

  text(view: DeviceView, { request }: Decision): string {
    const behind = this.#ahead - this.#standing(view, request.weight);
    const turn = behind <= 0 ? 'its turn' : `${short(behind)} behind the turn`;
    return `${turn}, gaining ${short(view.speed)} each`;
  }
}
