import { type AnyMetricRow, readMetricName } from '../telemetry/describe.js';
import type { Records, StatisticsSource } from './source.js';
import { type NativeRecord, wordOf } from './statistics.js';
import type { NativeWindowBounds } from './window.js';

/**
 * The energy that was drawn in a window.
 * - `counter`: the growth of `energyJoules`, from the sample before the window where that is near
 *   enough to count, to the last sample in it.
 * - `power`: where the counter is not known twice, the integral of `powerWatts` over the time that
 *   its values cover.
 */
export interface WindowEnergy {
  /** Absent: neither is known. */
  readonly energyJoules?: number;
  readonly energySource?: 'counter' | 'power';
}

const metrics: readonly AnyMetricRow[] = (['energyJoules', 'powerWatts'] as const).map((key) =>
  readMetricName(key, 'metric'),
);

/** Of each device, in order. */
export function energies(
  source: StatisticsSource,
  devices: readonly string[],
  bounds: NativeWindowBounds,
): readonly WindowEnergy[] {
  const whole = { percentiles: new Float64Array(), linear: false, ewmaMs: 0, pooled: false };
  const records: Records = source.records({ devices, metrics, bounds, ...whole });
  return devices.map((_, place) => energyOf(records(place, 0), records(place, 1)));
}

function energyOf(counter: NativeRecord, power: NativeRecord): WindowEnergy {
  const increase = wordOf(counter, 'increase');
  // One sample says where the counter stands, and nothing of its growth.
  if (wordOf(counter, 'grownMs') > 0) return { energyJoules: increase, energySource: 'counter' };
  const integral = wordOf(power, 'integral');
  return Number.isNaN(integral) ? {} : { energyJoules: integral, energySource: 'power' };
}
