import { types } from 'node:util';
import { outOfRange, readOptions, wrongType } from '../arguments.js';
import { loadNative, type NativeModule } from '../native.js';
import type { NumberArray } from '../native-aggregation.js';
import { type PercentileOptions, percentileOptionNames, readPercentiles } from './percentiles.js';
import type { PercentileValues } from './statistics.js';

export interface SummarizeOptions extends PercentileOptions {
  /** @default [50, 95, 99] */
  readonly percentiles?: readonly number[];
}

/**
 * Statistics of an array. With nothing but NaN in it `count` is 0 and all else is absent; with an
 * infinite value in it `mean` and `standardDeviation` are.
 */
export interface Summary {
  /** Values that are not NaN. */
  readonly count: number;
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
  /** Of the values as a population. */
  readonly standardDeviation?: number;
  readonly percentiles: PercentileValues;
}

const isOneOf = [
  types.isFloat64Array,
  types.isFloat32Array,
  types.isInt32Array,
  types.isUint32Array,
  types.isInt16Array,
  types.isUint16Array,
  types.isInt8Array,
  types.isUint8Array,
];
/** Before the percentiles; the first is the count. */
const names = ['min', 'max', 'mean', 'standardDeviation'] as const;

/**
 * Statistics of any numbers, worked out natively without a copy. NaN is left out. Percentiles are
 * exact, by the definitions of `PercentileMethod`.
 *
 * @throws TypeError ERR_GPU_INVALID_TYPE: no such array; ERR_GPU_UNKNOWN_OPTION.
 * @throws RangeError ERR_GPU_OUT_OF_RANGE: a percentile outside 0..100, or more than 32; values for
 *   which there is no memory.
 * @throws GPUError ERR_GPU_PLATFORM_UNSUPPORTED, ERR_GPU_ADDON_NOT_FOUND, ERR_GPU_ADDON_DISABLED.
 *
 * @example
 * summarize(Float64Array.of(3, 1, 2), { percentiles: [50] }); // count 3, mean 2, percentiles[50] 2
 */
export function summarize(values: NumberArray, options?: SummarizeOptions): Summary;
/** @internal */
export function summarize(
  values: NumberArray,
  options: SummarizeOptions | undefined,
  native: NativeModule,
): Summary;
export function summarize(
  values: NumberArray,
  options?: SummarizeOptions,
  native: NativeModule = loadNative(),
): Summary {
  if (!isOneOf.some((isIt) => isIt(values))) {
    throw wrongType('values', 'a typed array of floats or of 8, 16 or 32 bit integers', values);
  }
  const given = readOptions(options, percentileOptionNames);
  const { mostPercentiles: most } = native;
  const what = readPercentiles(given, { fallback: [50, 95, 99], most });
  const percentilesAt = 1 + names.length;
  const record = new Float64Array(percentilesAt + what.percentiles.length);
  if (native.summarize(values, what, record) === 0) {
    throw outOfRange('values.length', 'as many as there is memory to sort', values.length);
  }
  const found = names.map((name, place) => [name, record[1 + place]] as const);
  const tail = Array.from(what.percentiles, (percentile, place) => {
    return [percentile, record[percentilesAt + place]] as const;
  });
  return Object.freeze({
    count: record[0] ?? 0,
    ...Object.fromEntries(found.filter(isKnown)),
    percentiles: Object.freeze(Object.fromEntries(tail.filter(isKnown))),
  });
}

function isKnown([, value]: readonly [unknown, number | undefined]): boolean {
  return value !== undefined && !Number.isNaN(value);
}
