import { short } from '../figures.js';
import { lowerOfTwo } from '../pick.js';
import { outstanding } from './load.js';
import type { Policy } from './policy.js';

/**
 * For many dispatchers that do not share a ledger: going to what seems the least loaded by old
 * information makes herds, two random choices do not (Mitzenmacher, TPDS 2000).
 */
export const powerOfTwo: Policy = {
  name: 'power-of-two',
  judge(view, decision, index) {
    const work = outstanding(view, decision) + decision.request.weight;
    decision.candidates.keys[index] = work / view.speed;
  },
  pick: (decision) => lowerOfTwo(decision.candidates, decision),
  text: (view, decision) =>
    `${short(outstanding(view, decision))} outstanding and ` +
    `${short(decision.request.weight)} more at speed ${short(view.speed)}`,
};
