// Statistics of plain arrays, each element looked at: summarize(), beside reading the array, the
// C++ standard library, and what programs in JavaScript do.
import { summarize } from '../../dist/index.mjs';
import { compare } from '../harness/rounds.mjs';
import {
  bySimpleStatistics,
  momentsOf,
  mustAgree,
  ofObjects,
  ofTypedArray,
  percentiles,
} from './alternatives.mjs';
import { bareCore, plainly } from './bare-core.mjs';
import { doubles, sampleList, utilization } from './data.mjs';

const { readDoubles, statisticsByNthElement, statisticsBySort } = bareCore;
const million = 1e6;
const hundredThousand = 1e5;

const seven = (values) => () => summarize(values, { percentiles });
const moments = (values) => () => summarize(values, { percentiles: [] });

/** Whole numbers of a small range, a byte each. */
function integers(count, names) {
  const bytes = utilization(count);
  const list = sampleList(bytes);
  const values = Float64Array.from(bytes);
  const plain = Array.from(bytes);
  const all = {
    [`read ${names} doubles, for integers`]: { run: () => readDoubles(values) },
    [`seven of ${names} integers`]: { run: seven(bytes) },
    [`seven of ${names} integers, typed array and sort`]: { run: () => ofTypedArray(values) },
    [`seven of ${names} integers, list of objects`]: {
      run: () => ofObjects(list, 'computeUtilizationPercent'),
    },
    [`seven of ${names} integers, simple-statistics`]: { run: () => bySimpleStatistics(plain) },
  };
  const reference = ofTypedArray(values);
  for (const [name, { run }] of Object.entries(all).slice(1)) mustAgree(name, run(), reference);
  return compare(all);
}

/** Any doubles, read again and again, so in the caches where they fit. */
function arbitrary(count, names) {
  const values = doubles(count);
  const plain = { values, percentiles };
  const all = {
    [`read ${names} doubles`]: { run: () => readDoubles(values) },
    [`moments of ${names} doubles`]: { run: moments(values) },
    [`moments of ${names} doubles, JavaScript`]: { run: () => momentsOf(values) },
    [`seven of ${names} doubles`]: { run: seven(values) },
    [`seven of ${names} doubles, nth_element`]: { run: plainly(statisticsByNthElement, plain) },
    [`seven of ${names} doubles, std::sort`]: { run: plainly(statisticsBySort, plain) },
  };
  const reference = ofTypedArray(values);
  for (const [name, { run }] of Object.entries(all).slice(1)) {
    const { percentiles: ranks, ...others } = reference;
    mustAgree(name, run(), name.startsWith('moments') ? others : reference);
  }
  return compare(all);
}

/** As many arrays as no cache holds, each in its turn. */
function fromMemory() {
  const arrays = Array.from({ length: 32 }, () => doubles(million));
  const inTurn = (use) => {
    let turn = 0;
    return () => use(arrays[turn++ % arrays.length]);
  };
  return compare({
    'read 1e6 doubles out of memory': { run: inTurn(readDoubles) },
    'moments of 1e6 doubles out of memory': {
      run: inTurn((values) => summarize(values, { percentiles: [] })),
    },
    'seven of 1e6 doubles out of memory': {
      run: inTurn((values) => summarize(values, { percentiles })),
    },
  });
}

const goals = [
  {
    id: 'G5',
    name: 'moments of 1e6 doubles: within 1.1x of reading them',
    ratio: ['moments of 1e6 doubles', 'read 1e6 doubles'],
    atMost: 1.1,
  },
  {
    id: 'G5',
    name: 'the same, the doubles in no cache',
    ratio: ['moments of 1e6 doubles out of memory', 'read 1e6 doubles out of memory'],
    atMost: 1.1,
  },
  {
    id: 'G5',
    name: 'moments of 1e5 doubles: within 2.2x of reading them',
    ratio: ['moments of 1e5 doubles', 'read 1e5 doubles'],
    atMost: 2.2,
  },
  {
    id: 'G6',
    name: 'seven of 1e6 integers: within 1.25x of reading 1e6 doubles',
    ratio: ['seven of 1e6 integers', 'read 1e6 doubles, for integers'],
    atMost: 1.25,
  },
  {
    id: 'G6',
    name: 'seven of 1e6 integers: 1000x a list of objects',
    ratio: ['seven of 1e6 integers, list of objects', 'seven of 1e6 integers'],
    atLeast: 1000,
  },
  {
    id: 'G6',
    name: 'seven of 1e6 integers: 200x typed array and sort',
    ratio: ['seven of 1e6 integers, typed array and sort', 'seven of 1e6 integers'],
    atLeast: 200,
  },
  {
    id: 'G6',
    name: 'seven of 1e5 integers: 50x simple-statistics',
    ratio: ['seven of 1e5 integers, simple-statistics', 'seven of 1e5 integers'],
    atLeast: 50,
  },
  {
    id: 'G9',
    name: 'seven of 1e6 doubles: within 8x of reading them',
    ratio: ['seven of 1e6 doubles', 'read 1e6 doubles'],
    atMost: 8,
  },
  {
    id: 'G9',
    name: 'seven of 1e6 doubles: 5x nth_element',
    ratio: ['seven of 1e6 doubles, nth_element', 'seven of 1e6 doubles'],
    atLeast: 5,
  },
];

export function scanning() {
  const figures = {
    ...arbitrary(hundredThousand, '1e5'),
    ...arbitrary(million, '1e6'),
    ...fromMemory(),
    ...integers(hundredThousand, '1e5'),
    ...integers(million, '1e6'),
  };
  return { figures, goals };
}
