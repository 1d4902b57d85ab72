import { describeValue } from '../arguments.js';
import { rangeError } from '../errors.js';
import {
  type AnyMetricKey,
  detailTable,
  type MetricRow,
  metricTable,
} from './metrics.generated.js';

/** What is known of a value, or why nothing is; the first that applies, from `lost` on. */
export const metricStates = [
  'known',
  'estimated',
  'unsupported',
  'denied',
  'invalid',
  'unavailable',
  'lost',
  'hung',
  'asleep',
  'suspended',
  'stale',
  'not-sampled',
] as const;
Object.freeze(metricStates);

/**
 * - `known`: the driver said so. `estimated`: worked out, because it does not say.
 * - `unsupported`: this board or driver does not offer it. `denied`: not to this process.
 * - `invalid`: the answer is outside the physical range. `unavailable`: no answer this time.
 * - `lost`: the device, or the driver, is not there. `hung`: a call about it does not return.
 * - `asleep`: it is left asleep (`lowPower`). `suspended`: the driver was let go of.
 * - `stale`: the last reading that knew it is older than five periods of its tier.
 * - `not-sampled`: it was not read yet.
 */
export type MetricState = (typeof metricStates)[number];

/** A value with what is known about it, or why it is not known. */
export interface MetricDescription {
  readonly deviceId: string;
  readonly metric: AnyMetricKey;
  readonly unit: string;
  readonly state: MetricState;
  /** Present when the state is `known` or `estimated`, as are the three that follow. */
  readonly value?: number;
  /** Unix. */
  readonly sampledAtMs?: number;
  /** Unix: since when it is what it is, as far as the readings tell. Live clusters only. */
  readonly changedAtMs?: number;
  readonly ageMs?: number;
  /** When there is no value now: the last one there was. Not to be taken for the present one. */
  readonly lastKnown?: {
    readonly value: number;
    readonly sampledAtMs: number;
    readonly ageMs: number;
  };
  /** Answers outside the physical range, so far. */
  readonly invalidCount: number;
  readonly simulated?: true;
}

export type AnyMetricRow = MetricRow<AnyMetricKey>;

const rows: ReadonlyMap<unknown, AnyMetricRow> = new Map<unknown, AnyMetricRow>(
  [...metricTable, ...detailTable].map((row) => [row.key, row]),
);

/** @throws RangeError ERR_GPU_UNKNOWN_METRIC */
export function readMetricName(name: unknown, what: string): AnyMetricRow {
  const row = rows.get(name);
  if (row !== undefined) return row;
  const message = `${what}: expected the name of a metric, got ${describeValue(name)}`;
  throw rangeError('ERR_GPU_UNKNOWN_METRIC', message);
}
