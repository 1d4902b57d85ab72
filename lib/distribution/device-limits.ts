import { describeValue, readNumber, readOptions } from '../arguments.js';
import { readByDevice } from './by-device.js';

/** DeviceLimits with everything decided; Infinity: unlimited. */
export interface CheckedLimits {
  readonly items: number;
  readonly bytes: number;
  readonly cost: number;
}

const keys = ['items', 'bytes', 'cost'] as const;
const amount = { minimum: 0, orInfinity: true } as const;

/** @throws TypeError, RangeError naming the limit */
export function readDeviceLimits(value: unknown, what: string): CheckedLimits {
  const given = readOptions(value, keys, what);
  const read = (key: (typeof keys)[number], rule: { readonly integer?: true }) => {
    const limit = given.get(key);
    if (limit === undefined || limit === Infinity) return Infinity;
    return readNumber(limit, `${what}.${key}`, { ...amount, ...rule });
  };
  return {
    items: read('items', { integer: true }),
    bytes: read('bytes', {}),
    cost: read('cost', {}),
  };
}

/** Limits by device id. @throws TypeError, RangeError naming the device and the limit */
export function readLimits(value: unknown, what: string): ReadonlyMap<string, CheckedLimits> {
  const limits = new Map<string, CheckedLimits>();
  for (const [deviceId, given] of readByDevice(value, { what, noun: 'limits' })) {
    limits.set(deviceId, readDeviceLimits(given, `${what}[${describeValue(deviceId)}]`));
  }
  return limits;
}
