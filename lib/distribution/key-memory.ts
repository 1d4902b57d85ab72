import type { DistributionJob } from './job.js';
import { type Plan, unassignedOwner } from './plan.js';
import type { ItemKey } from './strategy.js';

/** Keys that are remembered; the one that was used longest ago is forgotten first. */
const mostKeys = 2 ** 16;

/** Which device is the home of which key: as the plan says, else the one that got its last item. */
export class KeyMemory {
  /** In the order of use. */
  readonly #deviceOf = new Map<ItemKey, string>();
  /** Devices that may be the home of a key. */
  readonly #homes = new Set<string>();

  /** Forgets what was at home on devices that are gone. */
  keepOnly(deviceIds: { has(deviceId: string): boolean }): void {
    const gone = [...this.#homes].filter((deviceId) => !deviceIds.has(deviceId));
    if (gone.length === 0) return;
    for (const deviceId of gone) this.#homes.delete(deviceId);
    for (const [key, deviceId] of this.#deviceOf) {
      if (!this.#homes.has(deviceId)) this.#deviceOf.delete(key);
    }
  }

  /** The job with what is remembered of its keys; what its `placement` says comes first. */
  placed(job: DistributionJob): DistributionJob {
    if (job.keys === undefined || this.#deviceOf.size === 0) return job;
    const { settings } = job;
    const placement = new Map<ItemKey, string>();
    for (const key of new Set(job.keys)) {
      const deviceId = settings.placement?.get(key) ?? this.#deviceOf.get(key);
      if (deviceId !== undefined) placement.set(key, deviceId);
    }
    return { ...job, settings: { ...settings, placement } };
  }

  remember({ keys, deviceIds }: DistributionJob, plan: Plan): void {
    if (keys === undefined || plan.kind !== 'owners') return;
    const lastOf = new Map<ItemKey, string>();
    for (const [index, key] of keys.entries()) {
      const owner = plan.owners[index];
      const home = plan.homeOf?.(key) ?? (owner === unassignedOwner ? undefined : owner);
      const deviceId = deviceIds[home ?? -1];
      if (deviceId !== undefined) lastOf.set(key, deviceId);
    }
    for (const [key, deviceId] of lastOf) {
      this.#deviceOf.delete(key);
      this.#deviceOf.set(key, deviceId);
      this.#homes.add(deviceId);
    }
    for (const oldest of this.#deviceOf.keys()) {
      if (this.#deviceOf.size <= mostKeys) return;
      this.#deviceOf.delete(oldest);
    }
  }
}
