import { describeValue, readArray, readOptions } from '../arguments.js';
import type { GPUDevice } from '../device.js';
import { rangeError } from '../errors.js';
import { assign } from './assignment.js';
import { capacityCounts, checkCapacities, readCapacities } from './capacity.js';
import type { Distribution } from './distribution.js';
import { readMaxPerDevice } from './distributor.js';
import { DistributionStrategy, readStrategy } from './strategy.js';
import { uniformCounts } from './uniform.js';

export interface Workload<T> {
  readonly tasks: readonly T[];
  readonly options: unknown;
  /** Registered devices that take no work now; asked once no user code runs any more. */
  barred?(): ReadonlySet<string>;
}

/** Shares tasks out over registered devices, in registration order. */
export function distributeOver<T>(
  devices: ReadonlyMap<string, GPUDevice>,
  { tasks, options, barred }: Workload<T>,
): Distribution<T> {
  const given = readOptions(options, ['strategy', 'capacities', 'maxPerDevice']);
  const named = given.get('capacities');
  const capacityOf = named === undefined ? undefined : readCapacities(named, 'options.capacities');
  const items = readArray(tasks, 'tasks');
  // From here on no user code runs: the devices cannot change any more.
  const eligible = without(devices, barred?.() ?? new Set());
  if (capacityOf !== undefined) requireSameDevices({ devices, eligible }, capacityOf);
  const strategy = readStrategy(given.get('strategy'));
  const limits = {
    itemCount: items.length,
    maxPerDevice: readMaxPerDevice(given.get('maxPerDevice')),
  };
  const byCapacity = strategy === DistributionStrategy.Capacity;
  const unchecked = capacityOf ?? (byCapacity ? computeUnitsOf(eligible) : undefined);
  const ids = [...eligible.keys()];
  const capacities =
    unchecked &&
    checkCapacities(new Map(ids.map((deviceId) => [deviceId, unchecked.get(deviceId)])));
  const counts =
    byCapacity && capacities !== undefined
      ? capacityCounts(capacities, limits)
      : uniformCounts(ids.length, limits);
  const speeds = ids.map((_, place) => (byCapacity ? (capacities?.[place] ?? 0) : 1));
  return assign({
    strategy,
    deviceIds: ids,
    items,
    speeds: Float64Array.from(speeds),
    counts,
  });
}

function without(
  devices: ReadonlyMap<string, GPUDevice>,
  barred: ReadonlySet<string>,
): ReadonlyMap<string, GPUDevice> {
  if (barred.size === 0) return devices;
  return new Map([...devices].filter(([deviceId]) => !barred.has(deviceId)));
}

interface Places {
  readonly devices: ReadonlyMap<string, GPUDevice>;
  readonly eligible: ReadonlyMap<string, GPUDevice>;
}

function requireSameDevices(
  { devices, eligible }: Places,
  capacities: ReadonlyMap<string, unknown>,
): void {
  for (const deviceId of capacities.keys()) {
    if (devices.has(deviceId)) continue;
    throw rangeError(
      'ERR_GPU_UNKNOWN_DEVICE',
      `options.capacities: expected registered devices only, got ${describeValue(deviceId)}`,
    );
  }
  for (const deviceId of eligible.keys()) {
    if (!capacities.has(deviceId)) {
      throw missingCapacity(deviceId, 'options.capacities: expected every registered device');
    }
  }
}

function computeUnitsOf(devices: ReadonlyMap<string, GPUDevice>): Map<string, number> {
  const capacities = new Map<string, number>();
  for (const { deviceId, computeUnits } of devices.values()) {
    if (computeUnits === undefined) {
      throw missingCapacity(deviceId, 'expected capacities or computeUnits on every device');
    }
    capacities.set(deviceId, computeUnits);
  }
  return capacities;
}

function missingCapacity(deviceId: string, expected: string): RangeError {
  return rangeError(
    'ERR_GPU_MISSING_CAPACITY',
    `${expected}, got none for ${describeValue(deviceId)}`,
  );
}
