import { type EqualDevices, equalCounts, sumOf } from './equal-counts.js';

/**
 * Items per device where a device takes none or at least `minimum`. Devices join in the order in
 * which each would be done with its minimum, as long as one that joins is done with that no later
 * than those before it would be with everything, were there no minimum (or they have no room). Then
 * each gets its minimum, and the rest is shared out.
 *
 * Without loads and limits no plan has a smaller makespan. A faster device may always stand in for
 * a slower one, so the first k are a best choice of k, as long as there are items enough for the
 * minimum of each; their makespan is the later of two times: when the k-th is done with its
 * minimum, which never falls as k grows, and when they are done without a minimum, which never
 * rises. So the question is answered yes, then no.
 *
 * Where limits leave items over that way, the devices with the most room come first, as few as have
 * a place for all (no plan has a place for more), and others join them likewise.
 */
export function countsWithMinimum(
  itemCount: number,
  minimum: number,
  devices: EqualDevices,
): Float64Array {
  const { speeds } = devices;
  const done = speeds.map((speed, place) => ((devices.loads?.[place] ?? 0) + minimum) / speed);
  const limitOf = (place: number) => Math.floor(devices.limits?.[place] ?? Infinity);
  const order = [...speeds.keys()]
    .filter((place) => (speeds[place] as number) > 0 && limitOf(place) >= minimum)
    .sort((a, b) => (done[a] as number) - (done[b] as number) || a - b);
  const most = Math.min(order.length, Math.floor(itemCount / minimum));
  const joins = (candidates: readonly number[], size: number) => {
    const others = countsOf(candidates.slice(0, size - 1), { itemCount, minimum: 0, devices });
    const joining = done[candidates[size - 1] as number] as number;
    return sumOf(others) < itemCount || joining <= makespan(others, devices);
  };
  const joined = (candidates: readonly number[], least: number) => {
    let [size, tooMany] = [least, most + 1];
    while (tooMany - size > 1) {
      const middle = (size + tooMany) >> 1;
      if (joins(candidates, middle)) size = middle;
      else tooMany = middle;
    }
    return countsOf(candidates.slice(0, size), { itemCount, minimum, devices });
  };
  const counts = joined(order, Math.min(1, most));
  if (sumOf(counts) === itemCount) return counts;
  const first = roomiest(order, { itemCount, most, limitOf });
  return joined([...first, ...order.filter((place) => !first.has(place))], first.size);
}

interface Room {
  readonly itemCount: number;
  readonly most: number;
  limitOf(place: number): number;
}

/** Those with the most room, as few as have a place for all, and `most` at the most. */
function roomiest(
  places: readonly number[],
  { itemCount, most, limitOf }: Room,
): ReadonlySet<number> {
  const chosen = new Set<number>();
  let room = 0;
  for (const place of [...places].sort((a, b) => limitOf(b) - limitOf(a)).slice(0, most)) {
    if (room >= itemCount) break;
    chosen.add(place);
    room += limitOf(place);
  }
  return chosen;
}

interface Batch {
  readonly itemCount: number;
  readonly minimum: number;
  readonly devices: EqualDevices;
}

/** The minimum for each of these, and what is left as it comes. */
function countsOf(chosen: readonly number[], { itemCount, minimum, devices }: Batch): Float64Array {
  const { speeds, loads, limits } = devices;
  const isChosen = new Uint8Array(speeds.length);
  for (const place of chosen) isChosen[place] = 1;
  const counts = equalCounts(itemCount - minimum * chosen.length, {
    speeds: speeds.map((speed, place) => (isChosen[place] ? speed : 0)),
    loads: speeds.map((_, place) => (loads?.[place] ?? 0) + minimum),
    limits: limits?.map((limit) => Math.max(0, Math.floor(limit) - minimum)),
  });
  return counts.map((count, place) => (isChosen[place] ? count + minimum : 0));
}

function makespan(counts: Float64Array, { speeds, loads }: EqualDevices): number {
  return counts.reduce((latest, count, place) => {
    if (count === 0) return latest;
    return Math.max(latest, ((loads?.[place] ?? 0) + count) / (speeds[place] as number));
  }, 0);
}
