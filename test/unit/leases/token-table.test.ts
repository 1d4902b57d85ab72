import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenTable } from '../../../lib/leases/token-table.js';
import { untyped } from '../../support/cluster.js';

const greatest = 2 ** 31 - 1;

/** What rows say by themselves, to tell it from what a token keeps. */
const ofRow = (row: number) => `row ${row}`;

describe('tokens', () => {
  it('are good until they are taken, whatever else is asked about', () => {
    const from = fc.constantFrom(0, 63, greatest - 40, greatest - 1);
    const steps = fc.array(fc.nat({ max: 300 }), { maxLength: 400 });
    fc.assert(
      fc.property(from, steps, (last, choices) => {
        const rows = [0, 1, 2];
        const table = new TokenTable<string>((row) => ofRow(rows[row] ?? -1), last);
        const live = new Map<number, { item: string; row: number }>();
        for (const [step, choice] of choices.entries()) {
          const tokens = [...live.keys()];
          const token = tokens[choice % tokens.length] ?? 0;
          const row = choice % 4;
          if (choice % 50 === 0 && row < 3) {
            table.keepItemsOf(new Set([row]));
            rows[row] = step + 3;
            for (const each of live.values()) if (each.row === row) each.row = -1;
          } else if (choice % 3 > 0) {
            table.reserve();
            const item = row < 3 ? ofRow(rows[row] ?? -1) : `item ${step}`;
            const fresh = row < 3 ? table.issueOf(row) : table.issue(item);
            expect(live.has(fresh)).toBe(false);
            expect(fresh > 0 && fresh <= greatest && Number.isInteger(fresh)).toBe(true);
            live.set(fresh, { item, row: row < 3 ? row : -1 });
          } else if (tokens.length > 0 && choice % 2 === 0) {
            expect(table.take(token)).toBe(live.get(token)?.item);
            expect(table.take(token)).toBeUndefined();
            live.delete(token);
          } else if (tokens.length > 0) {
            const isRow = live.get(token)?.row !== -1;
            expect(table.takeRow(token)).toBe(live.get(token)?.row);
            if (!isRow) continue;
            expect(table.takeRow(token)).toBe(-1);
            live.delete(token);
          }
          expect(table.size).toBe(live.size);
        }
        for (const [token, { item }] of live) expect(table.get(token)).toBe(item);
        const entries = [...live].map(([token, { item }]) => [token, item] as const);
        expect(new Map(table.entries())).toEqual(new Map(entries));
      }),
      { numRuns: 300 },
    );
  });

  it('do not come again soon', () => {
    const table = new TokenTable<string>(ofRow, greatest - 2);
    const tokens = Array.from({ length: 5 }, (_, row) => {
      table.reserve();
      const token = table.issueOf(row);
      table.take(token);
      return token;
    });
    expect(tokens).toEqual([greatest - 1, greatest, 1, 2, 3]);
  });

  it('are so many at most, and one more is refused', () => {
    const table = new TokenTable<string>(ofRow);
    for (let count = 0; count < 2 ** 23; count += 1) {
      table.reserve();
      table.issueOf(1);
    }
    const code = 'ERR_GPU_LEDGER_FULL';
    expect(() => table.reserve()).toThrow(expect.objectContaining({ code }));
    expect(table.size).toBe(2 ** 23);
    expect(table.takeRow(1)).toBe(1);
    table.reserve();
    expect(table.issueOf(2)).toBe(2 ** 23 + 1);
  });

  const numbers = [0, -1, 1.5, 65, Number.NaN, Infinity, 2 ** 32 + 1];
  const others: unknown[] = ['1', 1n, Symbol('1'), null, undefined, {}, [1], { valueOf: () => 1 }];
  it.each([...numbers, ...others].map((wrong) => [typeof wrong, wrong]))(
    'are never this %s',
    (_, wrong) => {
      const table = new TokenTable<string>(ofRow);
      table.reserve();
      expect(table.issueOf(42)).toBe(1);
      expect(table.take(untyped(wrong))).toBeUndefined();
      expect(table.get(untyped(wrong))).toBeUndefined();
      expect(table.takeRow(untyped(wrong))).toBe(-1);
      expect(table.takeRow(1)).toBe(42);
    },
  );
});
