import { outOfRange, readString } from '../arguments.js';
import { conditions } from './health-conditions.js';
import type { HealthReason } from './health-state.js';

function isReason(text: string): text is HealthReason {
  return Object.hasOwn(conditions, text) || /^xid-\d+$/.test(text);
}

/** @throws TypeError ERR_GPU_INVALID_TYPE, RangeError ERR_GPU_OUT_OF_RANGE */
export function readHealthReason(value: unknown, what: string): HealthReason | undefined {
  if (value === undefined) return undefined;
  const text = readString(value, what);
  if (!isReason(text)) throw outOfRange(what, 'a reason of DeviceHealth', text);
  return text;
}
