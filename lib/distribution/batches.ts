import { Carrying } from './carrying.js';
import { Distribution } from './distribution.js';
import { planOf } from './planning.js';
import { type ShareParts, share } from './share.js';
import type { Sharing } from './sharing.js';

/** What a batch has of its own; all have one sharing. */
export type BatchParts = Omit<ShareParts, 'sharing' | 'plan'>;

/** One batch after another, shared out in the same way, each with what those before left over. */
export class Batches {
  readonly #carrying = new Carrying();
  readonly #sharing: Sharing;

  constructor(sharing: Sharing) {
    this.#sharing = sharing;
  }

  /** What it throws leaves all as it was. @throws as `share` */
  share<T>(batch: BatchParts): Distribution<T> {
    const { strategy } = this.#sharing;
    const isOwn = typeof strategy === 'object';
    const carried = {
      name: isOwn ? strategy.name : strategy,
      isOwn,
      plan: (job: Parameters<typeof planOf>[0]) => planOf(job, strategy),
    };
    const distribution = share<T>({
      ...batch,
      sharing: this.#sharing,
      plan: (job) => this.#carrying.plan(job, carried),
    });
    const parts = Distribution.partsOf(distribution);
    if (parts !== undefined) this.#carrying.settle(parts.job, parts.plan, carried);
    return distribution;
  }

  /** Cost that each device is behind its share, in that order; below 0: ahead; 0: never seen. */
  carry(deviceIds: Iterable<string>): ReadonlyMap<string, number> {
    const { credits } = this.#carrying;
    return new Map(Array.from(deviceIds, (deviceId) => [deviceId, credits.get(deviceId) ?? 0]));
  }

  /** Forgets devices that are gone. */
  keepOnly(deviceIds: { has(deviceId: string): boolean }): void {
    this.#carrying.keepOnly(deviceIds);
  }
}
