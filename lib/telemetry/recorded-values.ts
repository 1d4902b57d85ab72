import { type MetricDescription, readMetricName } from './describe.js';
import type { MetricValues } from './metrics.generated.js';
import type { SampleStore } from './sample-store.js';
import { emptySeries, type MetricSeries, readSeriesMetric, readSeriesOptions } from './series.js';
import type { ValueStore } from './store.js';

/** What recorded samples say: a value of the latest one is known, anything else is not. */
export class RecordedValues implements ValueStore {
  readonly #store: SampleStore;

  constructor(store: SampleStore) {
    this.#store = store;
  }

  describe(deviceId: string, name: unknown): MetricDescription {
    const { key: metric, unit } = readMetricName(name, 'metric');
    const sample = this.#store.getMetrics(deviceId);
    const values: MetricValues & { readonly [key: string]: unknown } = { ...sample };
    const value = values[metric];
    const simulated = sample?.simulated === true && { simulated: true as const };
    if (sample === undefined || typeof value !== 'number') {
      return { deviceId, metric, unit, state: 'not-sampled', invalidCount: 0, ...simulated };
    }
    const { timestampMs: sampledAtMs } = sample;
    const ageMs = Math.max(0, Date.now() - sampledAtMs);
    const head = { deviceId, metric, unit, state: 'known' as const };
    return { ...head, value, sampledAtMs, ageMs, invalidCount: 0, ...simulated };
  }

  details(): undefined {
    return undefined;
  }

  series(deviceId: string, name: unknown, options: unknown): MetricSeries {
    const { key: metric, unit } = readSeriesMetric(name, 'metric');
    return { deviceId, metric, unit, ...emptySeries(readSeriesOptions(options)) };
  }

  topology(): undefined {
    return undefined;
  }
}
