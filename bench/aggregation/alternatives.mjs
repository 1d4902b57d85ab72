// What programs do instead: all seven of mean, minimum, maximum, standard deviation, p50, p95, p99.
// They are the reference as well: every run compares results with theirs.
import * as library from 'simple-statistics';

export const percentiles = [50, 95, 99];

const rankOf = (percentile, count) => Math.max(1, Math.ceil((percentile * count) / 100)) - 1;

const fromSorted = (sorted) =>
  Object.fromEntries(percentiles.map((one) => [one, sorted[rankOf(one, sorted.length)]]));

/** Over a list of samples, the way it is written first. */
export function ofObjects(samples, key) {
  const values = samples.map((sample) => sample[key]);
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const sorted = [...values].sort((a, b) => a - b);
  return {
    count,
    min: values.reduce((least, value) => Math.min(least, value), Infinity),
    max: values.reduce((most, value) => Math.max(most, value), -Infinity),
    mean,
    standardDeviation: Math.sqrt(squares / count),
    percentiles: fromSorted(sorted),
  };
}

/** Over a typed array, the way it is written when it has to be fast. */
export function ofTypedArray(values) {
  const moments = momentsOf(values);
  return { ...moments, percentiles: fromSorted(values.slice().sort()) };
}

export function momentsOf(values) {
  const count = values.length;
  let [sum, min, max] = [0, Infinity, -Infinity];
  for (let index = 0; index < count; index++) {
    const value = values[index];
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const mean = sum / count;
  let squares = 0;
  for (let index = 0; index < count; index++) squares += (values[index] - mean) ** 2;
  return { count, min, max, mean, standardDeviation: Math.sqrt(squares / count) };
}

export function bySimpleStatistics(values) {
  const quantiles = library.quantile(
    values,
    percentiles.map((one) => one / 100),
  );
  return {
    count: values.length,
    min: library.min(values),
    max: library.max(values),
    mean: library.mean(values),
    standardDeviation: library.standardDeviation(values),
    percentiles: Object.fromEntries(percentiles.map((one, at) => [one, quantiles[at]])),
  };
}

/** Throws unless both say the same: exactly what is exact, the rest to 1e-9 of its size. */
export function mustAgree(what, mine, reference) {
  const exact = ['count', 'min', 'max'].every((name) => mine[name] === reference[name]);
  const near = ['mean', 'standardDeviation'].every((name) => {
    return Math.abs(mine[name] - reference[name]) <= 1e-9 * Math.abs(reference[name]);
  });
  const wanted = Object.entries(reference.percentiles ?? {});
  const ranks = wanted.every(([percentile, value]) => mine.percentiles[percentile] === value);
  if (exact && near && ranks) return;
  const [got, expected] = [mine, reference].map((statistics) => JSON.stringify(statistics));
  throw new Error(`${what}: expected ${expected}, got ${got}`);
}
