import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tournament } from '../../../lib/selection/tournament.js';

/** What the tree must agree with: a look at every key, the first of the lowest. */
function lowestOf(keys: readonly number[]): number {
  let best = -1;
  for (const [index, key] of keys.entries()) {
    if (key < (best < 0 ? Infinity : (keys[best] ?? Infinity))) best = index;
  }
  return best;
}

const key = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Infinity, Number.NaN, -Infinity, -0),
  fc.double(),
);

describe('Tournament', () => {
  it('knows the first of the lowest keys, whatever changes', () => {
    fc.assert(
      fc.property(
        fc.array(key, { maxLength: 70 }),
        fc.array(fc.tuple(fc.nat(), key), { maxLength: 60 }),
        (initial, changes) => {
          const keys = [...initial];
          const tournament = new Tournament();
          tournament.reset(keys.length, (index) => keys[index] ?? 0);
          expect(tournament.best).toBe(lowestOf(keys));
          for (const [place, changed] of keys.length === 0 ? [] : changes) {
            const index = place % keys.length;
            keys[index] = changed;
            tournament.set(index, changed);
            expect(tournament.best).toBe(lowestOf(keys));
            expect(tournament.lowest).toBe(keys[lowestOf(keys)] ?? Infinity);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('has none before a key is given, nor once all were taken away', () => {
    const tournament = new Tournament();
    expect(tournament.best).toBe(-1);
    tournament.reset(5);
    expect(tournament.best).toBe(-1);
    tournament.set(4, 7);
    expect(tournament.best).toBe(4);
    tournament.set(4, Infinity);
    expect(tournament.best).toBe(-1);
    tournament.set(0, 1);
    tournament.reset(0);
    expect(tournament.best).toBe(-1);
  });
});
