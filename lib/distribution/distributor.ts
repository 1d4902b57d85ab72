import { describeValue, readArray, readNonEmptyString, readOptions } from '../arguments.js';
import { rangeError } from '../errors.js';
import { type CapacityInput, checkCapacities, readCapacities } from './capacity.js';
import type { Distribution } from './distribution.js';
import { type ItemList, readItems, type TypedItems } from './items.js';
import {
  type RebalanceOptions,
  type Rebalancing,
  rebalanceKeys,
  rebalanceOver,
} from './rebalance/rebalance.js';
import { share } from './share.js';
import { readSharing, type SharingKey, sharingKeys } from './sharing.js';
import { type DistributionDevice, readDevices, requireLimitsKnown } from './standalone-devices.js';
import type { DistributorOptions, SharingOptions } from './strategy.js';

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
    const speeds = new Float64Array(ids.length).fill(1);
    return shareArray('uniform', { deviceIds: ids, speeds, items: given, options });
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
    const speeds = Float64Array.from(checkCapacities(unchecked));
    const deviceIds = [...unchecked.keys()];
    return shareArray('capacity', { deviceIds, speeds, items: given, options });
  }

  /**
   * Shares an array's items out, a typed array's, or so many equal ones, as a manager's
   * `distribute` does, over devices as you know them.
   * @throws RangeError ERR_GPU_DUPLICATE_DEVICE, ERR_GPU_UNKNOWN_DEVICE (limits of a device that is
   *   not there), ERR_GPU_OUT_OF_RANGE, ERR_GPU_LENGTH_MISMATCH, ERR_GPU_UNKNOWN_STRATEGY.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION, ERR_GPU_MISSING_OPTION; what
   *   functions of yours throw, as its cause.
   * @throws GPUError ERR_GPU_UNASSIGNED under `overflow: 'throw'`.
   *
   * @example
   * const devices = [{ deviceId: 'a', speed: 3 }, { deviceId: 'b', load: 5 }];
   * new WorkloadDistributor().distribute(devices, 100, { strategy: 'least-loaded' }).counts;
   */
  distribute<A extends TypedItems>(
    devices: readonly DistributionDevice[],
    workload: A,
    options?: SharingOptions<A[number]>,
  ): Distribution<A[number], A>;
  distribute<T>(
    devices: readonly DistributionDevice[],
    workload: readonly T[],
    options?: SharingOptions<T>,
  ): Distribution<T>;
  distribute(
    devices: readonly DistributionDevice[],
    workload: number,
    options?: SharingOptions<number>,
  ): Distribution<number>;
  distribute(devices: unknown, workload: unknown, options?: unknown): Distribution<unknown> {
    const sharing = readSharing(readOptions(options, sharingKeys));
    const columns = readDevices(devices, sharing);
    requireLimitsKnown(new Set(columns.deviceIds), sharing);
    return share({ sharing, items: readItems(workload, 'workload'), devicesOf: () => columns });
  }

  /**
   * The former distribution over the devices there are now: few items move, as few as can be where
   * items are alike. First as many are assigned as limits let be, then the last device is done
   * within `maxImbalance` of the perfect plan, or as near to that as can be, then items stay where
   * they are. Strategy, costs, bytes, limits, `startFrom` and `overflow` are the stated ones: under
   * 'uniform' all devices are equally fast. Load and free memory are what there is beside these
   * items. `minPerDevice`, and where keys belong, are not looked at.
   * @throws TypeError, RangeError naming the device or the option; GPUError ERR_GPU_UNASSIGNED
   *   under `overflow: 'throw'`.
   *
   * @example
   * const { moves } = new WorkloadDistributor().rebalance(plan, devicesNow, { maxImbalance: 1.1 });
   * for (const { index, from, to } of moves) migrate(prompts[index], from, to);
   */
  rebalance<T, L extends ItemList<T>>(
    previous: Distribution<T, L>,
    devices: readonly DistributionDevice[],
    options?: RebalanceOptions,
  ): Rebalancing<T, L> {
    const given = readOptions(options, rebalanceKeys);
    return rebalanceOver(previous, given, (sharing) => readDevices(devices, sharing));
  }
}

interface ArrayParts<T> {
  readonly deviceIds: readonly string[];
  readonly speeds: Float64Array;
  /** Nobody else's. */
  readonly items: readonly T[];
  readonly options: unknown;
}

function shareArray<T>(strategy: 'uniform' | 'capacity', parts: ArrayParts<T>): Distribution<T> {
  const { deviceIds, speeds, items, options } = parts;
  const maxPerDevice = readOptions(options, ['maxPerDevice']).get('maxPerDevice');
  const sharing = readSharing(
    new Map<SharingKey, unknown>([
      ['strategy', strategy],
      ['maxPerDevice', maxPerDevice],
    ]),
  );
  return share({
    sharing,
    items: { length: items.length, source: items },
    devicesOf: () => ({ deviceIds, speeds }),
  });
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
