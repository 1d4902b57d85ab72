import { type EqualDevices, inRange } from './equal-counts.js';
import { fillLevel } from './fill-level.js';

/**
 * Items per device: the exact share that fills all devices to one level, limits kept, cut down to
 * whole items; those that are missing then go one each to the greatest part cut off, ties to the
 * earlier device (Hamilton). Nobody is a whole item away from its share.
 */
export function largestRemainderCounts(itemCount: number, devices: EqualDevices): Float64Array {
  const { speeds, loads, limits } = inRange(itemCount, devices);
  const level = fillLevel(itemCount, { speeds, loads, limits });
  const shares = speeds.map((speed, place) =>
    Math.min(limits[place] as number, Math.max(0, level * speed - (loads?.[place] ?? 0))),
  );
  // Rounding may put a whole share just below itself.
  const counts = shares.map((share) => Math.floor(share + share * 2 ** -46));
  let missing = itemCount - counts.reduce((sum, count) => sum + count, 0);
  const part = (place: number) => (shares[place] as number) - (counts[place] as number);
  const byPart = [...speeds.keys()]
    .filter((place) => speeds[place] !== 0)
    .sort((a, b) => part(b) - part(a) || a - b);
  const change = (place: number, by: 1 | -1) => {
    const next = (counts[place] as number) + by;
    if (missing * by <= 0 || next < 0 || next > (limits[place] as number)) return;
    counts[place] = next;
    missing -= by;
  };
  for (const place of byPart) change(place, 1);
  // Only where rounding did more than it should: a sum of shares that is not what was asked for.
  for (const by of [-1, 1] as const) {
    byPart.reverse();
    for (let before = NaN; missing !== 0 && missing !== before; ) {
      before = missing;
      for (const place of byPart) change(place, by);
    }
  }
  return counts;
}
