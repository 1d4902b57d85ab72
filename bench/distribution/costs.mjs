// 1e5 items of different cost over eight devices of different speed: the longest first, each to the
// device that has finished it first.

import module from '../../dist/faces.js';
import { WorkloadDistributor } from '../../dist/index.mjs';
import { randomFrom } from '../aggregation/data.mjs';
import { median, ratios } from '../harness/figures.mjs';
import { withUnit } from '../harness/report.mjs';
import { compare } from '../harness/rounds.mjs';
import { ofObjects, ofTypedArrays } from './alternatives.mjs';

const { assignEarliest } = module('native-earliest.js');

const count = 1e5;
const speeds = [1, 1.5, 2, 2, 3, 3.5, 4, 8];

const ours = 'distribute() by cost, 1e5 costs in a typed array';
const oursOfObjects = 'distribute() by cost, 1e5 objects, and lists of them';
const native = 'its native part';
const objects = 'a list of 1e5 objects, sorted and shared out';
const typed = 'a typed array of 1e5 costs, sorted and shared out';

const goals = [
  { name: 'by cost: 20x a list of objects', ratio: [objects, ours], atLeast: 20, headline: true },
  { name: 'by cost: 5x a typed array', ratio: [typed, ours], atLeast: 5 },
].map((goal) => ({ id: 'G19', ...goal }));

/** Whole microseconds, few of them long. */
function costsOf(random) {
  return Float64Array.from({ length: count }, () => Math.ceil(-20_000 * Math.log(1 - random())));
}

const makespanOf = (loads) => Math.max(...loads.map((load, device) => load / speeds[device]));

function loadsOf(owners, costs) {
  const loads = speeds.map(() => 0);
  for (const [place, owner] of owners.entries()) loads[owner] += costs[place];
  return loads;
}

/** All have the same makespan. */
function check(candidates, costs) {
  const found = {
    [objects]: makespanOf(candidates[objects].run().map(({ load }) => load)),
    [typed]: makespanOf(loadsOf(candidates[typed].run(), costs)),
    [native]: makespanOf(loadsOf(candidates[native].run(), costs)),
    [ours]: candidates[ours].run().makespan,
  };
  const lists = candidates[oursOfObjects].run();
  found[oursOfObjects] = makespanOf(
    Array.from(lists.values(), (list) => list.reduce((sum, { cost }) => sum + cost, 0)),
  );
  const different = Object.values(found).some((makespan) => makespan !== found[ours]);
  if (different) throw new Error(`makespans differ: ${JSON.stringify(found)}`);
}

function notesOf(figures, plan) {
  const times = (above, below) => withUnit(median(ratios(figures[above], figures[below])), 'x');
  return [
    `makespan ${plan.makespan / plan.lowerBound} times its lower bound, the same for all`,
    `lists of objects from lists of objects: ${times(objects, oursOfObjects)}`,
    `the native part alone: ${times(objects, native)} a list, ${times(typed, native)} typed`,
  ];
}

export function costly() {
  const costs = costsOf(randomFrom(41));
  const items = Array.from(costs, (cost, id) => ({ id, cost }));
  const devices = speeds.map((speed, device) => ({ deviceId: `GPU-${device}`, speed }));
  const distributor = new WorkloadDistributor();
  const what = { costs, speeds: Float64Array.from(speeds), order: 'descending' };
  const byCost = { strategy: 'cost', costs: (item) => item.cost };
  const candidates = {
    [ours]: { run: () => distributor.distribute(devices, count, { strategy: 'cost', costs }) },
    [native]: { run: () => assignEarliest(what) },
    [oursOfObjects]: { run: () => distributor.distribute(devices, items, byCost).assignments },
    [typed]: { run: () => ofTypedArrays(costs, what.speeds) },
    [objects]: { run: () => ofObjects(items, speeds) },
  };
  check(candidates, costs);
  const figures = compare(candidates, { rounds: 21 });
  const notes = notesOf(figures, candidates[ours].run());
  const chart = { title: 'Plan 1e5 items by cost', figures: [ours, typed, objects] };
  return { figures, goals, notes, chart };
}
