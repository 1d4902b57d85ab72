import { inspect } from 'node:util';
import type { Lease } from '../leases/lease.js';
import {
  gatherItems,
  type ItemList,
  type Items,
  requireListable,
  type Span,
  sliceItems,
} from './items.js';
import type { DistributionJob } from './job.js';
import { type Plan, unassignedOwner } from './plan.js';
import { imbalanceOf, lowerBoundOf, makespanOf } from './quality.js';
import { Reasons, type UnassignedReason } from './reasons.js';
import type { Sharing } from './sharing.js';
import { type Usage, usageOf } from './usage.js';

/** What a distribution is made of. */
export interface DistributionParts {
  readonly strategy: string;
  /** What was asked for. */
  readonly sharing: Sharing;
  readonly job: DistributionJob;
  readonly plan: Plan;
  readonly items: Items;
  /** By device id; of a plan that was reserved. */
  readonly leases?: ReadonlyMap<string, Lease> | undefined;
}

/** What is worked out when somebody asks for it. */
interface Late {
  places?: ReadonlyMap<string, number>;
  usage?: Usage;
  /** Of owners: indices of items by device, the unassigned last, and where each begins. */
  indices?: { readonly byPlace: Uint32Array; readonly starts: Float64Array };
  assignments?: ReadonlyMap<string, ItemList<unknown>>;
  unassigned?: ItemList<unknown>;
  reasons?: readonly UnassignedReason[];
  lowerBound?: number;
}

/**
 * Which device takes which items. Every item is in `assignments` or in `unassigned`, once. It is a
 * plan: what it says is worked out when it is asked for, and items are not touched before.
 */
export class Distribution<T, L extends ItemList<T> = readonly T[]> {
  readonly #parts: DistributionParts;
  readonly #late: Late = {};

  /** @internal */
  static partsOf(distribution: unknown): DistributionParts | undefined {
    if (typeof distribution !== 'object' || distribution === null) return undefined;
    return #parts in distribution ? distribution.#parts : undefined;
  }

  /** @internal */
  constructor(parts: DistributionParts) {
    this.#parts = parts;
  }

  /** Its name. */
  get strategy(): string {
    return this.#parts.strategy;
  }

  /** Devices that may take items, in registration order. */
  get deviceIds(): readonly string[] {
    return this.#parts.job.deviceIds;
  }

  get itemCount(): number {
    return this.#parts.job.itemCount;
  }

  /** Items per device, in registration order. */
  get counts(): ReadonlyMap<string, number> {
    const { plan, job } = this.#parts;
    if (plan.kind === 'counts') return byDevice(job, (place) => plan.counts[place] as number);
    const { starts } = this.#indices();
    return byDevice(job, (place) => (starts[place + 1] as number) - (starts[place] as number));
  }

  /**
   * Every eligible device has an entry, in registration order; items keep their order. Of a typed
   * array the lists are views where `ranges` are there.
   * @throws GPUError ERR_GPU_ITEMS_CHANGED: the array got longer or shorter since
   */
  get assignments(): ReadonlyMap<string, L> {
    this.#late.assignments ??= byDevice(this.#parts.job, (place) => this.#itemsAt(place));
    return this.#late.assignments as ReadonlyMap<string, L>;
  }

  /** What no device may take, in order. @throws as `assignments` */
  get unassigned(): L {
    this.#late.unassigned ??= this.#itemsAt(this.deviceIds.length);
    return this.#late.unassigned as L;
  }

  /** Why: one for each of `unassigned`, in the same order. */
  get unassignedReasons(): readonly UnassignedReason[] {
    this.#late.reasons ??= this.#findReasons();
    return this.#late.reasons;
  }

  get unassignedCount(): number {
    return this.itemCount - this.#usage().assignedItems;
  }

  /** Where each device's items lie, where they lie together; absent where they do not. */
  get ranges(): ReadonlyMap<string, Span> | undefined {
    const { plan, job } = this.#parts;
    if (plan.kind !== 'counts') return undefined;
    let start = 0;
    return byDevice(job, (place) => {
      const end = start + (plan.counts[place] as number);
      const span = { start, end };
      start = end;
      return span;
    });
  }

