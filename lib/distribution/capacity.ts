import { types } from 'node:util';
import {
  describeValue,
  readNonEmptyString,
  readNumber,
  readSafely,
  wrongType,
} from '../arguments.js';
import { rangeError } from '../errors.js';

/** Capacities by device id: a Map, or an object's own enumerable properties. */
export type CapacityInput = Readonly<Record<string, number>> | ReadonlyMap<string, number>;

/** Capacities in the order given, device ids checked, values not yet. */
export function readCapacities(value: unknown, what = 'capacities'): Map<string, unknown> {
  const expected = 'a Map or a plain object of numbers by device id';
  if (typeof value !== 'object' || value === null) throw wrongType(what, expected, value);
  const entries = readSafely(what, (): (readonly [unknown, unknown])[] | undefined => {
    if (types.isMap(value)) return [...Map.prototype.entries.call(value)];
    // A Date, a Set or a proxied Map would otherwise pass for an object without capacities.
    if (!isPlain(value)) return undefined;
    return Object.keys(value).map((key) => [key, Reflect.get(value, key)]);
  });
  if (entries === undefined) throw wrongType(what, expected, value);
  const capacities = new Map<string, unknown>();
  for (const [key, capacity] of entries) {
    capacities.set(readNonEmptyString(key, `${what}: device id`), capacity);
  }
  return capacities;
}

/** Of any realm: its prototype is null, or one that has none itself, as Object.prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Refuses what is no finite number of at least 0, and a sum of 0 (ERR_GPU_ZERO_CAPACITY). */
export function checkCapacities(capacities: ReadonlyMap<string, unknown>): number[] {
  const values = Array.from(capacities, ([deviceId, capacity]) =>
    readNumber(capacity, `capacity of ${describeValue(deviceId)}`, { minimum: 0 }),
  );
  if (values.length > 0 && !values.some((capacity) => capacity > 0)) {
    throw rangeError(
      'ERR_GPU_ZERO_CAPACITY',
      `capacities: expected at least one above 0, got ${values.length} of 0`,
    );
  }
  return values;
}

export interface CapacityLimits {
  readonly itemCount: number;
  readonly maxPerDevice: number;
}

/**
 * Items per device, in the capacities' order: each next item goes to the smallest
 * (count + 1) / capacity below its maximum, ties to the earlier (D'Hondt). That minimises the
 * greatest count / capacity. A capacity of 0 takes nothing.
 *
 * Item by item this picks the smallest of all k / capacity, k from 1 to the maximum, in one fixed
 * order; so any start that it is sure to reach may be taken at once. It surely reaches the floor of
 * a device's exact share (or its maximum): were a device to end below that, every other would stay
 * at or below its own share, and items would be left over. One less than the floor is taken, so
 * that rounding in the shares cannot overshoot; a heap hands out the rest, about two a device.
 */
export function capacityCounts(
  capacities: readonly number[],
  { itemCount, maxPerDevice }: CapacityLimits,
): number[] {
  const weights = scaledWeights(capacities);
  const counts = weights.map(() => 0);
  const order = [...weights.keys()]
    .filter((device) => at(weights, device) > 0)
    .sort((a, b) => at(weights, b) - at(weights, a) || a - b);
  let rest = Math.min(itemCount, maxPerDevice * order.length);
  const sumFrom = suffixSums(order.map((device) => at(weights, device)));
  const sureShare = (place: number, of: number, sum: number) =>
    Math.max(0, Math.floor((of * at(weights, at(order, place))) / sum) - 1);

  // The largest capacities reach the maximum first; what they leave is shared among the others.
  let full = 0;
  while (full < order.length && sureShare(full, rest, at(sumFrom, full)) >= maxPerDevice) {
    counts[at(order, full)] = maxPerDevice;
    rest -= maxPerDevice;
    full += 1;
  }
  const shared = rest;
  for (let place = full; place < order.length; place += 1) {
    const share = sureShare(place, shared, at(sumFrom, full));
    counts[at(order, place)] = share;
    rest -= share;
  }
  handOut(rest, { counts, weights, maxPerDevice, devices: order.slice(full) });
  return counts;
}

/** Every index used here lies inside its array. */
function at(values: readonly number[], index: number): number {
  return values[index] as number;
}

/**
 * Capacities by a common power of two, which changes no ratio, so that neither their sum nor
 * count / capacity leaves the range of a double. Those 2^960 times smaller than the largest count
 * as equally small.
 */
function scaledWeights(capacities: readonly number[]): number[] {
  const largest = capacities.reduce((a, b) => Math.max(a, b), 0);
  const scale = 2 ** Math.min(1023, -Math.floor(Math.log2(largest)));
  return capacities.map((capacity) => (capacity > 0 ? Math.max(capacity * scale, 2 ** -960) : 0));
}

function suffixSums(values: readonly number[]): number[] {
  const sums = values.slice();
  for (let index = sums.length - 2; index >= 0; index -= 1) {
    sums[index] = at(sums, index) + at(sums, index + 1);
  }
  return sums;
}

interface Round {
  readonly counts: number[];
  readonly weights: readonly number[];
  readonly maxPerDevice: number;
  readonly devices: readonly number[];
}

/** Adds `rest` items to `counts`, one at a time, through a binary heap of the devices not full. */
function handOut(rest: number, { counts, weights, maxPerDevice, devices }: Round): void {
  const cost = counts.map((count, device) => (count + 1) / at(weights, device));
  const precedes = (a: number, b: number) => at(cost, a) - at(cost, b) || a - b;
  // A sorted array is a heap.
  const heap = devices.filter((device) => at(counts, device) < maxPerDevice).sort(precedes);
  for (let left = rest; left > 0; left -= 1) {
    const device = at(heap, 0);
    counts[device] = at(counts, device) + 1;
    cost[device] = (at(counts, device) + 1) / at(weights, device);
    if (at(counts, device) === maxPerDevice) {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return;
      heap[0] = last;
    }
    siftDown(heap, precedes);
  }
}

/** Restores the heap after its first place changed. */
function siftDown(heap: number[], precedes: (a: number, b: number) => number): void {
  const moving = at(heap, 0);
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && precedes(at(heap, child + 1), at(heap, child)) < 0) child += 1;
    if (precedes(moving, at(heap, child)) <= 0) break;
    heap[place] = at(heap, child);
    place = child;
  }
  heap[place] = moving;
}
