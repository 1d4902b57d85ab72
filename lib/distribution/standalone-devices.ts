import {
  describeValue,
  readArray,
  readNonEmptyString,
  readNumber,
  readObject,
  readProperty,
} from '../arguments.js';
import { rangeError, typeError } from '../errors.js';
import type { DeviceColumns } from './device-columns.js';
import { type CheckedLimits, readDeviceLimits } from './device-limits.js';
import { requireSum } from './item-values.js';
import type { Sharing } from './sharing.js';
import type { DeviceLimits } from './strategy.js';

/** A device as you know it. */
export interface DistributionDevice {
  readonly deviceId: string;
  /** What it does of cost in a unit of time; finite, at least 0. 0: it takes nothing. @default 1 */
  readonly speed?: number;
  /** Cost that it has already; at least 0, at most 2^1000 with all others'. @default 0 */
  readonly load?: number;
  /** At least 0. Needed by 'memory', unless `limits.bytes` is there. @default no limit */
  readonly freeMemoryBytes?: number;
  readonly limits?: DeviceLimits;
}

interface CheckedDevice {
  readonly deviceId: string;
  readonly speed: number;
  readonly load: number;
  readonly freeBytes: number | undefined;
  readonly limits: CheckedLimits | undefined;
}

/**
 * @throws TypeError ERR_GPU_INVALID_TYPE; ERR_GPU_MISSING_OPTION: memory that is not known
 * @throws RangeError ERR_GPU_OUT_OF_RANGE, ERR_GPU_DUPLICATE_DEVICE; ERR_GPU_UNKNOWN_DEVICE:
 *   limits of a device that is not there
 */
export function readDevices(value: unknown, sharing: Sharing): DeviceColumns {
  const given = readArray(value as readonly unknown[], 'devices');
  const devices = given.map((device, index) => readDevice(device, `devices[${index}]`));
  const ids = readOnce(devices);
  requireSum(
    devices.reduce((sum, { load }) => sum + load, 0),
    'devices: load',
  );
  if (sharing.strategy === 'memory') {
    for (const [index, device] of devices.entries()) requireMemory(device, sharing, index);
  }
  const { startsFromLoad, strategy } = sharing;
  const hasLoad = startsFromLoad && devices.some(({ load }) => load > 0);
  return {
    deviceIds: [...ids],
    speeds: Float64Array.from(devices, ({ speed }) =>
      strategy === 'uniform' && speed > 0 ? 1 : speed,
    ),
    loads: hasLoad ? Float64Array.from(devices, ({ load }) => load) : undefined,
    freeBytes: Float64Array.from(devices, ({ freeBytes }) => freeBytes ?? Infinity),
    limits: devices.map(({ limits }) => limits),
  };
}

/** @throws RangeError ERR_GPU_UNKNOWN_DEVICE: limits of a device that is not there */
export function requireLimitsKnown(
  deviceIds: { has(deviceId: string): boolean },
  { limits }: Pick<Sharing, 'limits'>,
): void {
  for (const deviceId of limits?.keys() ?? []) {
    if (!deviceIds.has(deviceId)) throw unknownDevice('options.limits', deviceId);
  }
}

export function unknownDevice(what: string, deviceId: unknown): RangeError {
  return rangeError(
    'ERR_GPU_UNKNOWN_DEVICE',
    `${what}: expected devices that are there only, got ${describeValue(deviceId)}`,
  );
}

/** Keys that it does not know are left out: other tools' objects may carry more. */
function readDevice(value: unknown, what: string): CheckedDevice {
  const device = readObject(value, what);
  const number = (key: 'speed' | 'load', usual: number) => {
    const given = readProperty(device, key, what);
    return given === undefined ? usual : readNumber(given, `${what}.${key}`, { minimum: 0 }) + 0;
  };
  const free = readProperty(device, 'freeMemoryBytes', what);
  const limits = readProperty(device, 'limits', what);
  return {
    deviceId: readNonEmptyString(readProperty(device, 'deviceId', what), `${what}.deviceId`),
    speed: number('speed', 1),
    load: number('load', 0),
    freeBytes:
      free === undefined ? free : readNumber(free, `${what}.freeMemoryBytes`, { minimum: 0 }),
    limits: limits === undefined ? limits : readDeviceLimits(limits, `${what}.limits`),
  };
}

function readOnce(devices: readonly CheckedDevice[]): Set<string> {
  const ids = new Set<string>();
  for (const [index, { deviceId }] of devices.entries()) {
    if (ids.has(deviceId)) {
      throw rangeError(
        'ERR_GPU_DUPLICATE_DEVICE',
        `devices[${index}]: expected each device once, got ${describeValue(deviceId)} again`,
      );
    }
    ids.add(deviceId);
  }
  return ids;
}

function requireMemory(device: CheckedDevice, sharing: Sharing, index: number): void {
  const { freeBytes, limits, deviceId } = device;
  const limit = Math.min(
    limits?.bytes ?? Infinity,
    sharing.limits?.get(deviceId)?.bytes ?? Infinity,
  );
  if (freeBytes !== undefined || limit < Infinity) return;
  throw typeError(
    'ERR_GPU_MISSING_OPTION',
    `devices[${index}].freeMemoryBytes: expected it where memory is shared out, got none`,
  );
}
