import type { Distribution } from './strategy.js';

/** Gives each device the next `counts` items, in order; what is left over is unassigned. */
export function assign<T>(
  deviceIds: readonly string[],
  items: readonly T[],
  counts: readonly number[],
): Distribution<T> {
  const assignments = new Map<string, readonly T[]>();
  let next = 0;
  for (const [place, deviceId] of deviceIds.entries()) {
    const end = next + (counts[place] ?? 0);
    assignments.set(deviceId, items.slice(next, end));
    next = end;
  }
  return { assignments, unassigned: items.slice(next) };
}
