// Windows of a device's history, answered by the index: asked from the inside in C++, all over a
// history that has wrapped, beside looking at every sample. Each length twice: the same few windows
// again and again, and others each time, of which no cache knows anything.

import { compare } from '../harness/rounds.mjs';
import { mustAgree, ofTypedArray, percentiles } from './alternatives.mjs';
import { bareCore, plainly } from './bare-core.mjs';
import { power, randomFrom, utilization } from './data.mjs';

const { Columns, metricTable, queryColumns, readDoubles, statisticsByNthElement, timeQueries } =
  bareCore;
const capacity = 1_050_000;
const pushed = 1_500_000;
const periodUs = 1000;
const byMonotonic = 1;
const lengths = { '1e3': 1e3, '1e4': 1e4, '1e5': 1e5, '1e6': 1e6 };
// Their ids of the fast tier, as in native/metrics.json.
const narrow = { metric: 0, name: 'utilisation' };
const wide = { metric: 6, name: 'power' };

function filled() {
  const columns = new Columns({ tier: 0, capacity });
  const raw = [utilization(pushed), power(pushed)];
  const values = new Float64Array(2 * pushed);
  raw.forEach((column, at) => {
    values.set(column, at * pushed);
  });
  const monotonicUs = Float64Array.from({ length: pushed }, (_, index) => index * periodUs);
  columns.append({
    monotonicUs,
    wallUs: monotonicUs.map((us) => us + 1.7e15),
    holdUs: new Float64Array(pushed).fill(3 * periodUs),
    metrics: Float64Array.of(narrow.metric, wide.metric),
    values,
  });
  return { columns, raw: { [narrow.metric]: raw[0], [wide.metric]: raw[1] } };
}

/** Windows of `length` samples all over what is held: from and to in ms, one after another. */
function windowsOf(length, count = 2000) {
  const random = randomFrom(length);
  const oldest = pushed - capacity;
  return Float64Array.from({ length: count }, () => {
    return oldest + Math.floor(random() * (capacity - length));
  }).reduce(
    (ends, first, at) => {
      ends[2 * at] = (first * periodUs) / 1000;
      ends[2 * at + 1] = ((first + length - 1) * periodUs) / 1000;
      return ends;
    },
    new Float64Array(2 * count),
  );
}

function questionOf(metric, ranks) {
  const asked = Float64Array.from(ranks);
  return { metric, by: byMonotonic, from: 0, to: 0, percentiles: asked, linear: false, ewmaMs: 0 };
}

/** The index says what a look at every sample says. */
function check({ columns, raw }, { metric, name }) {
  const divisor = metricTable()[metric * 4];
  const record = new Float64Array(bareCore.statisticsDoubles + percentiles.length);
  for (const length of Object.values(lengths)) {
    const windows = windowsOf(length, 3);
    for (let at = 0; at < windows.length; at += 2) {
      const [from, to] = windows.subarray(at, at + 2);
      queryColumns([columns], { ...questionOf(metric, percentiles), from, to }, record);
      const [first, last] = [from, to].map((ms) => Math.round((ms * 1000) / periodUs));
      const seen = Float64Array.from(raw[metric].subarray(first, last + 1), (one) => one / divisor);
      const [count, , , , , min, max, mean, , standardDeviation] = record;
      const ranks = percentiles.map((one, place) => [
        one,
        record[bareCore.statisticsDoubles + place],
      ]);
      const mine = { count, min, max, mean, standardDeviation };
      const what = `${name}, ${length} samples from ${from} ms on`;
      mustAgree(what, { ...mine, percentiles: Object.fromEntries(ranks) }, ofTypedArray(seen));
    }
  }
}

const seven = ({ name }, length) => `${name}, seven of ${length}`;
const sums = ({ name }, length) => `${name}, all but percentiles of ${length}`;
const again = 'the same again';

function candidates({ columns }, metric) {
  const question = questionOf(metric.metric, []);
  const withRanks = questionOf(metric.metric, percentiles);
  const entries = Object.entries(lengths).flatMap(([length, count]) => {
    const [few, many] = [windowsOf(count, 8), windowsOf(count, 2000)];
    const fewAgain = Float64Array.from({ length: many.length }, (_, at) => few[at % few.length]);
    const inside = (asked, ends) => ({ inside: () => timeQueries([columns], asked, ends) });
    const others = [
      [sums(metric, length), inside(question, many)],
      [`${sums(metric, length)}, ${again}`, inside(question, fewAgain)],
    ];
    // Every sample of the window is looked at: a few are enough.
    if (metric === wide) return [...others, [seven(metric, length), inside(withRanks, few)]];
    return [
      ...others,
      [seven(metric, length), inside(withRanks, many)],
      [`${seven(metric, length)}, ${again}`, inside(withRanks, fewAgain)],
    ];
  });
  return Object.fromEntries(entries);
}

const once = 'read 1e6 samples once';
const byNthElement = `${seven(wide, '1e6')} by nth_element`;

/** At 1e6 samples of the metric, as doubles. */
function looks(values) {
  const doubles = Float64Array.from(values.subarray(0, 1e6));
  const copies = Array.from({ length: 32 }, () => doubles.slice());
  let turn = 0;
  return {
    [once]: { run: () => readDoubles(doubles) },
    [`${once}, out of memory`]: { run: () => readDoubles(copies[turn++ % 32]) },
    [byNthElement]: {
      run: plainly(statisticsByNthElement, { values: doubles, percentiles }),
    },
  };
}

const quick = ['1e3', '1e6'].flatMap((length) =>
  [seven(narrow, length), sums(wide, length)].flatMap((figure) => [
    { id: 'G7', name: `${figure}: 1 us`, figure, atMost: 1000 },
    { id: 'G7', name: `${figure}, ${again}: 1 us`, figure: `${figure}, ${again}`, atMost: 1000 },
  ]),
);

const goals = [
  ...quick,
  {
    id: 'G7',
    name: 'utilisation, seven: 1e6 samples within 2.5x of 1e3',
    ratio: [seven(narrow, '1e6'), seven(narrow, '1e3')],
    atMost: 2.5,
  },
  {
    id: 'G7',
    name: 'power, all but percentiles: 1e6 samples within 2.5x of 1e3',
    ratio: [sums(wide, '1e6'), sums(wide, '1e3')],
    atMost: 2.5,
  },
  {
    id: 'G7',
    name: 'utilisation, seven of 1e6, the same again: 250x reading them once',
    ratio: [once, `${seven(narrow, '1e6')}, ${again}`],
    atLeast: 250,
  },
  {
    id: 'G7',
    name: 'utilisation, seven of 1e6: 250x reading them once out of memory',
    ratio: [`${once}, out of memory`, seven(narrow, '1e6')],
    atLeast: 250,
  },
  {
    id: 'G9',
    name: 'power, seven of 1e6: within 8x of reading them once',
    ratio: [seven(wide, '1e6'), once],
    atMost: 8,
  },
  {
    id: 'G9',
    name: 'power, seven of 1e6: 5x nth_element',
    ratio: [byNthElement, seven(wide, '1e6')],
    atLeast: 5,
  },
];

export function windows() {
  const history = filled();
  for (const metric of [narrow, wide]) check(history, metric);
  const figures = compare({
    ...looks(history.raw[wide.metric]),
    ...candidates(history, narrow),
    ...candidates(history, wide),
  });
  return { figures, goals };
}
