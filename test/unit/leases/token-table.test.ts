import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenTable } from '../../../lib/leases/token-table.js';
import { untyped } from '../../support/cluster.js';

const greatest = 2 ** 31 - 1;

describe('tokens', () => {
  it('are good until they are taken, whatever else is asked about', () => {
    const from = fc.constantFrom(0, 63, greatest - 40, greatest - 1);
    const steps = fc.array(fc.nat({ max: 300 }), { maxLength: 400 });
    fc.assert(
      fc.property(from, steps, (last, choices) => {
        const table = new TokenTable<string>(last);
        const live = new Map<number, string>();
        for (const [step, choice] of choices.entries()) {
          const tokens = [...live.keys()];
          if (choice % 3 > 0) {
            table.reserve();
            const token = table.issue(`item ${step}`);
            expect(live.has(token)).toBe(false);
            expect(token > 0 && token <= greatest && Number.isInteger(token)).toBe(true);
            live.set(token, `item ${step}`);
          } else if (tokens.length > 0) {
            const token = tokens[choice % tokens.length] ?? 0;
            expect(table.take(token)).toBe(live.get(token));
            expect(table.take(token)).toBeUndefined();
            live.delete(token);
          }
          expect(table.size).toBe(live.size);
        }
        for (const [token, item] of live) expect(table.get(token)).toBe(item);
        expect(new Map(table.entries())).toEqual(live);
      }),
      { numRuns: 200 },
    );
  });

  it('do not come again soon', () => {
    const table = new TokenTable<number>(greatest - 2);
    const tokens = Array.from({ length: 5 }, (_, item) => {
      table.reserve();
      const token = table.issue(item);
      table.take(token);
      return token;
    });
    expect(tokens).toEqual([greatest - 1, greatest, 1, 2, 3]);
  });

  it.each([0, -1, 1.5, 65, Number.NaN, Infinity, 2 ** 32 + 1, '1', 1n, null, undefined, {}, [1]])(
    'are never %s',
    (wrong) => {
      const table = new TokenTable<number>();
      table.reserve();
      expect(table.issue(42)).toBe(1);
      expect(table.take(untyped(wrong))).toBeUndefined();
      expect(table.get(untyped(wrong))).toBeUndefined();
      expect(table.take(1)).toBe(42);
    },
  );
});
