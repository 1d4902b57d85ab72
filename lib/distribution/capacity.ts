import { describeValue, readNumber } from '../arguments.js';
import { rangeError } from '../errors.js';
import { readByDevice } from './by-device.js';

/** Capacities by device id: a Map, or an object's own enumerable properties. */
export type CapacityInput = Readonly<Record<string, number>> | ReadonlyMap<string, number>;

/** Capacities in the order given, device ids checked, values not yet. */
export function readCapacities(value: unknown, what = 'capacities'): Map<string, unknown> {
  return readByDevice(value, { what, noun: 'numbers' });
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
