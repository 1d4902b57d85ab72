import type { DriverState } from './live-status.js';

/** Why a device as a whole has nothing to say, whatever was known of it. */
export type Absence = 'lost' | 'hung' | 'asleep' | 'suspended';

/** By what the latest poll of the device came to. Where the driver went, no device is there. */
const byStatus: ReadonlyMap<string, Absence> = new Map([
  ['ERR_GPU_DEVICE_LOST', 'lost'],
  ['ERR_GPU_DRIVER_GONE', 'lost'],
  ['ERR_GPU_DRIVER_NOT_LOADED', 'lost'],
  ['ERR_GPU_DRIVER_MISMATCH', 'lost'],
  ['ERR_GPU_LIBRARY_NOT_FOUND', 'lost'],
  ['ERR_GPU_LIBRARY_INVALID', 'lost'],
  ['ERR_GPU_DEVICE_HUNG', 'hung'],
  ['ERR_GPU_DEVICE_ASLEEP', 'asleep'],
  ['ERR_GPU_SUSPENDED', 'suspended'],
]);

const byDriver: Readonly<Record<DriverState, Absence | undefined>> = {
  serving: undefined,
  lost: 'lost',
  suspended: 'suspended',
  released: 'asleep',
};

/**
 * What the device's own status says wins over what the driver's state does. Undefined: it is there.
 */
export function absenceOf(status: string | undefined, driver: DriverState): Absence | undefined {
  return byStatus.get(status ?? '') ?? byDriver[driver];
}
