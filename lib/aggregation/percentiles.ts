import { readArray, readNumber, readWord } from '../arguments.js';

/**
 * Of n known samples in ascending order, x_1 to x_n, the p-th percentile is
 * - `nearest-rank`: x_k with k = max(1, ceil(p·n/100)); always a value that was measured.
 * - `linear`: with h = (n-1)·p/100, between the two values around place 1 + h, in proportion
 *   (type 7 of Hyndman & Fan, Sample quantiles in statistical packages, 1996; NumPy's default).
 *
 * Both are exact: of all samples, not of a sketch.
 */
export type PercentileMethod = 'nearest-rank' | 'linear';

export interface PercentileOptions {
  /** Each 0..100, at most 32. */
  readonly percentiles?: readonly number[];
  /** @default 'nearest-rank' */
  readonly percentileMethod?: PercentileMethod;
}

export const percentileOptionNames = ['percentiles', 'percentileMethod'] as const;

export interface CheckedPercentiles {
  readonly percentiles: Float64Array;
  readonly linear: boolean;
}

const percentage = { minimum: 0, maximum: 100 } as const;

/** `most`: how many the native side takes at once. */
export function readPercentiles(
  options: ReadonlyMap<string, unknown>,
  { fallback, most }: { readonly fallback: readonly number[]; readonly most: number },
): CheckedPercentiles {
  const given = options.get('percentiles');
  const what = 'options.percentiles';
  const values = given === undefined ? fallback : readArray(given as readonly unknown[], what);
  readNumber(values.length, `${what}.length`, { minimum: 0, maximum: most, integer: true });
  const checked = values.map((value, at) => readNumber(value, `${what}[${at}]`, percentage));
  const method = options.get('percentileMethod');
  const word =
    method === undefined
      ? 'nearest-rank'
      : readWord(method, 'options.percentileMethod', { words: ['nearest-rank', 'linear'] });
  return { percentiles: Float64Array.from(checked), linear: word === 'linear' };
}
