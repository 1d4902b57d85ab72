import {
  describeValue,
  outOfRange,
  readArray,
  readNumber,
  readOptions,
  readWord,
} from '../arguments.js';
import { rangeError } from '../errors.js';
import { type AnyMetricRow, readMetricName } from '../telemetry/describe.js';
import { type AnyMetricKey, type MetricKey, metricTable } from '../telemetry/metrics.generated.js';
import {
  type CheckedPercentiles,
  type PercentileOptions,
  percentileOptionNames,
  readPercentiles,
} from './percentiles.js';
import {
  type CheckedWindow,
  readWindow,
  type WindowOptions,
  windowLengthRule,
  windowOptionNames,
} from './window.js';

/**
 * What one device weighs in `mean`, `timeWeightedMean` and `ewma` of a cluster. Everything else is
 * of all samples as one pool.
 * - `samples`: as many samples as it has (an EWMA: as many as know the metric), the pool itself.
 * - `devices`: every device that knows the metric the same. `memory`: its `memoryBytes`.
 */
export type Weighting = 'samples' | 'devices' | 'memory';

export interface AggregateOptions<K extends AnyMetricKey = AnyMetricKey>
  extends WindowOptions,
    PercentileOptions {
  /** @default every metric of a sample (`metricTable`) */
  readonly metrics?: readonly K[];
  /** @default every device of the cluster */
  readonly devices?: readonly string[];
  /** @default [50, 95, 99] */
  readonly percentiles?: readonly number[];
  /** The time constant of `ewma`, which is left out without it. */
  readonly ewmaMs?: number;
  /** @default 'device' */
  readonly per?: 'device' | 'cluster';
  /** With `per: 'cluster'` only. @default 'samples' */
  readonly weighting?: Weighting;
}

export interface CheckedAggregate extends CheckedPercentiles {
  readonly metrics: readonly AnyMetricRow[];
  /** Undefined: all. */
  readonly devices: readonly string[] | undefined;
  readonly window: CheckedWindow;
  readonly ewmaMs: number;
  readonly per: 'device' | 'cluster';
  readonly weighting: Weighting;
}

/** What an answer is made for. */
export interface Asker {
  /** Checks that there is such a device. */
  deviceId(value: unknown, what: string): string;
  readonly weightings: readonly Weighting[];
  readonly mostPercentiles: number;
}

const allMetrics: readonly MetricKey[] = metricTable.map(({ key }) => key);

/** @throws TypeError, RangeError naming the option */
export function readAggregateOptions(value: unknown, asker: Asker): CheckedAggregate {
  const options = readOptions(value, [
    'metrics',
    'devices',
    ...windowOptionNames,
    ...percentileOptionNames,
    'ewmaMs',
    'per',
    'weighting',
  ]);
  const metrics = readMetrics(options.get('metrics') ?? allMetrics);
  const devices = readDevices(options.get('devices'), asker);
  const { mostPercentiles: most } = asker;
  return {
    metrics,
    devices,
    window: readWindow(options, Date.now),
    ...readPercentiles(options, { fallback: [50, 95, 99], most }),
    ewmaMs: readEwma(options.get('ewmaMs')),
    ...readWholes(options, asker),
  };
}

/** Each once, in the order in which they are named first. */
export function readMetrics(value: unknown): readonly AnyMetricRow[] {
  const what = 'options.metrics';
  const names = readArray(value as readonly unknown[], what);
  return [...new Set(names.map((name, at) => readMetricName(name, `${what}[${at}]`)))];
}

/** 0: none is wanted. */
export function readEwma(value: unknown): number {
  return value === undefined ? 0 : readNumber(value, 'options.ewmaMs', windowLengthRule);
}

/** Each once. Undefined: none are named. */
export function readDevices(
  value: unknown,
  asker: Pick<Asker, 'deviceId'>,
): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const ids = new Set<string>();
  for (const [at, given] of readArray(value as readonly unknown[], 'options.devices').entries()) {
    const what = `options.devices[${at}]`;
    const deviceId = asker.deviceId(given, what);
    if (ids.has(deviceId)) {
      const message = `${what}: expected each device once, got ${describeValue(deviceId)} again`;
      throw rangeError('ERR_GPU_DUPLICATE_DEVICE', message);
    }
    ids.add(deviceId);
  }
  return [...ids];
}

function readWholes(
  options: ReadonlyMap<string, unknown>,
  { weightings }: Asker,
): Pick<CheckedAggregate, 'per' | 'weighting'> {
  const [given, weight] = [options.get('per'), options.get('weighting')];
  const words = ['device', 'cluster'] as const;
  const per = given === undefined ? 'device' : readWord(given, 'options.per', { words });
  if (weight === undefined) return { per, weighting: 'samples' };
  const weighting = readWord(weight, 'options.weighting', { words: weightings });
  if (per === 'cluster') return { per, weighting };
  throw outOfRange('options.weighting', "no weighting without per: 'cluster'", weighting);
}
