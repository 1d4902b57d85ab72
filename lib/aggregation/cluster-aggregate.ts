import type { GPUDevice } from '../device.js';
import type { AnyMetricRow } from '../telemetry/describe.js';
import type { AnyMetricKey, MetricKey } from '../telemetry/metrics.generated.js';
import type { CheckedAggregate, Weighting } from './aggregate-options.js';
import { byMetric } from './device-aggregate.js';
import { energies, energyMetrics, type MeasuredEnergy } from './energy.js';
import { emptyRecord, type RecordQuery, type StatisticsSource } from './source.js';
import {
  coverageOf,
  endsOf,
  type MetricStatistics,
  type NativeRecord,
  rateOf,
  type recordWords,
  statisticsOf,
  wordOf,
} from './statistics.js';
import { endsOfAll, type WindowEnds } from './window.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * A metric of several devices: their samples as one pool, except for the means, which go by the
 * weighting. `first` and `last` are absent where there is more than one device.
 */
export interface ClusterMetricStatistics extends MetricStatistics {
  /** Devices with a sample that knows it. */
  readonly deviceCount: number;
  /** Gauges: the devices' time-weighted means added up, over those that know it: watts in all. */
  readonly total?: number;
  /** Counters: the devices' rates added up. */
  readonly ratePerSecond?: number;
}

/** The cluster, or some of its devices, in a window. */
export interface ClusterWindowAggregate<K extends AnyMetricKey = MetricKey> extends WindowEnds {
  /**
   * Which ones. Without `devices`, a MIG instance is left out where its GPU knows anything in the
   * window: it is part of that.
   */
  readonly devices: readonly string[];
  readonly deviceCount: number;
  readonly weighting: Weighting;
  readonly metrics: Readonly<Record<K, ClusterMetricStatistics>>;
  /** Of the devices that know it, added up; absent when none does. */
  readonly energyJoules?: number;
  readonly energySource?: 'counter' | 'power' | 'mixed';
  /** 0..1: the part of all devices' windows in which it was drawn; of the rest nothing is known. */
  readonly energyCoverage?: number;
  readonly energyDeviceCount: number;
  /** Present, and then true, when a simulated driver made up any of the values. */
  readonly simulated?: true;
}

/** Whose samples, by device id; `memoryBytes` is what they weigh by. */
export type AggregatedDevices = ReadonlyMap<string, Pick<GPUDevice, 'memoryBytes'>>;

export function aggregateCluster(
  source: StatisticsSource,
  devices: AggregatedDevices,
  checked: CheckedAggregate,
): ClusterWindowAggregate<AnyMetricKey> {
  const { metrics, percentiles, linear, ewmaMs, weighting } = checked;
  const bounds = source.bounds(checked.window);
  const ids = [...devices.keys()];
  const question = { devices: ids, metrics, bounds, linear, ewmaMs };
  const none = new Float64Array();
  const withEnergy = [...new Set([...metrics, ...energyMetrics])];
  const alone = { ...question, metrics: withEnergy, percentiles: none, pooled: false };
  const own = source.records(alone);
  const pool = poolOf(source, { ...question, percentiles, pooled: true });
  const all = metrics.map((metric, place) => {
    const parts = ids.map((_, device) => own(device, place));
    const weights = weightsOf(parts, { weighting, devices });
    const { ends } = bounds;
    return pooled(pool(place), { metric, percentiles, ends, parts, weights, weighting });
  });
  return Object.freeze({
    devices: Object.freeze(ids),
    deviceCount: ids.length,
    weighting,
    ...endsOfAll(bounds.ends, all),
    metrics: byMetric(all),
    ...energyOfAll(energies(source, alone, own)),
    ...(source.isSimulated(ids) && { simulated: true as const }),
  });
}

function poolOf(source: StatisticsSource, query: RecordQuery): (metric: number) => NativeRecord {
  if (query.devices.length === 0) return () => emptyRecord(query);
  const records = source.records(query);
  return (metric) => records(0, metric);
}

interface Pool {
  readonly metric: AnyMetricRow;
  readonly percentiles: Float64Array;
  readonly ends: Required<WindowEnds> | undefined;
  /** The devices' own records, and what each weighs. */
  readonly parts: readonly NativeRecord[];
  readonly weights: readonly number[];
  readonly weighting: Weighting;
}

