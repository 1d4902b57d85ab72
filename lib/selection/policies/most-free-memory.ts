import { gibibytes } from '../figures.js';
import { anyLowest } from '../pick.js';
import type { Policy } from './policy.js';

/** Its cost is 1 / (1 + GiB free). */
export const mostFreeMemory: Policy = {
  name: 'most-free-memory',
  judge(view, decision, index) {
    const free = decision.freeMemoryOf(view) ?? NaN;
    decision.candidates.keys[index] = free >= 0 ? 1 / (1 + free / 2 ** 30) : NaN;
  },
  pick: (decision) => anyLowest(decision.candidates, decision),
  text(view, decision) {
    const free = decision.freeMemoryOf(view);
    return free === undefined ? 'free memory unknown' : `${gibibytes(free)} free`;
  },
};
