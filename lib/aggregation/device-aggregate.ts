import type { AnyMetricKey, MetricKey } from '../telemetry/metrics.generated.js';
import type { CheckedAggregate } from './aggregate-options.js';
import { energies, type WindowEnergy } from './energy.js';
import type { StatisticsSource } from './source.js';
import { type MetricStatistics, statisticsOf } from './statistics.js';
import { endsOfAll, type WindowEnds } from './window.js';

/** One device in a window. */
export interface WindowAggregate<K extends AnyMetricKey = MetricKey>
  extends WindowEnergy,
    WindowEnds {
  readonly deviceId: string;
  /** Of each metric that was asked for. */
  readonly metrics: Readonly<Record<K, MetricStatistics>>;
  /** Present, and then true, when a simulated driver made the values up. */
  readonly simulated?: true;
}

/** Of each device, in order. */
export function aggregateDevices(
  source: StatisticsSource,
  devices: readonly string[],
  { metrics, percentiles, linear, ewmaMs, window }: CheckedAggregate,
): readonly WindowAggregate<AnyMetricKey>[] {
  const bounds = source.bounds(window);
  const question = { devices, metrics, bounds, percentiles, linear, ewmaMs, pooled: false };
  const records = source.records(question);
  const energy = energies(source, question, records);
  const { ends } = bounds;
  return devices.map((deviceId, device) => {
    const all = metrics.map((metric, place) =>
      Object.freeze(statisticsOf(records(device, place), { metric, percentiles, ends })),
    );
    return Object.freeze({
      deviceId,
      ...endsOfAll(ends, all),
      metrics: byMetric(all),
      ...energy[device]?.energy,
      ...(source.isSimulated([deviceId]) && { simulated: true as const }),
    });
  });
}

export function byMetric<S extends MetricStatistics>(
  all: readonly S[],
): Readonly<Record<AnyMetricKey, S>> {
  const record = Object.fromEntries(all.map((one) => [one.metric, one]));
  return Object.freeze(record) as Readonly<Record<AnyMetricKey, S>>;
}
