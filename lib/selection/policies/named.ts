import type { SelectionPolicy } from '../device-view.js';
import type { PolicyState } from '../policy-state.js';
import type { SelectionPolicyName } from '../request.js';
import { Affinity } from './affinity.js';
import { CustomPolicy } from './custom.js';
import { EstimatedCompletion } from './estimated-completion.js';
import { leastLoaded } from './least-loaded.js';
import { mostFreeMemory } from './most-free-memory.js';
import { Pack } from './pack.js';
import type { Policy } from './policy.js';
import { powerOfTwo } from './power-of-two.js';
import { RoundRobin } from './round-robin.js';
import { score } from './score.js';

const named: Readonly<Record<SelectionPolicyName, (state: PolicyState) => Policy>> = {
  score: () => score,
  'least-loaded': () => leastLoaded,
  'estimated-completion': (state) => new EstimatedCompletion(state),
  'power-of-two': () => powerOfTwo,
  'round-robin': (state) => new RoundRobin(state),
  'most-free-memory': () => mostFreeMemory,
  pack: () => new Pack(),
  affinity: (state) => new Affinity(state),
};

export function policyFor(
  policy: SelectionPolicyName | SelectionPolicy,
  state: PolicyState,
): Policy {
  return typeof policy === 'string' ? named[policy](state) : new CustomPolicy(policy);
}
