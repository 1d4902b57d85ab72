// What no rebalancing can beat, by trying every way to hand items to devices.
import fc from 'fast-check';
import { type DistributionJob, usualSettings } from '../../lib/distribution/job.js';
import { unassignedOwner } from '../../lib/distribution/plan.js';
import { lostOwner, type Relocation } from '../../lib/distribution/rebalance/relocation.js';

export interface SmallCase {
  readonly speeds: readonly number[];
  readonly loads?: readonly number[] | undefined;
  readonly itemLimits?: readonly number[] | undefined;
  readonly costLimits?: readonly number[] | undefined;
  readonly byteLimits?: readonly number[] | undefined;
  readonly costs: readonly number[] | number;
  readonly bytes?: readonly number[] | number | undefined;
  /** -1: on none, -2: on one that is lost. */
  readonly owners: readonly number[];
  readonly maxImbalance: number;
}

export function relocationOf(one: SmallCase): Relocation {
  const list = (values: readonly number[] | undefined) => values && Float64Array.from(values);
  const { costs, bytes = 0 } = one;
  const job: DistributionJob = {
    itemCount: one.owners.length,
    deviceIds: one.speeds.map((_, place) => `d${place}`),
    speeds: Float64Array.from(one.speeds),
    loads: list(one.loads),
    itemLimits: list(one.itemLimits),
    costLimits: list(one.costLimits),
    byteLimits: list(one.byteLimits),
    freeBytes: undefined,
    itemCost: typeof costs === 'number' ? costs : 1,
    costs: typeof costs === 'number' ? undefined : Float64Array.from(costs),
    itemBytes: typeof bytes === 'number' ? bytes : 0,
    bytes: typeof bytes === 'number' ? undefined : Float64Array.from(bytes),
    keys: undefined,
    settings: usualSettings,
  };
  const owners = Uint32Array.from(one.owners, (owner) =>
    owner === -1 ? unassignedOwner : owner === -2 ? lostOwner : owner,
  );
  return { job, owners, maxImbalance: one.maxImbalance };
}

export interface Outcome {
  readonly unassigned: number;
  /** Of the plan, at least the stated one. */
  readonly time: number;
  readonly moves: number;
}

export function isBetter(a: Outcome, b: Outcome): boolean {
  if (a.unassigned !== b.unassigned) return a.unassigned < b.unassigned;
  if (Math.abs(a.time - b.time) > 1e-9 * Math.max(a.time, b.time)) return a.time < b.time;
  return a.moves < b.moves;
}

/** The item's own number, whether all have the same or each its own. */
export function numberOf(values: readonly number[] | number | undefined, index: number): number {
  return typeof values === 'number' ? values : (values?.[index] ?? 0);
}

/** What one way comes to (-1: no device); undefined: a limit is passed. */
export function outcomeOf(one: SmallCase, way: readonly number[], target: number) {
  const { speeds, loads } = one;
  const held = speeds.map(() => ({ items: 0, cost: 0, bytes: 0 }));
  for (const [index, place] of way.entries()) {
    const device = held[place];
    if (device === undefined) continue;
    device.items += 1;
    device.cost += numberOf(one.costs, index);
    device.bytes += numberOf(one.bytes, index);
  }
  let time = target;
  for (const [place, { items, cost, bytes }] of held.entries()) {
    const [speed = 0, load = 0] = [speeds[place], loads?.[place]];
    if (speed === 0 && items > 0) return undefined;
    if (items > (one.itemLimits?.[place] ?? Infinity)) return undefined;
    if (cost > (one.costLimits?.[place] ?? Infinity)) return undefined;
    if (bytes > (one.byteLimits?.[place] ?? Infinity)) return undefined;
    if (speed > 0) time = Math.max(time, (load + cost) / speed);
  }
  const unassigned = way.filter((place) => place === -1).length;
  const moves = way.filter((place, index) => place !== one.owners[index]).length;
  return { unassigned, time, moves } satisfies Outcome;
}

/** All of (devices + 1) ^ items. */
export function bestByTrial(one: SmallCase, target: number): Outcome {
  const way = one.owners.map(() => -1);
  let best: Outcome | undefined;
  for (;;) {
    const outcome = outcomeOf(one, way, target);
    if (outcome !== undefined && (best === undefined || isBetter(outcome, best))) best = outcome;
    let index = 0;
    while (index < way.length && way[index] === one.speeds.length - 1) {
      way[index] = -1;
      index += 1;
    }
    if (index === way.length) break;
    way[index] = (way[index] ?? 0) + 1;
  }
  if (best === undefined) throw new Error('there is always one: nothing is assigned');
  return best;
}

export interface CaseShape {
  readonly mostDevices: number;
  readonly mostItems: number;
  readonly isEqual: boolean;
}

export function smallCases(shape: CaseShape): fc.Arbitrary<SmallCase> {
  const { mostDevices, mostItems, isEqual } = shape;
  const lengths = fc.tuple(fc.integer({ min: 1, max: mostDevices }), fc.nat({ max: mostItems }));
  return lengths.chain(([devices, items]) => {
    const perDevice = (value: fc.Arbitrary<number>) =>
      fc.array(value, { minLength: devices, maxLength: devices });
    const perItem = (value: fc.Arbitrary<number>) =>
      fc.array(value, { minLength: items, maxLength: items });
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
    const limit = fc.oneof(fc.nat({ max: 8 }), fc.constant(Infinity));
    return fc.record({
      speeds: perDevice(fc.constantFrom(0, 1, 1, 2, 3, 5)),
      loads: maybe(perDevice(fc.constantFrom(0, 0, 1, 4))),
      itemLimits: maybe(perDevice(limit)),
      costLimits: maybe(perDevice(limit)),
      byteLimits: maybe(perDevice(limit)),
      costs: isEqual ? fc.constantFrom(0, 1, 0.5, 3) : perItem(fc.constantFrom(0, 1, 1, 2, 3, 7)),
      bytes: isEqual ? maybe(fc.nat({ max: 3 })) : maybe(perItem(fc.nat({ max: 4 }))),
      owners: perItem(fc.integer({ min: -2, max: devices - 1 })),
      maxImbalance: fc.constantFrom(1, 1.05, 1.2, 1.5, 3),
    });
  });
}
