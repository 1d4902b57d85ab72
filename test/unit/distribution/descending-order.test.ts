import { describe, expect, it } from 'vitest';
import { descendingOrder } from '../../../lib/distribution/descending-order.js';
import { randomFrom } from '../../support/random.js';

function sorted(values: Float64Array): number[] {
  return [...values.keys()].sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
}

describe('descendingOrder', () => {
  const random = randomFrom(1);
  const makers: Readonly<Record<string, () => number>> = {
    'one value': () => 7,
    'few values': () => Math.floor(random() * 3),
    'zeros of either sign': () => (random() < 0.5 ? -0 : 0),
    integers: () => Math.floor(random() * 2 ** 32),
    doubles: () => random(),
    'all magnitudes': () => 2 ** Math.floor(random() * 2000 - 1000),
    'the ends of doubles': () => [0, 5e-324, Number.MAX_VALUE, 1][Math.floor(random() * 4)] ?? 0,
  };

  // On either side of where it sorts by digits.
  it.each(Object.entries(makers))('is stable over %s', (_, make) => {
    for (const length of [0, 1, 2, 100, 4096, 4097, 20_000]) {
      const values = Float64Array.from({ length }, make);
      const given = values.slice();
      expect(Array.from(descendingOrder(values))).toEqual(sorted(values));
      expect(values).toEqual(given);
    }
  });
});
