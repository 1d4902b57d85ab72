import { describeValue } from '../arguments.js';
import { gibibytes, short } from '../selection/figures.js';
import { bytesAt, costAt, type DistributionJob, limitAt } from './job.js';
import type { Usage } from './usage.js';

/** Why an item has no device. */
export interface UnassignedReason {
  /**
   * `no-device`: none may take any. `too-large`: more than any device takes in all. `limit-items`,
   * `limit-bytes`, `limit-cost`: all that could take it are at that limit. `memory`: none has so
   * much free. `min-batch`: what is left is less than a device takes at least. `strategy`: devices
   * have room, and the strategy left it out.
   */
  readonly code:
    | 'no-device'
    | 'too-large'
    | 'limit-items'
    | 'limit-bytes'
    | 'limit-cost'
    | 'memory'
    | 'min-batch'
    | 'strategy';
  /** One line with the numbers that decided. */
  readonly message: string;
}

/** What devices have left, the most of any by kind; only those with speed and items left count. */
interface Room {
  readonly open: readonly number[];
  readonly bytes: number;
  readonly cost: number;
  /** The most that any device takes in all. */
  readonly wholeBytes: number;
  readonly wholeCost: number;
  readonly workers: number;
}

/** Says why items are unassigned; equal items share one reason. */
export class Reasons {
  readonly #job: DistributionJob;
  readonly #usage: Usage;
  readonly #room: Room;
  readonly #fitting: Fitting;
  readonly #known = new Map<string, UnassignedReason>();

  constructor(job: DistributionJob, usage: Usage) {
    this.#job = job;
    this.#usage = usage;
    this.#room = roomOf(job, usage);
    this.#fitting = new Fitting(job, usage, this.#room.open);
  }

  of(index: number): UnassignedReason {
    const [bytes, cost] = [bytesAt(this.#job, index), costAt(this.#job, index)];
    const key = `${bytes} ${cost}`;
    let reason = this.#known.get(key);
    if (reason === undefined) {
      reason = Object.freeze(this.#find(bytes, cost));
      // Items that all differ would fill the map for nothing.
      if (this.#known.size < 64) this.#known.set(key, reason);
    }
    return reason;
  }

  #find(bytes: number, cost: number): UnassignedReason {
    const { workers, open, wholeBytes, wholeCost } = this.#room;
    if (workers === 0) return { code: 'no-device', message: 'no device may take any item' };
    if (bytes > wholeBytes) {
      const most = wholeBytes === 0 ? 'none is known to be free' : gibibytes(wholeBytes);
      const message = `it takes ${gibibytes(bytes)}; the most that any device takes: ${most}`;
      return { code: 'too-large', message };
    }
    if (cost > wholeCost) {
      const most = short(wholeCost);
      const message = `it costs ${short(cost)}; the most that any device takes: ${most}`;
      return { code: 'too-large', message };
    }
    if (open.length === 0) {
      return {
        code: 'limit-items',
        message: `all ${workers} devices have all the items they take`,
      };
    }
    return this.#short(bytes, cost);
  }

  /** No device has all that is missing; what the first one misses decides. */
  #short(bytes: number, cost: number): UnassignedReason {
    const { open, bytes: mostBytes, cost: mostCost } = this.#room;
    const job = this.#job;
    const blocked = open[0] as number;
    if (this.#fitting.has(bytes, cost)) return this.#leftOut();
    if (bytes <= bytesLeft(job, this.#usage, blocked)) {
      const message = `it costs ${short(cost)}, at most ${short(mostCost)} are left on any device`;
      return { code: 'limit-cost', message };
    }
    const isMemory = limitAt(job.freeBytes, blocked) <= limitAt(job.byteLimits, blocked);
    const left = gibibytes(Math.max(0, mostBytes));
    const message = `it takes ${gibibytes(bytes)}, at most ${left} are left on any device`;
    return { code: isMemory ? 'memory' : 'limit-bytes', message };
  }

  #leftOut(): UnassignedReason {
    const { minPerDevice } = this.#job.settings;
    if (minPerDevice > 1) {
      const message = `a device takes at least ${minPerDevice} items, and there are too few for it`;
      return { code: 'min-batch', message };
    }
    const open = describeValue(this.#job.deviceIds[this.#room.open[0] ?? 0]);
    return {
      code: 'strategy',
      message: `the strategy left it out, though ${open} has room for it`,
    };
  }
}

/** Whether a device has room in bytes and in cost: many items ask about many devices. */
class Fitting {
  /** Descending. */
  readonly #bytes: Float64Array;
  /** The most cost that those up to here have left. */
  readonly #cost: Float64Array;

  constructor(job: DistributionJob, usage: Usage, open: readonly number[]) {
    const left = open.map((place) => ({
      bytes: bytesLeft(job, usage, place),
      cost: costLeft(job, usage, place),
    }));
    left.sort((a, b) => (a.bytes < b.bytes ? 1 : a.bytes > b.bytes ? -1 : 0));
    let most = -Infinity;
    this.#bytes = Float64Array.from(left, ({ bytes }) => bytes);
    this.#cost = Float64Array.from(left, ({ cost }) => {
      most = Math.max(most, cost);
      return most;
    });
  }

  has(bytes: number, cost: number): boolean {
    let [low, high] = [0, this.#bytes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#bytes[middle] as number) >= bytes) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (this.#cost[low - 1] as number) >= cost;
  }
}

export function bytesLeft(job: DistributionJob, usage: Usage, place: number): number {
  return limitAt(job.byteLimits, place) - (usage.bytes[place] as number);
}

export function costLeft(job: DistributionJob, usage: Usage, place: number): number {
  return limitAt(job.costLimits, place) - (usage.costs[place] as number);
}

function roomOf(job: DistributionJob, usage: Usage): Room {
  const places = job.deviceIds.map((_, place) => place);
  const workers = places.filter((place) => (job.speeds[place] as number) > 0);
  const open = workers.filter(
    (place) => (usage.items[place] as number) < limitAt(job.itemLimits, place),
  );
  const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), 0);
  return {
    open,
    workers: workers.length,
    bytes: most(open.map((place) => bytesLeft(job, usage, place))),
    cost: most(open.map((place) => costLeft(job, usage, place))),
    wholeBytes: most(workers.map((place) => limitAt(job.byteLimits, place))),
    wholeCost: most(workers.map((place) => limitAt(job.costLimits, place))),
  };
}
