import { fillLevel } from './fill-level.js';

/** Devices that equal items go to, by place. */
export interface EqualDevices {
  /** Items a unit of time; finite, from 0 on. One of speed 0 takes nothing. */
  readonly speeds: Float64Array;
  /** In items, parts of one too. Absent: none. */
  readonly loads?: Float64Array | undefined;
  /** In items; a part of one counts as none. Absent: none. */
  readonly limits?: Float64Array | undefined;
}

/** While counts are put right. */
interface Sharing {
  readonly speeds: Float64Array;
  readonly loads: Float64Array | undefined;
  readonly limits: Float64Array | undefined;
  readonly counts: Float64Array;
}

/** For so few items it is cheaper to look at all devices than to build a heap. */
const mostScans = 12;
/** A share that is so near a whole number, for its size, may be rounded to the wrong side. */
const doubt = 2 ** -46;
/** Rounding takes a count no further from where it belongs. */
const mostSteps = 256;
/** More items are no use as a load: beside 2^32 of them halves can still be told apart. */
const mostLoad = 2 ** 50;
/** Outside of these, speeds are scaled: no sum and no bid may leave what a double holds. */
const [slowest, fastest] = [2 ** -400, 2 ** 400];
/** As far apart as they may be then. */
const [least, most] = [2 ** -960, 2 ** 960];

/**
 * Items per device: each next item goes to the smallest (count + 1 + load) / speed below its limit,
 * ties to the earlier device (D'Hondt, started from the loads). That minimises the greatest
 * (count + load) / speed of those that get items, and fills limits like water.
 *
 * Item by item this picks the smallest of all bids (k + load) / speed, k from 1 to the limit, in
 * one fixed order. So all bids up to any time may be taken at once, and then the next ones taken,
 * or the last ones given back, until the number is right. The time is that at which exact shares,
 * cut down to whole items, should come to it; so few items are left to put right.
 */
export function equalCounts(itemCount: number, devices: EqualDevices): Float64Array {
  const counts = new Float64Array(devices.speeds.length);
  if (devices.loads === undefined && devices.limits === undefined)
    return unlimited(itemCount, scaled(devices.speeds), counts);
  const { speeds, loads, limits } = inRange(itemCount, devices);
  let room = 0;
  for (let place = 0; place < limits.length; place += 1) room += limits[place] as number;
  if (room <= itemCount) return limits;
  const level = fillLevel(itemCount, { speeds, loads, limits });
  const sharing: Sharing = { speeds, loads, limits, counts };
  takeUntil(level, sharing);
  return putRight(itemCount, sharing);
}

/** Without loads and limits shares are known at once: the case that has to be fast. */
function unlimited(itemCount: number, speeds: Float64Array, counts: Float64Array): Float64Array {
  let sum = 0;
  let working = 0;
  for (let place = 0; place < speeds.length; place += 1) {
    const speed = speeds[place] as number;
    sum += speed;
    if (speed > 0) working += 1;
  }
  if (working === 0) return counts;
  const level = (itemCount + working / 2) / sum;
  let taken = 0;
  for (let place = 0; place < speeds.length; place += 1) {
    const speed = speeds[place] as number;
    const share = level * speed;
    let count = Math.floor(share);
    const part = share - count;
    if (part < doubt * share || 1 - part < doubt * share) count = exactly(level, { speed, count });
    counts[place] = count;
    taken += count;
  }
  const sharing: Sharing = { speeds, loads: undefined, limits: undefined, counts };
  if (taken - itemCount <= mostScans) return putRight(itemCount, sharing, taken);
  // Speeds that are all alike are cut down alike: start where at most a few are too many.
  takeUntil(itemCount / sum, sharing);
  return putRight(itemCount, sharing);
}

/** All bids up to the time. */
function takeUntil(time: number, { speeds, loads, limits, counts }: Sharing): void {
  for (let place = 0; place < speeds.length; place += 1) {
    const speed = speeds[place] as number;
    const load = loads === undefined ? 0 : (loads[place] as number);
    const limit = limits === undefined ? Infinity : (limits[place] as number);
    const whole = time * speed;
    const share = whole - load;
    // Past the limit a share may be greater than what can be counted one by one.
    let count = Math.max(0, Math.floor(Math.min(share, limit + 1)));
    const part = share - count;
    if (part < doubt * whole || 1 - part < doubt * whole) {
      count = exactly(time, { speed, load, count });
    }
    counts[place] = Math.min(count, limit);
  }
}

/** The greatest count of at least 0 whose bid is not after the time, found from one nearby. */
function exactly(
  time: number,
  { speed, load = 0, count }: { speed: number; load?: number; count: number },
): number {
  let exact = count;
  for (let step = 0; step < mostSteps && exact > 0 && (exact + load) / speed > time; step += 1) {
    exact -= 1;
  }
  for (let step = 0; step < mostSteps && (exact + 1 + load) / speed <= time; step += 1) exact += 1;
  return exact;
}

