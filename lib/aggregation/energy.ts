import { type AnyMetricRow, readMetricName } from '../telemetry/describe.js';
import type { RecordQuery, Records, StatisticsSource } from './source.js';
import { coverageOf, endsOf, lengthOf, type NativeRecord, wordOf } from './statistics.js';
import type { WindowEnds } from './window.js';

/**
 * The energy that was drawn in a window.
 * - `counter`: the growth of `energyJoules`, from the sample before the window where that is near
 *   enough to count, to the last sample in it. Where a board has no counter (before Volta) that is
 *   the sampler's own sum of power, and `estimated` in its samples.
 * - `power`: where the counter is not known twice, the integral of `powerWatts` over the time that
 *   its values cover.
 */
export interface WindowEnergy {
  /** Absent: neither is known for any time. */
  readonly energyJoules?: number;
  readonly energySource?: 'counter' | 'power';
  /** 0..1: the part of the window in which it was drawn; of the rest nothing is known. */
  readonly energyCoverage?: number;
}

/** An energy, and of how much time. */
export interface MeasuredEnergy {
  readonly energy: WindowEnergy;
  readonly coveredMs: number;
  /** Of the device's window. */
  readonly lengthMs: number;
}

export const energyMetrics: readonly AnyMetricRow[] = (['energyJoules', 'powerWatts'] as const).map(
  (key) => readMetricName(key, 'metric'),
);

/** Of each device, in order; out of `records` of these devices where they have what it takes. */
export function energies(
  source: StatisticsSource,
  { devices, metrics, bounds }: Pick<RecordQuery, 'devices' | 'metrics' | 'bounds'>,
  records: Records,
): readonly MeasuredEnergy[] {
  const [counter = -1, power = -1] = energyMetrics.map((metric) => metrics.indexOf(metric));
  if (counter >= 0 && power >= 0) {
    const pair = (place: number) => [records(place, counter), records(place, power)] as const;
    return devices.map((_, place) => measured(...pair(place), bounds.ends));
  }
  const whole = { percentiles: new Float64Array(), linear: false, ewmaMs: 0, pooled: false };
  const asked = source.records({ devices, metrics: energyMetrics, bounds, ...whole });
  return devices.map((_, place) => measured(asked(place, 0), asked(place, 1), bounds.ends));
}

function measured(
  counter: NativeRecord,
  power: NativeRecord,
  ends: WindowEnds | undefined,
): MeasuredEnergy {
  const lengthMs = lengthOf(ends ?? endsOf(power));
  // One sample says where the counter stands, and nothing of its growth; a power that held for no
  // time says nothing of energy.
  for (const [energySource, joules, coveredMs] of [
    ['counter', wordOf(counter, 'increase'), wordOf(counter, 'grownMs')],
    ['power', wordOf(power, 'integral'), wordOf(power, 'coveredMs')],
  ] as const) {
    if (Number.isNaN(joules) || !(coveredMs > 0)) continue;
    const energyCoverage = coverageOf(coveredMs, { lengthMs, count: 1 });
    const energy = { energyJoules: joules, energySource, energyCoverage };
    return { energy, coveredMs: Math.min(coveredMs, lengthMs), lengthMs };
  }
  return { energy: {}, coveredMs: 0, lengthMs };
}
