import type { NativeAssignment } from '../../lib/native-distribution.js';

export const fakeNoOwner = 0xffffffff;

/** As `NativeDistributing.assignEarliest` says, word by word. */
export function assignNaively(what: NativeAssignment, owners: Uint32Array): number {
  const { costs, speeds, order } = what;
  const places = [...costs.keys()];
  // Sorting is stable.
  if (order === 'descending') places.sort((a, b) => numberAt(costs, b) - numberAt(costs, a));
  const loads = Float64Array.from(speeds, (_, device) => what.loads?.[device] ?? 0);
  const taken = Array.from(speeds, () => ({ items: 0, cost: 0, bytes: 0 }));
  let assigned = 0;
  for (const item of places) {
    const cost = numberAt(costs, item);
    const bytes = what.bytes?.[item] ?? 0;
    let best = fakeNoOwner;
    let earliest = Infinity;
    for (const [device, speed] of speeds.entries()) {
      const { items, cost: costs, bytes: held } = taken[device] ?? fail();
      const fits =
        items + 1 <= (what.itemLimits?.[device] ?? Infinity) &&
        costs + cost <= (what.costLimits?.[device] ?? Infinity) &&
        held + bytes <= (what.byteLimits?.[device] ?? Infinity);
      if (speed === 0 || !fits) continue;
      const finish = (numberAt(loads, device) + cost) / speed;
      if (best !== fakeNoOwner && finish >= earliest) continue;
      best = device;
      earliest = finish;
    }
    owners[item] = best;
    if (best === fakeNoOwner) continue;
    const winner = taken[best] ?? fail();
    winner.items += 1;
    winner.cost += cost;
    winner.bytes += bytes;
    loads[best] = numberAt(loads, best) + cost;
    assigned += 1;
  }
  return assigned;
}

function fail(): never {
  throw new Error('a place outside its list');
}

function numberAt(values: Float64Array, place: number): number {
  return values[place] ?? fail();
}