function putRight(
  itemCount: number,
  sharing: Sharing,
  taken = sumOf(sharing.counts),
): Float64Array {
  for (let over = taken - itemCount; over > 0; over -= 1) giveBackLast(sharing);
  const missing = itemCount - taken;
  if (missing > mostScans) handOut(missing, sharing);
  else for (let left = missing; left > 0; left -= 1) takeNext(sharing);
  return sharing.counts;
}

function takeNext({ speeds, loads, limits, counts }: Sharing): void {
  let next = -1;
  let least = Infinity;
  for (let place = 0; place < counts.length; place += 1) {
    const count = counts[place] as number;
    if (limits !== undefined && count >= (limits[place] as number)) continue;
    const after = loads === undefined ? count + 1 : count + 1 + (loads[place] as number);
    const bid = after / (speeds[place] as number);
    if (bid >= least) continue;
    next = place;
    least = bid;
  }
  counts[next] = (counts[next] as number) + 1;
}

function giveBackLast({ speeds, loads, counts }: Sharing): void {
  let last = -1;
  let greatest = 0;
  for (let place = 0; place < counts.length; place += 1) {
    const count = counts[place] as number;
    if (count === 0) continue;
    const all = loads === undefined ? count : count + (loads[place] as number);
    const bid = all / (speeds[place] as number);
    if (bid < greatest) continue;
    last = place;
    greatest = bid;
  }
  counts[last] = (counts[last] as number) - 1;
}

/** Takes the next `left` bids through a binary heap of the devices that are not full. */
function handOut(left: number, { speeds, loads, limits, counts }: Sharing): void {
  const limitOf = (place: number) => (limits === undefined ? Infinity : at(limits, place));
  const bidOf = (place: number) =>
    (at(counts, place) + 1 + (loads === undefined ? 0 : at(loads, place))) / at(speeds, place);
  const bids = counts.map((_, place) => bidOf(place));
  const precedes = (a: number, b: number) => at(bids, a) - at(bids, b) || a - b;
  // A sorted array is a heap.
  const heap = [...counts.keys()]
    .filter((place) => at(speeds, place) > 0 && at(counts, place) < limitOf(place))
    .sort(precedes);
  for (let more = left; more > 0; more -= 1) {
    const place = heap[0] as number;
    counts[place] = at(counts, place) + 1;
    bids[place] = bidOf(place);
    if (at(counts, place) >= limitOf(place)) {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return;
      heap[0] = last;
    }
    siftDown(heap, precedes);
  }
}

/** Restores the heap after its first place changed. */
function siftDown(heap: number[], precedes: (a: number, b: number) => number): void {
  const moving = heap[0] as number;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && precedes(heap[child + 1] as number, heap[child] as number) < 0) {
      child += 1;
    }
    if (precedes(moving, heap[child] as number) <= 0) break;
    heap[place] = heap[child] as number;
    place = child;
  }
  heap[place] = moving;
}

/** Every index used here lies inside its array. */
function at(values: Float64Array, index: number): number {
  return values[index] as number;
}

export function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let place = 0; place < values.length; place += 1) sum += values[place] as number;
  return sum;
}

/** The same devices in numbers of which all that is worked out stays what a double holds. */
export function inRange(
  itemCount: number,
  { speeds, loads, limits }: EqualDevices,
): EqualDevices & { readonly limits: Float64Array } {
  return {
    speeds: scaled(speeds),
    loads: loads?.map((load) => Math.min(load, mostLoad)),
    limits: wholeLimits(itemCount, speeds, limits),
  };
}

/**
 * Speeds by a common power of two, which changes no order of bids. Those 2^1920 times slower than
 * the fastest count as equally slow.
 */
function scaled(speeds: Float64Array): Float64Array {
  let greatest = 0;
  let isWithin = true;
  for (let place = 0; place < speeds.length; place += 1) {
    const speed = speeds[place] as number;
    if (speed > greatest) greatest = speed;
    if (speed !== 0 && !(speed > slowest && speed < fastest)) isWithin = false;
  }
  if (isWithin) return speeds;
  const scale = 2 ** Math.min(1023, Math.floor(Math.log2(most) - Math.log2(greatest)));
  return speeds.map((speed) => (speed > 0 ? Math.max(speed * scale, least) : 0));
}

/** In whole items, none for a device without speed, and none greater than there are items. */
function wholeLimits(
  itemCount: number,
  speeds: Float64Array,
  limits: Float64Array | undefined,
): Float64Array {
  return speeds.map((speed, place) => {
    if (speed === 0) return 0;
    return Math.min(itemCount, Math.floor(limits?.[place] ?? Infinity));
  });
}
