import { join } from 'node:path';
import type { NativeStatisticsRequest } from '../../lib/native-aggregation.js';

/** Samples of one tier, one after another; times in microseconds. */
export interface BareSamples {
  readonly monotonicUs: Float64Array;
  readonly wallUs: Float64Array;
  /** How long each holds at most; Infinity: until the next sample. */
  readonly holdUs: Float64Array;
  /** Indices into `metricKeys` of the addon; all others are unknown. */
  readonly metrics: Float64Array;
  /** The driver's integers: `values[m * n + i]` is the m-th metric's in sample i. NaN: unknown. */
  readonly values: Float64Array;
}

export interface BareWindow {
  readonly metric: number;
  /** Index into `windowKinds` of the addon, and milliseconds of that clock. */
  readonly by: number;
  readonly from: number;
  readonly to: number;
}

/** The columns and the index of one tier of one device, without a sampler. */
export interface BareColumns {
  append(samples: BareSamples): void;
  /** Appends what `other` holds and this one does not yet. */
  catchUp(other: BareColumns): void;
  /** As `NativeAggregating.downsample`. */
  downsample(window: BareWindow, into: Float64Array): number;
}

export interface BareColumnsShape {
  /** 0 fast, 1 medium, 2 slow. */
  readonly tier: number;
  readonly capacity: number;
  /** @default 1 */
  readonly firstSequence?: number;
}

export type BareQuestion = BareWindow & Omit<NativeStatisticsRequest, 'pooled'>;

/** test/native/addon: the core as JavaScript objects. What it is handed it believes. */
export interface BareCore {
  readonly Columns: new (shape: BareColumnsShape) => BareColumns;
  /** Before the percentiles of a record. */
  readonly statisticsDoubles: number;
  /** Writes the record of all the columns as one pool; as `NativeAggregating.aggregate`. */
  queryColumns(columns: readonly BareColumns[], question: BareQuestion, into: Float64Array): void;
  /** By metric: divisor, minimum, maximum (of the driver's integers), 1 where it is a counter. */
  metricTable(): Float64Array;
  /** How many metrics, by tier. */
  metricsOfTiers(): Float64Array;
  bytesPerSample(tier: number): number;
  readDoubles(values: Float64Array): number;
}

export function loadBareCore(): BareCore {
  return require(join(__dirname, '../../out/release/bare_core.node')) as BareCore;
}
