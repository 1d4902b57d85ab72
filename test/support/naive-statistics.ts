// What statistics of windows mean, in the plainest way: every sample is looked at, nothing is kept.

/** Absent: unknown. */
export interface NaiveSample {
  readonly timeMs: number;
  readonly value?: number | undefined;
  /** How long the value holds, at most. */
  readonly holdMs: number;
  /** It is kept no more. Its value is known for what begins after it, and it counts nowhere. */
  readonly isGone?: boolean;
}

export type NaiveWindow =
  | { readonly fromMs: number; readonly toMs: number }
  | { readonly last: number };

export interface NaiveQuestion {
  readonly window: NaiveWindow;
  readonly percentiles: readonly number[];
  readonly linear: boolean;
  /** 0: none. */
  readonly ewmaMs: number;
  readonly counter: boolean;
}

export interface NaiveStatistics {
  readonly count: number;
  readonly unknownCount: number;
  readonly coveredMs: number;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly first?: number;
  readonly firstMs?: number;
  readonly last?: number;
  readonly lastMs?: number;
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
  readonly timeWeightedMean?: number;
  readonly standardDeviation?: number;
  readonly ewma?: number;
  readonly integral?: number;
  readonly increase?: number;
  /** From the sample at which the increase begins to the last one that is known. */
  readonly grownMs?: number;
  readonly percentiles: readonly (number | undefined)[];
}

interface Cut {
  readonly fromMs: number;
  readonly toMs: number;
  /** Index of the first sample in the window, and of the first after it. */
  readonly begin: number;
  readonly end: number;
  /** So what comes before it is before it whatever its time. */
  readonly isByNumber: boolean;
}

