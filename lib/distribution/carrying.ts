import { Carry } from './carry.js';
import { type DistributionJob, equalItemLimit, loadAt } from './job.js';
import { KeyMemory } from './key-memory.js';
import type { Plan } from './plan.js';
import { fairFinish } from './strategies/locality.js';
import { usageOf } from './usage.js';

/** Whose equal items go by count, and so by what each device is due. */
const countStrategies: ReadonlySet<string> = new Set([
  'uniform',
  'capacity',
  'least-loaded',
  'cost',
]);
/** What was there before changes nothing: free memory and keys decide. */
const withoutCarry: ReadonlySet<string> = new Set(['memory', 'hash']);

export interface CarriedStrategy {
  readonly name: string;
  readonly isOwn: boolean;
  plan(job: DistributionJob): Plan;
}

/** Plans one batch after another, each with what those before left over. */
export class Carrying {
  readonly #carry = new Carry();
  readonly #keys = new KeyMemory();

  get credits(): ReadonlyMap<string, number> {
    return this.#carry.credits;
  }

  /** Forgets devices that are gone. */
  keepOnly(deviceIds: { has(deviceId: string): boolean }): void {
    this.#carry.keepOnly(deviceIds);
    this.#keys.keepOnly(deviceIds);
  }

  /** Remembers nothing until `settle`. */
  plan(job: DistributionJob, strategy: CarriedStrategy): Plan {
    const { name, isOwn } = strategy;
    if (!isOwn && withoutCarry.has(name)) return strategy.plan(job);
    if (!isOwn && isEqual(job) && countStrategies.has(name)) {
      return { kind: 'counts', counts: this.#carry.countsFor(accountOf(job, strategy)) };
    }
    const { loads } = this.#carry.loaded(accountOf(job, strategy));
    const carried = { ...job, loads };
    if (isOwn || name !== 'locality') return strategy.plan(carried);
    const settings = { ...job.settings, maxLoadRatio: ratioFor(job, carried) };
    return strategy.plan(this.#keys.placed({ ...carried, settings }));
  }

  /** The plan is carried out. */
  settle(job: DistributionJob, plan: Plan, strategy: CarriedStrategy): void {
    const { name, isOwn } = strategy;
    if (isOwn || !withoutCarry.has(name)) {
      const account = accountOf(job, strategy);
      this.#carry.settle(account, usageOf(account, plan));
    }
    if (!isOwn && name === 'locality') this.#keys.remember(job, plan);
  }
}

/**
 * What came before decides where new keys go, and moves no key from its home: the device that is
 * furthest ahead may take of this batch what it may without.
 */
function ratioFor(job: DistributionJob, carried: DistributionJob): number {
  const { maxLoadRatio } = job.settings;
  const fair = fairFinish(carried);
  if (fair === 0 || fair === Infinity) return maxLoadRatio;
  const ahead = job.speeds.reduce((most, speed, place) => {
    const more = loadAt(carried, place) - loadAt(job, place);
    return speed > 0 ? Math.max(most, more / speed) : most;
  }, 0);
  return (ahead + maxLoadRatio * fairFinish(job)) / fair;
}

function isEqual({ costs, bytes }: DistributionJob): boolean {
  return costs === undefined && bytes === undefined;
}

/** What shares are of: cost; of 'uniform' items, whatever they cost. */
function accountOf(job: DistributionJob, { name, isOwn }: CarriedStrategy): DistributionJob {
  if (isOwn || name !== 'uniform') return job;
  const inItems = { ...job, itemCost: 1, costs: undefined, costLimits: undefined };
  if (!isEqual(job) || job.itemCost === 0) return inItems;
  return {
    ...inItems,
    loads: job.loads?.map((load) => load / job.itemCost),
    itemLimits: job.speeds.map((_, place) => equalItemLimit(job, place)),
  };
}
