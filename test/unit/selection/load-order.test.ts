import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weightSteps } from '../../../lib/selection/criteria.js';
import { LoadOrder } from '../../../lib/selection/load-order.js';

const most = 7;

const changes = fc.array(fc.tuple(fc.nat({ max: 8 }), fc.nat({ max: 8 }), fc.boolean()), {
  maxLength: 60,
});

/** All empty, and equally fast. */
function orderOf(count: number, seed = 1): LoadOrder {
  const order = new LoadOrder({ maxInFlight: most, seed });
  order.begin(count);
  for (let index = 0; index < count; index++) order.set(index, 0, 1);
  return order;
}

describe('an order of loads', () => {
  it('has one with the least load as the best, whoever was asked for and taken when', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), changes, (count, steps) => {
        const loads = Array.from({ length: count }, () => 0);
        const order = orderOf(count);
        for (const [step, [place, load, isAsked]] of steps.entries()) {
          const index = place % count;
          loads[index] = load;
          if (step % 7 === 6) order.set(index, load * weightSteps, 1);
          else order.change(index, load * weightSteps);
          if (!isAsked) continue;
          const least = Math.min(...loads);
          const { best } = order;
          expect(best === -1 ? most : loads[best]).toBe(Math.min(least, most));
          if (best === -1 || step % 2 === 0) continue;
          loads[best] = (loads[best] as number) + 1;
          order.taken(best, (loads[best] as number) * weightSteps);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('goes by speed, then has the emptier first', () => {
    const order = orderOf(3);
    order.set(1, 0, 1 / 4);
    expect(order.best).toBe(1);
    order.change(1, 3 * weightSteps);
    expect(order.best).not.toBe(1);
    order.change(1, 2 * weightSteps);
    expect(order.best).toBe(1);
  });

  it('leaves out who is at the limit, and who takes no part', () => {
    const order = orderOf(2);
    order.set(0, 0, Infinity);
    order.change(1, (most - 1) * weightSteps);
    expect(order.best).toBe(1);
    order.change(1, (most - 1) * weightSteps + 1);
    expect(order.best).toBe(-1);
    order.change(0, weightSteps);
    order.change(0, 0);
    expect(order.best).toBe(-1);
  });

  it('has nobody before anybody was set', () => {
    const order = new LoadOrder({ maxInFlight: Infinity });
    order.begin(3);
    expect(order.best).toBe(-1);
    order.set(2, 4, 1);
    expect(order.best).toBe(2);
  });

  it('gives all that are alike a turn, in no order, far beyond a lap of turns', () => {
    const count = 5;
    const order = orderOf(count);
    for (let turn = 0; turn < 2 ** 21; turn++) {
      order.change(0, weightSteps);
      order.change(0, 0);
    }
    for (let lap = 0; lap < 3; lap++) {
      const firsts = Array.from({ length: 40 * count }, () => {
        const { best } = order;
        order.change(best, weightSteps);
        order.change(best, 0);
        return best;
      });
      expect(new Set(firsts).size).toBe(count);
    }
  });
});