/** A sum that loses nothing worth naming, whatever the order (Neumaier). */
export function sumOf(values: Iterable<number>): number {
  let [sum, lost] = [0, 0];
  for (const value of values) {
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

function cutOf(samples: readonly NaiveSample[], window: NaiveWindow): Cut | undefined {
  const gone = samples.findLastIndex(({ isGone }) => isGone === true) + 1;
  if ('last' in window) {
    const begin = Math.max(gone, samples.length - window.last);
    const [first, last] = [samples[begin], samples.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    return {
      fromMs: first.timeMs,
      toMs: last.timeMs,
      begin,
      end: samples.length,
      isByNumber: true,
    };
  }
  const { fromMs, toMs } = window;
  const from = samples.findIndex(({ timeMs }) => timeMs >= fromMs);
  const after = samples.findIndex(({ timeMs }) => timeMs > toMs);
  const begin = from < 0 ? samples.length : Math.max(gone, from);
  const end = Math.max(begin, after < 0 ? samples.length : after);
  return { fromMs, toMs, begin, end, isByNumber: false };
}

interface Held {
  readonly value: number;
  readonly ms: number;
}

/** Every value with the time for which it holds inside the window. */
function heldIn(samples: readonly NaiveSample[], { fromMs, toMs }: Cut): readonly Held[] {
  return samples.flatMap(({ timeMs, value, holdMs, isGone }, index) => {
    if (value === undefined || (isGone === true && timeMs >= fromMs)) return [];
    const nextMs = samples[index + 1]?.timeMs ?? Infinity;
    const end = Math.min(nextMs, timeMs + holdMs, toMs);
    const ms = microseconds(end - Math.max(timeMs, fromMs)) / 1000;
    return ms > 0 ? [{ value, ms }] : [];
  });
}

/** From one known sample to the next. */
interface Growth {
  readonly increase: number;
  readonly grownMs: number;
}

function growthOf(
  samples: readonly NaiveSample[],
  { fromMs, begin, end, isByNumber }: Cut,
): readonly Growth[] {
  const earlier = samples
    .slice(0, begin)
    .filter(({ isGone, timeMs }) => isGone !== true || isByNumber || timeMs < fromMs)
    .findLast(({ value }) => value !== undefined);
  const first = samples.slice(begin, end).find(({ value }) => value !== undefined);
  const reaches = earlier !== undefined && earlier.timeMs + earlier.holdMs >= fromMs;
  // A sample at the very beginning is where growth begins: windows that meet share none.
  let before = reaches && first !== undefined && first.timeMs > fromMs ? earlier : undefined;
  const growths: Growth[] = [];
  for (const sample of samples.slice(begin, end)) {
    const { value, timeMs } = sample;
    if (value === undefined) continue;
    if (before?.value !== undefined) {
      const increase = value < before.value ? value : value - before.value;
      growths.push({ increase, grownMs: timeMs - before.timeMs });
    }
    before = sample;
  }
  return growths;
}

function averageOf(known: readonly Known[], ewmaMs: number): number | undefined {
  if (ewmaMs === 0) return undefined;
  let average = known[0]?.value ?? 0;
  for (const [index, { timeMs, value }] of known.entries()) {
    const sinceMs = timeMs - (known[index - 1]?.timeMs ?? timeMs);
    average += (1 - Math.exp(-sinceMs / ewmaMs)) * (value - average);
  }
  return average;
}

export function naivePercentile(
  sorted: ArrayLike<number>,
  percentile: number,
  linear: boolean,
): number | undefined {
  const { length } = sorted;
  if (!linear) return sorted[Math.max(1, Math.ceil((percentile * length) / 100)) - 1];
  const place = ((length - 1) * percentile) / 100;
  const low = sorted[Math.floor(place)];
  const high = sorted[Math.floor(place) + 1];
  if (low === undefined || high === undefined) return low;
  return low + (place - Math.floor(place)) * (high - low);
}

interface Known {
  readonly timeMs: number;
  readonly value: number;
}

function knownIn(samples: readonly NaiveSample[], { begin, end }: Cut): readonly Known[] {
  return samples
    .slice(begin, end)
    .flatMap(({ timeMs, value }) => (value === undefined ? [] : [{ timeMs, value }]));
}

/** What does not depend on the order of the samples. */
function unordered(known: readonly Known[], question: NaiveQuestion) {
  const sorted = Float64Array.from(known, ({ value }) => value).sort();
  const mean = sumOf(sorted) / sorted.length;
  const squares = Array.from(sorted, (value) => (value - mean) ** 2);
  return {
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
    mean,
    standardDeviation: Math.sqrt(sumOf(squares) / sorted.length),
    percentiles: question.percentiles.map((one) => naivePercentile(sorted, one, question.linear)),
  };
}

/** Oldest first; all samples that are kept. */
export function naiveStatistics(
  samples: readonly NaiveSample[],
  question: NaiveQuestion,
): NaiveStatistics {
  return naivePool([samples], question);
}

/** The samples of several devices as one. */
export function naivePool(
  histories: readonly (readonly NaiveSample[])[],
  question: NaiveQuestion,
): NaiveStatistics {
  const cuts = histories.flatMap((samples) => {
    const cut = cutOf(samples, question.window);
    return cut === undefined ? [] : [{ samples, cut }];
  });
  const known = cuts.flatMap(({ samples, cut }) => knownIn(samples, cut));
  const held = cuts.flatMap(({ samples, cut }) => heldIn(samples, cut));
  const looked = sumOf(cuts.map(({ cut }) => cut.end - cut.begin));
  const coveredMs = sumOf(held.map(({ ms }) => ms));
  const [cut] = cuts;
  const head = {
    count: known.length,
    unknownCount: looked - known.length,
    coveredMs,
    ...(cut !== undefined && cuts.length === 1 && { fromMs: cut.cut.fromMs, toMs: cut.cut.toMs }),
  };
  if (known.length === 0)
    return { ...head, percentiles: question.percentiles.map(() => undefined) };
  const growths = cuts.flatMap(({ samples, cut }) => growthOf(samples, cut));
  const integral = sumOf(held.map(({ value, ms }) => value * ms)) / 1000;
  return {
    ...head,
    ...unordered(known, question),
    ...(histories.length === 1 && ordered(known, question)),
    integral,
    ...(coveredMs > 0 && { timeWeightedMean: (integral * 1000) / coveredMs }),
    ...(question.counter && {
      increase: sumOf(growths.map(({ increase }) => increase)),
      grownMs: sumOf(growths.map(({ grownMs }) => grownMs)),
    }),
  };
}

function ordered(known: readonly Known[], { ewmaMs }: NaiveQuestion) {
  const [first, last] = [known[0], known.at(-1)];
  const ewma = averageOf(known, ewmaMs);
  return {
    ...(first !== undefined && { first: first.value, firstMs: first.timeMs }),
    ...(last !== undefined && { last: last.value, lastMs: last.timeMs }),
    ...(ewma !== undefined && { ewma }),
  };
}

export interface NaiveSlice {
  readonly fromMs: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly count: number;
}

/** Whole ones: differences of large times are rounded, and so are divisions. */
function microseconds(ms: number): number {
  return Math.round(1000 * ms);
}

/** The window in slices of equal time; those with known samples. */
export function naiveSlices(
  samples: readonly NaiveSample[],
  window: NaiveWindow,
  points: number,
): readonly NaiveSlice[] {
  const cut = cutOf(samples, window);
  if (cut === undefined) return [];
  const { fromMs, toMs } = cut;
  const slices = new Map<number, number[]>();
  for (const { timeMs, value } of knownIn(samples, cut)) {
    const lengthUs = microseconds(toMs - fromMs);
    const place = lengthUs > 0 ? (points * microseconds(timeMs - fromMs)) / lengthUs : 0;
    const slice = Math.min(Math.floor(place), points - 1);
    slices.set(slice, [...(slices.get(slice) ?? []), value]);
  }
  return [...slices].map(([slice, values]) => ({
    fromMs: fromMs + (slice * (toMs - fromMs)) / points,
    min: Math.min(...values),
    max: Math.max(...values),
    mean: sumOf(values) / values.length,
    count: values.length,
  }));
}