function pooled(record: NativeRecord, pool: Pool): Readonly<ClusterMetricStatistics> {
  const { metric, percentiles, parts, weights, weighting } = pool;
  const windows: readonly WindowEnds[] = parts.map((part) => pool.ends ?? endsOf(part) ?? {});
  const lengthMs = windows.reduce((sum, { fromMs = 0, toMs = 0 }) => sum + toMs - fromMs, 0);
  const ends = endsOfAll(pool.ends, windows);
  const deviceCount = parts.filter((part) => wordOf(part, 'count') > 0).length;
  const statistics: Mutable<ClusterMetricStatistics> = {
    ...statisticsOf(record, { metric, percentiles, ends, lengthMs }),
    deviceCount,
  };
  if (parts.length > 1) for (const name of ofOneDevice) delete statistics[name];
  const weighted = weighting === 'samples' ? (['ewma'] as const) : weightedMeans;
  for (const name of weighted) {
    delete statistics[name];
    const mean = weightedMean(parts, weights, name);
    if (mean !== undefined) statistics[name] = mean;
  }
  if (metric.kind === 'gauge') {
    const total = sumOfKnown(parts, (part) => wordOf(part, 'timeWeightedMean'));
    if (total !== undefined) statistics.total = total;
  }
  if (metric.kind === 'counter') {
    const rate = sumOfKnown(parts, rateOf);
    if (rate !== undefined) statistics.ratePerSecond = rate;
  }
  return Object.freeze(statistics);
}

const ofOneDevice = ['first', 'firstMs', 'last', 'lastMs'] as const;
const weightedMeans = ['mean', 'timeWeightedMean', 'ewma'] as const;

function weightsOf(
  parts: readonly NativeRecord[],
  rule: { readonly weighting: Weighting; readonly devices: AggregatedDevices },
): readonly number[] {
  switch (rule.weighting) {
    case 'samples':
      return parts.map((part) => wordOf(part, 'count'));
    case 'devices':
      return parts.map(() => 1);
    case 'memory':
      return Array.from(rule.devices.values(), ({ memoryBytes }) => memoryBytes);
  }
}

/** Undefined: nobody who knows it weighs anything. */
function weightedMean(
  parts: readonly NativeRecord[],
  weights: readonly number[],
  name: keyof typeof recordWords,
): number | undefined {
  let [sum, weightSum] = [0, 0];
  for (const [place, part] of parts.entries()) {
    const value = wordOf(part, name);
    const weight = weights[place] ?? 0;
    if (Number.isNaN(value)) continue;
    sum += weight * value;
    weightSum += weight;
  }
  return weightSum > 0 ? sum / weightSum : undefined;
}

/** Undefined: nobody knows it. */
function sumOfKnown(
  parts: readonly NativeRecord[],
  numberOf: (part: NativeRecord) => number | undefined,
): number | undefined {
  const known = parts.map((part) => numberOf(part) ?? Number.NaN);
  const values = known.filter((value) => !Number.isNaN(value));
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

type ClusterEnergy = Pick<
  ClusterWindowAggregate,
  'energyJoules' | 'energySource' | 'energyCoverage' | 'energyDeviceCount'
>;

function energyOfAll(all: readonly MeasuredEnergy[]): ClusterEnergy {
  const known = all.flatMap(({ energy }) => energy.energyJoules ?? []);
  const [first, second] = new Set(all.flatMap(({ energy }) => energy.energySource ?? []));
  const coveredMs = all.reduce((sum, one) => sum + one.coveredMs, 0);
  const lengthMs = all.reduce((sum, one) => sum + one.lengthMs, 0);
  return {
    ...(first !== undefined && {
      energyJoules: known.reduce((sum, joules) => sum + joules, 0),
      energySource: second === undefined ? first : 'mixed',
      energyCoverage: coverageOf(coveredMs, { lengthMs, count: known.length }),
    }),
    energyDeviceCount: known.length,
  };
}

/**
 * Without the MIG instances whose GPU knows anything in the window: theirs is part of its own. Of a
 * GPU that knows nothing the instances stand for themselves.
 */
export function withoutInstances(
  source: StatisticsSource,
  devices: ReadonlyMap<string, GPUDevice>,
  { metrics: asked, window }: CheckedAggregate,
): ReadonlyMap<string, GPUDevice> {
  const parents = new Set([...devices.values()].map(({ parentDeviceId }) => parentDeviceId));
  const whole = [...devices.keys()].filter((id) => parents.has(id));
  if (whole.length === 0) return devices;
  const metrics = [...new Set([...asked, ...energyMetrics])];
  const bounds = source.bounds(window);
  const plain = { percentiles: new Float64Array(), linear: false, ewmaMs: 0, pooled: false };
  const records = source.records({ devices: whole, metrics, bounds, ...plain });
  const knows = (_: unknown, device: number) =>
    metrics.some((_, metric) => wordOf(records(device, metric), 'count') > 0);
  const knowing = new Set<string | undefined>(whole.filter(knows));
  return new Map([...devices].filter(([, { parentDeviceId }]) => !knowing.has(parentDeviceId)));
}
