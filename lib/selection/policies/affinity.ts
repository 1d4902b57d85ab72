import type { Decision } from '../decision.js';
import type { DeviceView } from '../device-view.js';
import { short } from '../figures.js';
import { anyLowest } from '../pick.js';
import type { PolicyState } from '../policy-state.js';
import { outstanding } from './load.js';
import type { Policy } from './policy.js';

/** It may cost so much more than the best device: what is cached there is worth that. */
const mostTimesBest = 2;
/** Loads are uneven when they differ by more than both: then only the load counts. */
const unevenDifference = 32;
const unevenRatio = 1.5;

/**
 * Where requests of the same key went, unless it is overloaded; then, and without a key, the least
 * loaded, which the key follows from then on.
 */
export class Affinity implements Policy {
  readonly name = 'affinity';
  readonly #state: PolicyState;

  constructor(state: PolicyState) {
    this.#state = state;
  }

  prepare(decision: Decision): void {
    const { candidates } = decision;
    for (let index = 0; index < candidates.count; index += 1) {
      candidates.loads[index] = outstanding(candidates.view(index), decision);
    }
  }

  judge({ speed }: DeviceView, { candidates, request }: Decision, index: number): void {
    candidates.keys[index] = (candidates.load(index) + request.weight) / speed;
  }

  pick(decision: Decision): number {
    const kept = this.#kept(decision);
    return kept === -1 ? anyLowest(decision.candidates, decision) : kept;
  }

  /** -1: there is none, it did not pass, or it is overloaded. */
  #kept({ candidates, request }: Decision): number {
    const deviceId = this.#state.deviceOf(request.affinityKey);
    if (deviceId === undefined) return -1;
    let kept = -1;
    let lowestKey = Infinity;
    let [least, most] = [Infinity, 0];
    for (let index = 0; index < candidates.count; index += 1) {
      if (candidates.view(index).device.deviceId === deviceId) kept = index;
      lowestKey = Math.min(lowestKey, candidates.key(index));
      least = Math.min(least, candidates.load(index));
      most = Math.max(most, candidates.load(index));
    }
    if (kept === -1 || candidates.key(kept) > mostTimesBest * lowestKey) return -1;
    const isUneven = most - least > unevenDifference && most > unevenRatio * least;
    return isUneven ? -1 : kept;
  }

  taken({ candidates, request }: Decision, index: number): void {
    this.#state.setDevice(request.affinityKey, candidates.view(index).device.deviceId);
  }

  text(view: DeviceView, decision: Decision): string {
    const { affinityKey, weight } = decision.request;
    const isHome = this.#state.deviceOf(affinityKey) === view.device.deviceId;
    const load = `${short(outstanding(view, decision))} outstanding and ${short(weight)} more`;
    return `${isHome ? 'where its key went, ' : ''}${load} at speed ${short(view.speed)}`;
  }
}