  /**
   * The device's items; undefined for a device that may not take any. @throws as `assignments`
   */
  itemsOf(deviceId: string): L | undefined {
    if (this.#late.assignments !== undefined) return this.assignments.get(deviceId);
    const place = this.#placeOf(deviceId);
    return place === undefined ? undefined : (this.#itemsAt(place) as L);
  }

  /** Places in the items, ascending; undefined for a device that may not take any. */
  indicesOf(deviceId: string): Uint32Array | undefined {
    const place = this.#placeOf(deviceId);
    return place === undefined ? undefined : this.#indicesAt(place);
  }

  /** Places of `unassigned` in the items, ascending. */
  get unassignedIndices(): Uint32Array {
    return this.#indicesAt(this.deviceIds.length);
  }

  /**
   * When the last device is done, in units of cost over speed, the load it had included where the
   * distribution started from that. 0 where there is no work.
   */
  get makespan(): number {
    return makespanOf(this.#parts.job, this.#usage());
  }

  /** No plan that assigns the same items has a smaller makespan. */
  get lowerBound(): number {
    // This plan is one of them: only rounding lifts a bound above it.
    this.#late.lowerBound ??= Math.min(this.makespan, lowerBoundOf(this.#parts.job, this.#usage()));
    return this.#late.lowerBound;
  }

  /** The makespan over what devices that are all busy to the end would take; 1 is perfect. */
  get imbalance(): number | undefined {
    return imbalanceOf(this.#parts.job, this.#usage());
  }

  /** Of what was planned, by device id; undefined unless it was reserved. */
  get leases(): ReadonlyMap<string, Lease> | undefined {
    return this.#parts.leases;
  }

  /** Gives all leases back that are still held. */
  release(): void {
    for (const lease of this.leases?.values() ?? []) lease.release();
  }

  toJSON(): object {
    const { strategy, itemCount, assignments, unassigned, makespan, lowerBound, imbalance } = this;
    return {
      strategy,
      itemCount,
      assignments: Object.fromEntries(Array.from(assignments, ([id, list]) => [id, [...list]])),
      unassigned: [...unassigned],
      makespan,
      lowerBound,
      ...(imbalance !== undefined && { imbalance }),
    };
  }

  #usage(): Usage {
    this.#late.usage ??= usageOf(this.#parts.job, this.#parts.plan);
    return this.#late.usage;
  }

  #placeOf(deviceId: string): number | undefined {
    this.#late.places ??= byDevice(this.#parts.job, (place) => place);
    return this.#late.places.get(deviceId);
  }

  /** Of the unassigned after the last device. */
  #itemsAt(place: number): ItemList<unknown> {
    const { plan, items } = this.#parts;
    if (plan.kind === 'counts') return sliceItems(items, this.#spanAt(plan.counts, place));
    return gatherItems(items, this.#indicesAt(place));
  }

  #indicesAt(place: number): Uint32Array {
    const { plan } = this.#parts;
    if (plan.kind === 'counts') {
      const { start, end } = this.#spanAt(plan.counts, place);
      return new Uint32Array(end - start).map((_, at) => start + at);
    }
    const { byPlace, starts } = this.#indices();
    return byPlace.subarray(starts[place], starts[place + 1]);
  }

  #spanAt(counts: Float64Array, place: number): Span {
    let start = 0;
    for (let before = 0; before < place; before += 1) start += counts[before] as number;
    return { start, end: place === counts.length ? this.itemCount : start + (counts[place] ?? 0) };
  }

  /** A counting sort: all lists at once, each in the items' order. */
  #indices(): { readonly byPlace: Uint32Array; readonly starts: Float64Array } {
    const { plan, job } = this.#parts;
    if (this.#late.indices !== undefined) return this.#late.indices;
    const last = job.deviceIds.length;
    const starts = new Float64Array(last + 2);
    const owners = plan.kind === 'owners' ? plan.owners : new Uint32Array(0);
    const listOf = (index: number) => {
      const owner = owners[index] as number;
      return owner === unassignedOwner ? last : owner;
    };
    for (let index = 0; index < owners.length; index += 1) {
      const next = listOf(index) + 1;
      starts[next] = (starts[next] as number) + 1;
    }
    for (let list = 1; list < starts.length; list += 1) {
      starts[list] = (starts[list] as number) + (starts[list - 1] as number);
    }
    const ends = starts.slice();
    const byPlace = new Uint32Array(owners.length);
    for (let index = 0; index < owners.length; index += 1) {
      const list = listOf(index);
      const end = ends[list] as number;
      byPlace[end] = index;
      ends[list] = end + 1;
    }
    this.#late.indices = { byPlace, starts };
    return this.#late.indices;
  }

  #findReasons(): readonly UnassignedReason[] {
    const { plan, job } = this.#parts;
    const reasons = new Reasons(job, this.#usage());
    const { unassignedCount } = this;
    requireListable(unassignedCount, 'number of reasons');
    if (plan.kind === 'counts' && job.costs === undefined && job.bytes === undefined) {
      return unassignedCount === 0 ? [] : new Array(unassignedCount).fill(reasons.of(0));
    }
    return Array.from(this.unassignedIndices, (index) => reasons.of(index));
  }
}

// What console.log and util.inspect show: numbers, not items. Not in the class, because isolated
// declarations know no name such as this.
Object.defineProperty(Distribution.prototype, inspect.custom, {
  value(this: Distribution<unknown>): object {
    const { strategy, itemCount, counts, unassignedCount, makespan, lowerBound, imbalance } = this;
    return {
      strategy,
      itemCount,
      counts,
      unassignedCount,
      makespan,
      lowerBound,
      ...(imbalance !== undefined && { imbalance }),
    };
  },
});

function byDevice<V>(job: DistributionJob, valueAt: (place: number) => V): Map<string, V> {
  const values = new Map<string, V>();
  for (let place = 0; place < job.deviceIds.length; place += 1) {
    values.set(job.deviceIds[place] as string, valueAt(place));
  }
  return values;
}
