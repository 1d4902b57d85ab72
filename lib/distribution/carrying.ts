import { Carry } from './carry.js';
import type { DistributionJob } from './job.js';
import { KeyMemory } from './key-memory.js';
import type { Plan } from './plan.js';
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
  }

  /** Remembers nothing until `settle`. */
  plan(job: DistributionJob, strategy: CarriedStrategy): Plan {
    const { name, isOwn } = strategy;
    const isEqual = job.costs === undefined && job.bytes === undefined;
    if (!isOwn && isEqual && countStrategies.has(name)) {
      return { kind: 'counts', counts: this.#carry.countsFor(job) };
    }
    if (!isOwn && withoutCarry.has(name)) return strategy.plan(job);
    return strategy.plan(this.#carry.loaded(this.#keys.placed(job)));
  }

  /** The plan is carried out. */
  settle(job: DistributionJob, plan: Plan, { name, isOwn }: CarriedStrategy): void {
    if (isOwn || !withoutCarry.has(name)) this.#carry.settle(job, usageOf(job, plan));
    if (!isOwn && name === 'locality') this.#keys.remember(job, plan);
  }
}
