import { rangeError, typeError } from '../errors.js';

/** Names of NVML's clock-event bits from bit 0 on, as nvidia-smi's `clocks_event_reasons.*`. */
const reasonNames = [
  'gpu_idle',
  'applications_clocks_setting',
  'sw_power_cap',
  'hw_slowdown',
  'sync_boost',
  'sw_thermal_slowdown',
  'hw_thermal_slowdown',
  'hw_power_brake_slowdown',
  'display_clock_setting',
] as const;

/**
 * Spells the bits of `clockEventReasons`, lowest bit first. A bit that this version does not know
 * comes out as hexadecimal (`0x200`) rather than being dropped. No bits: an empty list.
 * @throws TypeError, RangeError when `bits` is no non-negative safe integer
 */
export function clockEventReasonNames(bits: number): readonly string[] {
  if (typeof bits !== 'number') {
    throw typeError('ERR_GPU_INVALID_TYPE', `bits: expected a number, got ${typeof bits}`);
  }
  if (!Number.isSafeInteger(bits) || bits < 0) {
    throw rangeError('ERR_GPU_OUT_OF_RANGE', `bits: expected an integer of 0 or more, got ${bits}`);
  }
  const names: string[] = [];
  // Division, not shifts: NVML's word has 64 bits and JavaScript's shifts have 32.
  for (let bit = 0, rest = bits; rest > 0; bit++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) names.push(reasonNames[bit] ?? `0x${(2 ** bit).toString(16)}`);
  }
  return names;
}
