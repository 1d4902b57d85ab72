import { equalCounts, sumOf } from './equal-counts.js';
import { fillLevel } from './fill-level.js';

/** Devices that equal items go to again and again, by place. */
export interface DueDevices {
  /** Items a unit of time; finite, from 0 on. One of speed 0 takes nothing. */
  readonly speeds: Float64Array;
  /** In items, parts of one too. Absent: none. */
  readonly loads?: Float64Array | undefined;
  /** In items; a part of one counts as none. Absent: none. */
  readonly limits?: Float64Array | undefined;
  /** In items: what each device is behind, below 0: ahead. */
  readonly credits: Float64Array;
  /** A device takes none or so many. @default 1 */
  readonly minPerDevice?: number | undefined;
}

/** What accounts that were added to many times may be off by. */
const doubt = 1e-9;
/** Rounded to so small steps, amounts that are equal but for that are equal. */
const step = 2 ** -32;
/** Where credits are within bounds, no more are needed than a few. */
const mostRounds = 4;

/**
 * Items per device, so that over all batches each device gets its share: what it is due is its
 * credit and its share of this batch, poured over speeds, loads and limits. It gets that cut down
 * to whole items; the items that are left go, one each, to those that are due a part of one, first
 * to whom the next whole item is due first at its speed.
 *
 * That is the schedule by earliest deadline in which item j of a device may not come before
 * (j - 1) / q items came in all, and has to before j / q have, q its share; looked at where batches
 * end (Tijdeman's chairman assignment, the quota method of Balinski and Young). With speeds that
 * stay, and without limits, every device's total is less than one item from its share after every
 * batch, whatever the sizes. For let no more than D - T items be due until D and not handed out
 * after T, for each D of at least T. If the batch handed out an item due after D, it had handed out
 * all those due until D that may come by then; those that may not are at most D - T, since the
 * schedule is there. Otherwise all its items were due until D, and both sides fell by as many.
 */
export function dueCounts(itemCount: number, devices: DueDevices): Float64Array {
  const { minPerDevice: least = 1 } = devices;
  const limits = wholeLimits(itemCount, devices);
  for (;;) {
    const due = dueAmounts(itemCount, { ...devices, limits });
    const counts = countsOf(itemCount, { ...devices, limits, due });
    const dropped = least > 1 ? leastDue(counts, { due, least }) : -1;
    if (dropped === -1) return counts;
    limits[dropped] = 0;
  }
}

function countsOf(itemCount: number, round: Omit<Round, 'counts'>): Float64Array {
  const { due, limits, speeds } = round;
  const counts = roundDown(due, limits);
  const left = Math.min(itemCount, sumOf(limits)) - sumOf(counts);
  if (!(Math.abs(left) <= mostRounds * speeds.length)) return countsByLag(itemCount, round);
  putRight(left, { ...round, counts });
  return counts;
}

/** Where devices are behind or ahead by more than the batch: first to those the most behind. */
function countsByLag(itemCount: number, { speeds, loads, limits, credits }: DueDevices) {
  const most = credits.reduce(
    (lag, credit, place) =>
      at(speeds, place) > 0 ? Math.max(lag, credit / at(speeds, place)) : lag,
    0,
  );
  const behind = credits.map((credit, place) => {
    const ahead = at(speeds, place) === 0 ? 0 : Math.max(0, most * at(speeds, place) - credit);
    return (loads?.[place] ?? 0) + ahead;
  });
  return equalCounts(itemCount, { speeds, loads: behind, limits });
}

/** The share of each device of so much, by speed, load and limit. */
export function sharesOf(
  amount: number,
  devices: Pick<DueDevices, 'speeds' | 'loads' | 'limits'>,
): Float64Array {
  const { speeds, loads, limits } = devices;
  const level = fillLevel(amount, devices);
  return speeds.map((speed, place) => {
    const share = Math.max(0, level * speed - (loads?.[place] ?? 0));
    return speed === 0 ? 0 : Math.min(share, limits?.[place] ?? Infinity);
  });
}

/** Credits of those that can take something, moved along by speed so that they sum to 0. */
export function levelCredits(credits: Float64Array, speeds: Float64Array): Float64Array {
  let [sum, speed] = [0, 0];
  for (let place = 0; place < credits.length; place += 1) {
    if (at(speeds, place) === 0) continue;
    sum += at(credits, place);
    speed += at(speeds, place);
  }
  return credits.map((credit, place) =>
    at(speeds, place) === 0 ? 0 : credit - sum * (at(speeds, place) / speed),
  );
}

function dueAmounts(itemCount: number, devices: DueDevices): Float64Array {
  const credits = levelCredits(devices.credits, devices.speeds);
  return sharesOf(itemCount, devices).map((share, place) => {
    const due = share + at(credits, place);
    return Math.round(due / step) * step;
  });
}

function roundDown(due: Float64Array, limits: Float64Array): Float64Array {
  return due.map((amount, place) =>
    Math.min(Math.max(0, Math.floor(amount + doubt)), at(limits, place)),
  );
}

interface Round extends DueDevices {
  readonly limits: Float64Array;
  readonly due: Float64Array;
  readonly counts: Float64Array;
}

/** Hands out what is left, or takes back what is too much: round by round, one item a device. */
function putRight(missing: number, round: Round): void {
  const { counts, due, limits } = round;
  let left = missing;
  const isBehind = (place: number) => at(counts, place) + doubt < at(due, place);
  while (left > 0) {
    const open = placesOf(counts).filter((place) => at(counts, place) < at(limits, place));
    const behind = open.filter(isBehind);
    const takers = soonestFirst(behind.length > 0 ? behind : open, round).slice(0, left);
    for (const place of takers) counts[place] = at(counts, place) + 1;
    left -= takers.length;
  }
  while (left < 0) {
    const givers = placesOf(counts).filter((place) => at(counts, place) > 0);
    for (const place of soonestFirst(givers, { ...round, next: 0 }).slice(left)) {
      counts[place] = at(counts, place) - 1;
      left += 1;
    }
  }
}

/** In the order in which the item after those it has (`next` 0: its last) is due. */
function soonestFirst(
  places: readonly number[],
  { counts, due, speeds, next = 1 }: Round & { readonly next?: number },
): number[] {
  const dueAt = (place: number) => (at(counts, place) + next - at(due, place)) / at(speeds, place);
  return places.toSorted((a, b) => dueAt(a) - dueAt(b) || a - b);
}

/** Of those that have items, but too few: the one that is due the least; -1: there is none. */
function leastDue(
  counts: Float64Array,
  { due, least }: { readonly due: Float64Array; readonly least: number },
): number {
  const short = placesOf(counts).filter(
    (place) => at(counts, place) > 0 && at(counts, place) < least,
  );
  return short.reduce(
    (found, place) => (found === -1 || at(due, place) <= at(due, found) ? place : found),
    -1,
  );
}

function wholeLimits(itemCount: number, { speeds, limits }: DueDevices): Float64Array {
  return speeds.map((speed, place) =>
    speed === 0 ? 0 : Math.min(itemCount, Math.floor(limits?.[place] ?? Infinity)),
  );
}

function placesOf(values: Float64Array): number[] {
  return [...values.keys()];
}

/** Every index used here lies inside its array. */
function at(values: Float64Array, index: number): number {
  return values[index] as number;
}
