import type { MetricKey, MetricValues } from './metrics.generated.js';

/**
 * One sample of one device. An absent property is unknown, never 0 or NaN in its place.
 *
 * @example
 * manager.recordMetrics({ deviceId: 'cuda:0', timestampMs: Date.now(), powerWatts: 212.5 });
 */
export interface GPUMetrics extends MetricValues {
  readonly deviceId: string;
  /** Unix time in milliseconds at which the sample was begun. */
  readonly timestampMs: number;
  /**
   * Milliseconds from the sample's begin to this reading of it. Live samples carry it; of a
   * recorded sample the age follows from `timestampMs`, and an `ageMs` handed in is not kept.
   */
  readonly ageMs?: number;
  /** Live samples: values worked out from others, because the driver does not say them. */
  readonly estimated?: readonly MetricKey[];
  /** Present, and then true, when a simulated driver made the values up. */
  readonly simulated?: true;
}
