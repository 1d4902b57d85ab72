import type { DriverEventKind } from './cluster-events.js';
import { conditions } from './health-conditions.js';
import type { HealthReason } from './health-state.js';

/** What is to be seen of a device and its driver, whatever events say. */
export interface Appearance {
  /** Code of its latest poll; '' is ok, undefined: never polled. */
  readonly status: string | undefined;
  /** One of `NativeModule.driverStates`. */
  readonly driver: string;
}

/** Why there is no driver may change while there is none: in the middle of an upgrade it does. */
const driverCauses: ReadonlyMap<string, HealthReason> = new Map([
  ['ERR_GPU_DRIVER_MISMATCH', 'driver-mismatch'],
  ['ERR_GPU_DRIVER_NOT_LOADED', 'driver-lost'],
]);

/**
 * The events that must have been lost, where the reasons that are known for a device's health and
 * what is to be seen of it do not agree.
 */
export function missedKinds(
  reasons: readonly HealthReason[],
  { status, driver }: Appearance,
): readonly DriverEventKind[] {
  const driverIsLost = reasons.some((name) => name === 'driver-lost' || name === 'driver-mismatch');
  if (driver === 'lost') {
    const cause = driverCauses.get(status ?? '');
    const isKnown = cause === undefined ? driverIsLost : reasons.includes(cause);
    return isKnown ? [] : ['driver-lost'];
  }
  if (driver !== 'serving') return [];
  const isLost = reasons.some((name) => name in conditions && groupOf(name) === 'loss');
  const isHung = reasons.includes('hung');
  const kinds: DriverEventKind[] = driverIsLost ? ['driver-restored'] : [];
  if (status === 'ERR_GPU_DEVICE_LOST' && !isLost) kinds.push('device-lost');
  if (status === 'ERR_GPU_DEVICE_HUNG' && !isHung) kinds.push('device-hung');
  if (status === '' && isHung) kinds.push('device-answered');
  if (status === '' && isLost) kinds.push('device-returned');
  return kinds;
}

function groupOf(name: HealthReason): string | undefined {
  return name in conditions ? conditions[name as keyof typeof conditions].group : undefined;
}
