import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoadTournament } from '../../../lib/selection/load-tournament.js';

const closed = 63;

/** Twice the load, so that it is told from it; who has the greatest load takes no part. */
const keyOf = (_: number, load: number): number => (load === closed ? Infinity : 2 * load + 1);

const changes = fc.array(fc.tuple(fc.nat({ max: 8 }), fc.nat({ max: closed }), fc.boolean()), {
  maxLength: 60,
});

describe('a tournament of loads', () => {
  it('has one with the least load as the best, whoever was asked for when', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), changes, (count, steps) => {
        const loads = Array.from({ length: count }, () => 1);
        const tournament = new LoadTournament(keyOf);
        tournament.reset(count, (index) => loads[index] ?? 0);
        for (const [step, [place, load, isAsked]] of steps.entries()) {
          const index = place % count;
          loads[index] = load;
          if (step % 7 === 6) tournament.set(index, load);
          else tournament.change(index, load);
          if (!isAsked) continue;
          const least = Math.min(...loads);
          const { best } = tournament;
          expect(best === -1 ? closed : loads[best]).toBe(least);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('makes no key anew for what is given back and taken again', () => {
    const asked: number[] = [];
    const tournament = new LoadTournament((index, load) => {
      asked.push(index);
      return load;
    });
    tournament.reset(3, () => 2);
    asked.length = 0;
    tournament.change(1, 1);
    expect([tournament.best, tournament.best]).toEqual([1, 1]);
    tournament.change(1, 2);
    expect(asked).toEqual([1]);
    expect(tournament.best).toBe(0);
  });

  it('has nobody before anybody was set', () => {
    const tournament = new LoadTournament(keyOf);
    tournament.reset(3);
    expect(tournament.best).toBe(-1);
    tournament.set(2, 4);
    expect(tournament.best).toBe(2);
  });
});
