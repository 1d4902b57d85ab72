import { type AnyMetricRow, readMetricName } from '../telemetry/describe.js';
import type { RecordQuery, Records, StatisticsSource } from './source.js';
import { type NativeRecord, wordOf } from './statistics.js';

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

export const energyMetrics: readonly AnyMetricRow[] = (['energyJoules', 'powerWatts'] as const).map(
  (key) => readMetricName(key, 'metric'),
);

/** Of each device, in order; out of `records` of these devices where they have what it takes. */
export function energies(
  source: StatisticsSource,
  { devices, metrics, bounds }: Pick<RecordQuery, 'devices' | 'metrics' | 'bounds'>,
  records: Records,
): readonly WindowEnergy[] {
  const [counter = -1, power = -1] = energyMetrics.map((metric) => metrics.indexOf(metric));
  if (counter >= 0 && power >= 0) {
    return devices.map((_, place) => energyOf(records(place, counter), records(place, power)));
  }
  const whole = { percentiles: new Float64Array(), linear: false, ewmaMs: 0, pooled: false };
  const asked = source.records({ devices, metrics: energyMetrics, bounds, ...whole });
  return devices.map((_, place) => energyOf(asked(place, 0), asked(place, 1)));
}

function energyOf(counter: NativeRecord, power: NativeRecord): WindowEnergy {
  const increase = wordOf(counter, 'increase');
  // One sample says where the counter stands, and nothing of its growth.
  if (wordOf(counter, 'grownMs') > 0) return { energyJoules: increase, energySource: 'counter' };
  const integral = wordOf(power, 'integral');
  return Number.isNaN(integral) ? {} : { energyJoules: integral, energySource: 'power' };
}
