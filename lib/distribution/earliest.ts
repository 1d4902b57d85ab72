import type { NativeAssignment } from '../native-distribution.js';

/** What stands for an item that no device may take; the addon's `noOwner`. */
export const noOwner = 0xffffffff;

/**
 * Item after item to the device that has finished it first; `NativeDistributing.assignEarliest`
 * has the rule. The numbers are checked: lists of the same length, finite, from 0 on.
 */
export type AssignEarliest = (what: NativeAssignment) => Uint32Array;

/** In JavaScript, for where there is no addon: looks at every device for every item. */
export const assignByScan: AssignEarliest = (what) => {
  const { costs, bytes, itemLimits, costLimits, byteLimits } = what;
  const owners = new Uint32Array(costs.length).fill(noOwner);
  const { places, speeds, loads, items, cost, held } = devicesThatWork(what);
  for (const item of inOrder(what)) {
    const weight = at(costs, item);
    const size = bytes === undefined ? 0 : at(bytes, item);
    let best = -1;
    let earliest = Infinity;
    for (let device = 0; device < speeds.length; device += 1) {
      const finish = (at(loads, device) + weight) / at(speeds, device);
      if (finish >= earliest && best >= 0) continue;
      const place = at(places, device);
      if (itemLimits !== undefined && at(items, device) + 1 > at(itemLimits, place)) continue;
      if (costLimits !== undefined && at(cost, device) + weight > at(costLimits, place)) continue;
      if (byteLimits !== undefined && at(held, device) + size > at(byteLimits, place)) continue;
      best = device;
      earliest = finish;
    }
    if (best < 0) continue;
    owners[item] = at(places, best);
    loads[best] = at(loads, best) + weight;
    items[best] = at(items, best) + 1;
    cost[best] = at(cost, best) + weight;
    held[best] = at(held, best) + size;
  }
  return owners;
};

/** Those of a speed above 0, in columns, with what they have been given. */
function devicesThatWork({ speeds, loads }: NativeAssignment) {
  const places = Uint32Array.from(speeds.keys()).filter((place) => at(speeds, place) > 0);
  const count = places.length;
  return {
    places,
    speeds: Float64Array.from(places, (place) => at(speeds, place)),
    loads: Float64Array.from(places, (place) => (loads === undefined ? 0 : at(loads, place))),
    items: new Float64Array(count),
    cost: new Float64Array(count),
    held: new Float64Array(count),
  };
}

function inOrder({ costs, order }: NativeAssignment): Uint32Array {
  const items = Uint32Array.from(costs.keys());
  return order === 'given' ? items : items.sort((a, b) => at(costs, b) - at(costs, a) || a - b);
}

/** Every index used here lies inside its array. */
function at(values: ArrayLike<number>, index: number): number {
  return values[index] as number;
}
