import type { DistributionJob } from '../job.js';
import { jump } from '../jump.js';
import { type Hash, hashOf } from '../key-hash.js';
import { type Plan, unassignedOwner } from '../plan.js';
import { Rendezvous } from '../rendezvous.js';
import { Room } from '../room.js';
import type { ItemKey } from '../strategy.js';

/** From so many devices on it is cheaper to remember what a key got than to work it out again. */
const manyDevices = 24;

/**
 * By the hash of the items' keys, the same key to the same device, in any process, whatever else is
 * in the job: in proportion to speeds by rendezvous, or evenly by jump, over devices in their
 * order, which is fast for any number of them but keeps keys in place only where the last device
 * goes or one comes after it. Nothing else about a device matters, neither cost nor load.
 *
 * An item that is past a limit goes to the next device in its key's rendezvous rank. Then the order
 * of items decides who stays, and keys may share their items between devices.
 */
export function hash(job: DistributionJob): Plan {
  const owners = new Uint32Array(job.itemCount).fill(unassignedOwner);
  const hashing = new Hashing(job);
  for (const [item, key] of (job.keys ?? []).entries()) {
    const owner = hashing.ownerOf(item, key);
    if (owner !== undefined) owners[item] = owner;
  }
  return { kind: 'owners', owners };
}

class Hashing {
  readonly #room: Room;
  readonly #rendezvous: Rendezvous;
  readonly #buckets: Uint32Array | undefined;
  /** First choices, of devices that are open. */
  readonly #known: Map<ItemKey, number> | undefined;

  constructor(job: DistributionJob) {
    const { deviceIds, speeds, settings } = job;
    const isJump = settings.hashing === 'jump';
    this.#room = new Room(job);
    const weights = isJump ? speeds.map((speed) => (speed > 0 ? 1 : 0)) : speeds;
    this.#rendezvous = new Rendezvous(deviceIds, weights);
    this.#buckets = isJump
      ? Uint32Array.from(speeds.keys()).filter((at) => speeds[at] !== 0)
      : undefined;
    this.#known = !isJump && deviceIds.length >= manyDevices ? new Map() : undefined;
    if (this.#room.isLimited) this.#rendezvous.closeWhere((device) => this.#room.isFull(device));
  }

  ownerOf(item: number, key: ItemKey): number | undefined {
    const first = this.#firstChoice(key);
    if (!this.#room.isLimited || first === undefined) return first;
    const owner = this.#room.fits(first, item)
      ? first
      : this.#rendezvous.first(hashOf(key), (device) => this.#room.fits(device, item));
    if (owner === undefined) return undefined;
    this.#room.take(owner, item);
    if (this.#room.isFull(owner)) this.#rendezvous.closeWhere((device) => device === owner);
    return owner;
  }

  #firstChoice(key: ItemKey): number | undefined {
    const known = this.#known?.get(key);
    if (known !== undefined && !this.#room.isFull(known)) return known;
    const first = this.#choose(hashOf(key));
    if (first !== undefined) this.#known?.set(key, first);
    return first;
  }

  #choose(key: Hash): number | undefined {
    const buckets = this.#buckets;
    if (buckets !== undefined && buckets.length > 0) {
      const device = buckets[jump(key, buckets.length)] as number;
      if (!this.#room.isFull(device)) return device;
    }
    return this.#rendezvous.first(key);
  }
}
