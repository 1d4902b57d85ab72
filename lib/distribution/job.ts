import type { ItemKey } from './strategy.js';

/** What only some strategies ask about. */
export interface JobSettings {
  readonly rounding: 'makespan' | 'largest-remainder';
  /** The least that a device takes if it takes any. */
  readonly minPerDevice: number;
  readonly improve: boolean;
  readonly hashing: 'rendezvous' | 'jump';
  readonly placement: ReadonlyMap<ItemKey, string> | undefined;
  readonly maxLoadRatio: number;
}

/**
 * A distribution, read and checked: what strategies work on. Lists of devices are in the order of
 * `deviceIds`, lists of items in theirs. Limits are of what this distribution adds.
 */
export interface DistributionJob {
  readonly itemCount: number;
  readonly deviceIds: readonly string[];
  /** Cost a unit of time; finite, from 0 on. One of speed 0 takes nothing. */
  readonly speeds: Float64Array;
  /** Cost that is already there; finite, from 0 on. Absent: none. */
  readonly loads: Float64Array | undefined;
  /** From 0 on, Infinity: none. Absent: no device has one. */
  readonly itemLimits: Float64Array | undefined;
  readonly costLimits: Float64Array | undefined;
  /** Free memory included, where items have bytes. */
  readonly byteLimits: Float64Array | undefined;
  /** Effective free memory; NaN: unknown. Absent: not asked for. */
  readonly freeBytes: Float64Array | undefined;
  /** Of every item, where all cost the same: then `costs` is absent. */
  readonly itemCost: number;
  readonly costs: Float64Array | undefined;
  /** Of every item, where all take the same: then `bytes` is absent. 0: no bytes are asked for. */
  readonly itemBytes: number;
  readonly bytes: Float64Array | undefined;
  readonly keys: readonly ItemKey[] | undefined;
  readonly settings: JobSettings;
}

export const usualSettings: JobSettings = Object.freeze({
  rounding: 'makespan',
  minPerDevice: 1,
  improve: false,
  hashing: 'rendezvous',
  placement: undefined,
  maxLoadRatio: 1.25,
});

/** Of a list of devices that may be absent. */
export function limitAt(limits: Float64Array | undefined, place: number): number {
  return limits === undefined ? Infinity : (limits[place] as number);
}

export function loadAt({ loads }: DistributionJob, place: number): number {
  return loads === undefined ? 0 : (loads[place] as number);
}

export function costAt({ costs, itemCost }: DistributionJob, index: number): number {
  return costs === undefined ? itemCost : (costs[index] as number);
}

export function bytesAt({ bytes, itemBytes }: DistributionJob, index: number): number {
  return bytes === undefined ? itemBytes : (bytes[index] as number);
}

/**
 * The most items that the device takes by its own limits, where all cost the same; by that on bytes
 * where all take the same. REQUIRES: no costs.
 */
export function equalItemLimit(job: DistributionJob, place: number): number {
  const byCost = quotient(limitAt(job.costLimits, place), job.itemCost);
  const areAlike = job.bytes === undefined;
  const byBytes = areAlike ? quotient(limitAt(job.byteLimits, place), job.itemBytes) : Infinity;
  return Math.min(limitAt(job.itemLimits, place), byCost, byBytes);
}

/** How often `part` fits into `whole`, by multiplication: a quotient may round up. */
function quotient(whole: number, part: number): number {
  if (whole === Infinity || part === 0) return Infinity;
  const times = Math.floor(whole / part);
  return times * part <= whole ? times : times - 1;
}
