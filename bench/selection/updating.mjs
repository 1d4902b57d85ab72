// The best of 10,000 devices, one of which has a new sample each time: one at random, or the best
// one itself, so that another takes its place each time.
import module from '../../dist/faces.js';
import { bareCore } from '../aggregation/bare-core.mjs';
import { median, ratios } from '../harness/figures.mjs';
import { withUnit } from '../harness/report.mjs';
import { compare, ownFunction } from '../harness/rounds.mjs';
import { ObjectScan, scoreOf, TypedScan } from './alternatives.mjs';
import { manualCluster, whileSampling } from './clusters.mjs';
import { idOf, orderLength, ordinary, randomOrder, startMs } from './data.mjs';

const { Tournament } = module('selection/tournament.js');

const count = 10_000;
const streams = ['one at random', 'the best one'];
const ours = (stream) => `recordMetrics() and selectBestDevice() of 10,000, ${stream}`;
const tree = (stream) => `what keeps 10,000 in order, ${stream}`;
const objects = (stream) => `a scan of 10,000 objects, ${stream}`;
const typed = (stream) => `a scan of 10,000 numbers, ${stream}`;

const native = (stream) => `a native scan of 10,000 numbers, ${stream}`;
const few = (stream) => `what keeps 8 in order, ${stream}`;

const goals = streams.flatMap((stream) => {
  const name = `the best of 10,000, new: ${stream}`;
  const below = (above, atLeast) => ({ ratio: [above(stream), tree(stream)], atLeast });
  const goals = [
    { name: `${name}: 200x a scan of objects`, ...below(objects, 200) },
    { name: `${name}: 100x a scan of numbers`, ...below(typed, 100) },
    { name: `${name}: 20x a native scan`, ...below(native, 20) },
    { name: `${name}: within 4x of 8 devices`, ratio: [tree(stream), few(stream)], atMost: 4 },
  ];
  return goals.map((goal) => ({ id: 'G21', ...goal }));
});

/** With all else that a manager does to keep a sample: checks it, keeps it, works the score out. */
function noteOf(figures, stream) {
  const times = withUnit(median(ratios(figures[objects(stream)], figures[ours(stream)])), 'x');
  return `${ours(stream)}: ${times} under a scan of objects that have their scores ready`;
}

const ids = Array.from({ length: count }, (_, index) => idOf(index));

/** Something new of one, and who is best then; `whom` says which one. */
const step = (whom) => `() => {
  state.at = (state.at + 1) & end;
  const sample = news[state.at];
  state.nowMs += 1;
  sample.timestampMs = state.nowMs;
  update(${whom}, sample);
  state.last = best();
  return state.last;
};`;

/** Steps of one candidate; the same samples for the same devices as all others of that stream. */
function stepsOf(stream, { update, best }) {
  const news = ordinary(orderLength, 31);
  const order = randomOrder(count, 32);
  const state = { at: 0, nowMs: startMs, last: best() };
  const parts = { state, news, order, update, best, end: orderLength - 1 };
  return ownFunction(parts, step(stream === 'the best one' ? 'state.last' : 'order[state.at]'));
}

/** By number, as the scans have it. */
function stepsOfScan(stream, scan) {
  return stepsOf(stream, {
    update: (index, sample) => scan.update(index, sample),
    best: () => scan.best(),
  });
}

/** As the manager keeps its devices, without all else that it does. */
function treeOf(samples) {
  const tournament = new Tournament();
  const costs = samples.map((sample) => 1 - scoreOf(sample));
  tournament.reset(costs.length, (index) => costs[index]);
  return {
    update: (index, sample) => tournament.set(index, 1 - scoreOf(sample)),
    best: () => tournament.best,
  };
}

/** By name, as the manager has it; `order` gives numbers all the same. */
function stepsOfManager(stream, manager) {
  return stepsOf(stream, {
    update: (device, sample) => {
      sample.deviceId = typeof device === 'number' ? ids[device] : device;
      manager.recordMetrics(sample);
    },
    best: () => manager.selectBestDevice(),
  });
}

/** Scores in order of their devices, as a native program would be handed them. */
class NativeScan {
  #scores;

  constructor(samples) {
    this.#scores = Float64Array.from(samples, scoreOf);
  }

  update(index, sample) {
    this.#scores[index] = scoreOf(sample);
  }

  best() {
    return bareCore.scanGreatest(this.#scores);
  }
}

/** The same of eight; the order names more of them than there are. */
function stepsOfFew(stream) {
  const few = treeOf(ordinary(8));
  const update = (index, sample) => few.update(index & 7, sample);
  return stepsOf(stream, { update, best: few.best });
}

function candidatesOf(stream) {
  const samples = ordinary(count);
  return {
    [ours(stream)]: { run: stepsOfManager(stream, manualCluster(samples)) },
    [tree(stream)]: { run: stepsOf(stream, treeOf(samples)) },
    [objects(stream)]: { run: stepsOfScan(stream, new ObjectScan(samples)) },
    [typed(stream)]: { run: stepsOfScan(stream, new TypedScan(samples)) },
    [native(stream)]: { run: stepsOfScan(stream, new NativeScan(samples)) },
  };
}

/** All name the same device, step by step. */
function check(stream) {
  const [manager, ...byNumber] = Object.values(candidatesOf(stream));
  for (let step = 0; step < 2000; step++) {
    const selected = manager.run();
    const found = byNumber.map(({ run }) => ids[run()]);
    if (found.every((id) => id === selected)) continue;
    throw new Error(`step ${step}: selected ${selected}, found ${found}`);
  }
}

export function updating() {
  return whileSampling(() => {
    for (const stream of streams) check(stream);
    const candidates = Object.assign({}, ...streams.map(candidatesOf));
    for (const stream of streams) candidates[few(stream)] = { run: stepsOfFew(stream) };
    const figures = compare(candidates, { rounds: 21 });
    return { figures, goals, notes: streams.map((stream) => noteOf(figures, stream)) };
  });
}
