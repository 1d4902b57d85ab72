import {
  describeValue,
  readArray,
  readNonEmptyString,
  readNumber,
  readOptions,
} from '../arguments.js';
import { rangeError } from '../errors.js';
import { assign } from './assignment.js';
import { type CapacityInput, capacityCounts, checkCapacities, readCapacities } from './capacity.js';
import type { Distribution } from './distribution.js';
import type { DistributorOptions } from './strategy.js';
import { uniformCounts } from './uniform.js';

/**
 * Shares items out over any devices, without registration. Items keep their order, each device's
 * are contiguous, and none is lost: what no device may take is `unassigned`.
 *
 * @example
 * const { assignments } = new WorkloadDistributor().distributeByCapacity({ a: 1, b: 3 }, prompts);
 * assignments.get('b'); // three of every four
 */
export class WorkloadDistributor {
  /**
   * The same number each, one more to the first devices where it does not divide.
   * @throws RangeError ERR_GPU_DUPLICATE_DEVICE; ERR_GPU_OUT_OF_RANGE: an empty id, a maximum that
   * is no integer of at least 1.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION.
   */
  distributeUniform<T>(
    deviceIds: readonly string[],
    items: readonly T[],
    options?: DistributorOptions,
  ): Distribution<T> {
    const ids = readDeviceIds(deviceIds);
    const given = readArray(items, 'items');
    const limits = { itemCount: given.length, maxPerDevice: readOnlyMaximum(options) };
    return assign({
      strategy: 'uniform',
      deviceIds: ids,
      items: given,
      speeds: new Float64Array(ids.length).fill(1),
      counts: uniformCounts(ids.length, limits),
    });
  }

  /**
   * In proportion to capacities: the greatest items / capacity is as small as can be. A device of
   * capacity 0 gets an entry and nothing in it. An object's keys that look like integers come
   * first, in ascending order, as JavaScript has it; a Map keeps every order.
   * @throws RangeError ERR_GPU_OUT_OF_RANGE: a capacity that is negative or not finite, a maximum
   * that is no integer of at least 1; ERR_GPU_ZERO_CAPACITY: capacities that sum to 0.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION.
   */
  distributeByCapacity<T>(
    capacities: CapacityInput,
    items: readonly T[],
    options?: DistributorOptions,
  ): Distribution<T> {
    const unchecked = readCapacities(capacities);
    const given = readArray(items, 'items');
    const limits = { itemCount: given.length, maxPerDevice: readOnlyMaximum(options) };
    const speeds = checkCapacities(unchecked);
    return assign({
      strategy: 'capacity',
      deviceIds: [...unchecked.keys()],
      items: given,
      speeds: Float64Array.from(speeds),
      counts: capacityCounts(speeds, limits),
    });
  }
}

/** The most items a device takes; Infinity when absent. */
export function readMaxPerDevice(value: unknown): number {
  if (value === undefined) return Infinity;
  return readNumber(value, 'options.maxPerDevice', { minimum: 1, integer: true });
}

function readOnlyMaximum(options: unknown): number {
  return readMaxPerDevice(readOptions(options, ['maxPerDevice']).get('maxPerDevice'));
}

function readDeviceIds(value: readonly string[]): string[] {
  const ids = new Set<string>();
  for (const [index, given] of readArray(value, 'deviceIds').entries()) {
    const deviceId = readNonEmptyString(given, `deviceIds[${index}]`);
    if (ids.has(deviceId)) {
      throw rangeError(
        'ERR_GPU_DUPLICATE_DEVICE',
        `deviceIds[${index}]: expected each device once, got ${describeValue(deviceId)} again`,
      );
    }
    ids.add(deviceId);
  }
  return [...ids];
}
