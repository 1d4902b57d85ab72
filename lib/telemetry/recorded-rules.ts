import type { NumberRule } from '../arguments.js';
import { type MetricKey, type MetricRow, metricTable } from './metrics.generated.js';

/**
 * Where the rule for a recorded value is not the metric table's. The table says what a driver can
 * plausibly report; a user may know better, so these hold only what the value's definition forbids.
 */
const recordedRules: { readonly [K in MetricKey]?: NumberRule } = {
  computeUtilizationPercent: { minimum: 0, maximum: 100 },
  memoryUtilizationPercent: { minimum: 0, maximum: 100 },
  memoryTotalBytes: { above: 0 },
  powerLimitWatts: { minimum: 0 },
  temperatureCelsius: { minimum: -273.15 },
  memoryTemperatureCelsius: { minimum: -273.15 },
  performanceState: { minimum: 0, maximum: 15, integer: true },
};

/** Above every physical value; keeps sums over devices finite and bytes exact. */
const greatestValue = Number.MAX_SAFE_INTEGER;

function ruleOf({ key, minimum, kind }: MetricRow): NumberRule {
  const recorded = recordedRules[key];
  if (recorded !== undefined) return { maximum: greatestValue, ...recorded };
  return {
    ...(minimum !== null && { minimum }),
    maximum: greatestValue,
    ...((kind === 'state' || kind === 'flags') && { integer: true }),
  };
}

/** What a recorded value must satisfy, in the order of the metric table. */
export const rules: ReadonlyMap<MetricKey, NumberRule> = new Map(
  metricTable.map((row) => [row.key, ruleOf(row)]),
);

/** Least and greatest value of each metric, in the order of the metric table. */
export const limits: Float64Array = Float64Array.from(
  [...rules.values()].flatMap(({ minimum = -Infinity, above, maximum = Infinity }) => [
    // The only rule that has an `above` says above 0.
    above === undefined ? minimum : Math.max(minimum, Number.MIN_VALUE),
    maximum,
  ]),
);
