import type { NativeColumnFault, NativeColumnsToCheck } from '../../lib/native-aggregation.js';

function isWithin(value: number, [minimum = 0, maximum = 0, above = 0]: readonly number[]) {
  return value <= maximum && (above === 1 ? value > minimum : value >= minimum);
}

/** What `checkColumns` of the addon answers, said as plainly as can be. */
export function naiveCheck(
  times: Float64Array,
  { columns, rules, afterMs, used, total }: NativeColumnsToCheck,
): NativeColumnFault | undefined {
  let before = afterMs;
  for (const [position, time] of times.entries()) {
    if (!Number.isFinite(time)) return { column: -1, position, reason: 'not-finite' };
    if (time < before) return { column: -1, position, reason: 'order' };
    before = time;
    const known = columns.map((column) => {
      return column.known?.[position] === 0 ? undefined : column.values[position];
    });
    for (const [column, value] of known.entries()) {
      if (value === undefined) continue;
      const rule = [...rules.subarray(4 * column, 4 * column + 4)];
      if (!Number.isFinite(value)) return { column, position, reason: 'not-finite' };
      if (!isWithin(value, rule)) return { column, position, reason: 'range' };
      const isWhole = rule[3] !== 1 || Number.isInteger(value);
      if (!isWhole) return { column, position, reason: 'integer' };
    }
    const [usedBytes, totalBytes] = [known[used], known[total]];
    if (usedBytes !== undefined && totalBytes !== undefined && usedBytes > totalBytes) {
      return { column: used, position, reason: 'used-above-total' };
    }
  }
  return undefined;
}
