// The best of 10,000 devices, one of which has a new sample each time: one at random, or the best
// one itself, so that another takes its place each time.
import { Tournament } from '../../dist/selection/tournament.js';
import { compare } from '../harness/rounds.mjs';
import { ObjectScan, scoreOf, TypedScan } from './alternatives.mjs';
import { manualCluster, whileSampling } from './clusters.mjs';
import { idOf, orderLength, ordinary, randomOrder, startMs } from './data.mjs';

const count = 10_000;
const streams = ['one at random', 'the best one'];
const ours = (stream) => `recordMetrics() and selectBestDevice() of 10,000, ${stream}`;
const tree = (stream) => `what keeps 10,000 in order, ${stream}`;
const objects = (stream) => `a scan of 10,000 objects, ${stream}`;
const typed = (stream) => `a scan of 10,000 numbers, ${stream}`;

const goals = streams.flatMap((stream) => [
  {
    name: `the best of 10,000, new: ${stream}: 200x a scan of objects`,
    ratio: [objects(stream), tree(stream)],
    atLeast: 200,
  },
  {
    name: `the same through recordMetrics() and selectBestDevice(), ${stream}: 200x`,
    ratio: [objects(stream), ours(stream)],
    atLeast: 200,
  },
]);

const ids = Array.from({ length: count }, (_, index) => idOf(index));

/** Steps of one candidate; the same samples for the same devices as all others of that stream. */
function stepsOf(stream, { update, best }) {
  const news = ordinary(orderLength, 31);
  const order = randomOrder(count, 32);
  let [at, nowMs, last] = [0, startMs, best()];
  const whom = stream === 'the best one' ? () => last : () => order[at];
  return () => {
    at = (at + 1) & (orderLength - 1);
    const sample = news[at];
    nowMs += 1;
    sample.timestampMs = nowMs;
    update(whom(), sample);
    last = best();
    return last;
  };
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

function candidatesOf(stream) {
  const samples = ordinary(count);
  return {
    [ours(stream)]: { run: stepsOfManager(stream, manualCluster(samples)) },
    [tree(stream)]: { run: stepsOf(stream, treeOf(samples)) },
    [objects(stream)]: { run: stepsOfScan(stream, new ObjectScan(samples)) },
    [typed(stream)]: { run: stepsOfScan(stream, new TypedScan(samples)) },
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
    return { figures: compare(candidates, { rounds: 21 }), goals };
  });
}
