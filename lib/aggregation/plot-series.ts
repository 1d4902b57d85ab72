import { types } from 'node:util';
import { outOfRange, readNumber, readObject, readOptions, wrongType } from '../arguments.js';
import { type AnyMetricRow, readMetricName } from '../telemetry/describe.js';
import type { AnyMetricKey } from '../telemetry/metrics.generated.js';
import { lengthOf, partOf } from '../telemetry/typed-array.js';
import type { StatisticsSource } from './source.js';
import { type CheckedWindow, readWindow, type WindowOptions, windowOptionNames } from './window.js';

const columnNames = ['timestampsMs', 'min', 'max', 'mean'] as const;

/** The arrays of a series. */
export interface PlotColumns {
  /** Unix ms: where each point's slice of the window begins. */
  readonly timestampsMs: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly mean: Float64Array;
}

export interface PlotOptions extends WindowOptions {
  readonly deviceId: string;
  readonly metric: AnyMetricKey;
  /** Into how many slices of equal time the window is cut, 1 to 65536. */
  readonly points: number;
  /** Arrays to write into, each of at least `points`; the result's are their beginnings. */
  readonly into?: PlotColumns;
}

/** A metric for a plot: for each slice of the window with known samples, oldest first, a point. */
export interface PlotSeries extends PlotColumns {
  readonly deviceId: string;
  readonly metric: AnyMetricKey;
  readonly unit: string;
  /** Points that there are: the length of each array. */
  readonly count: number;
  readonly simulated?: true;
}

export interface CheckedPlot {
  readonly deviceId: string;
  readonly metric: AnyMetricRow;
  readonly window: CheckedWindow;
  readonly points: number;
  readonly into: PlotColumns | undefined;
}

const pointsRule = { minimum: 1, maximum: 65_536, integer: true } as const;
/** Doubles of a slice: where it begins, minimum, maximum, mean, count. */
const sliceDoubles = 5;

/** @throws TypeError, RangeError naming the option */
export function readPlotOptions(
  value: unknown,
  deviceIdOf: (value: unknown, what: string) => string,
): CheckedPlot {
  const names = ['deviceId', 'metric', 'points', 'into', ...windowOptionNames] as const;
  const options = readOptions(readObject(value, 'options'), names);
  const points = readNumber(options.get('points'), 'options.points', pointsRule);
  return {
    deviceId: deviceIdOf(options.get('deviceId'), 'options.deviceId'),
    metric: readMetricName(options.get('metric'), 'options.metric'),
    window: readWindow(options, Date.now),
    points,
    into: readColumns(options.get('into'), points),
  };
}

function readColumns(value: unknown, points: number): PlotColumns | undefined {
  if (value === undefined) return undefined;
  const what = 'options.into';
  const given = readOptions(value, columnNames, what);
  const [timestampsMs, min, max, mean] = columnNames.map((name) => {
    const array = given.get(name);
    if (!types.isFloat64Array(array)) throw wrongType(`${what}.${name}`, 'a Float64Array', array);
    const length = lengthOf(array);
    if (length >= points) return partOf(array, 0, points);
    throw outOfRange(`${what}.${name}.length`, `at least points (${points})`, length);
  }) as [Float64Array, Float64Array, Float64Array, Float64Array];
  return { timestampsMs, min, max, mean };
}

export function plotSeries(source: StatisticsSource, checked: CheckedPlot): PlotSeries {
  const { deviceId, metric, window, points } = checked;
  const slices = new Float64Array(sliceDoubles * points);
  const bounds = source.bounds(window);
  const count = source.slices({ deviceId, metric, bounds }, slices);
  const { timestampsMs, min, max, mean } = checked.into ?? newColumns(count);
  for (let point = 0; point < count; point += 1) {
    const at = sliceDoubles * point;
    timestampsMs[point] = slices[at] as number;
    min[point] = slices[at + 1] as number;
    max[point] = slices[at + 2] as number;
    mean[point] = slices[at + 3] as number;
  }
  return Object.freeze({
    deviceId,
    metric: metric.key,
    unit: metric.unit,
    count,
    timestampsMs: timestampsMs.subarray(0, count),
    min: min.subarray(0, count),
    max: max.subarray(0, count),
    mean: mean.subarray(0, count),
    ...(source.isSimulated([deviceId]) && { simulated: true as const }),
  });
}

function newColumns(count: number): PlotColumns {
  const column = () => new Float64Array(count);
  return { timestampsMs: column(), min: column(), max: column(), mean: column() };
}
