// Acquiring and releasing as a server does it: many are held at any time, and which one ends next
// has nothing to do with which one began first.
import { ownFunction } from '../harness/rounds.mjs';
import { orderLength, randomOrder } from './data.mjs';

/** Ends one at random, begins another; counts what is refused, so that nothing can be left out. */
const turnOver = `() => {
  state.at = (state.at + 1) & last;
  const place = order[state.at];
  if (release(held[place]) === false) state.refused += 1;
  const next = acquire();
  if (isRefused(next)) state.refused += 1;
  held[place] = next;
  return next;
};`;

const neverRefused = () => false;

/** Holds `count` of what `acquire` gives; `run` is a candidate. */
export function holding({ count, acquire, release, isRefused = neverRefused }) {
  const held = Array.from({ length: count }, acquire);
  const state = { at: 0, refused: held.filter(isRefused).length };
  const order = randomOrder(count);
  const parts = { held, state, order, acquire, release, isRefused, last: orderLength - 1 };
  return {
    held,
    run: ownFunction(parts, turnOver),
    /** Lets go of all. Throws where anything was ever refused. */
    end: () => {
      const ended = held.splice(0).map(release);
      const refused = state.refused + ended.filter((answer) => answer === false).length;
      if (refused > 0) throw new Error(`${refused} were refused`);
    },
  };
}
