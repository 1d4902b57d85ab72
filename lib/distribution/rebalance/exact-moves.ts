import { bytesAt, costAt, limitAt, loadAt } from '../job.js';
import { unassignedOwner } from '../plan.js';
import {
  countMoves,
  countUnassigned,
  isPlace,
  type Relocated,
  type Relocation,
  Stock,
  tolerance,
} from './relocation.js';

/** What plans are compared by, in this order. */
export interface Score {
  readonly unassigned: number;
  /** When the last device is done; never less than when it may be. */
  readonly time: number;
  readonly moves: number;
}

export function scoreOf(relocation: Relocation, owners: Uint32Array, target: number): Score {
  return {
    unassigned: countUnassigned(owners),
    time: Math.max(target, Stock.of(relocation.job, owners).makespan()),
    moves: countMoves(relocation.owners, owners),
  };
}

export function isBetter(a: Score, b: Score): boolean {
  if (a.unassigned !== b.unassigned) return a.unassigned < b.unassigned;
  if (Math.abs(a.time - b.time) > tolerance * b.time) return a.time < b.time;
  return a.moves < b.moves;
}

/** More items than this are not tried: trying them all is hopeless, and the depth of the walk. */
const mostItems = 64;
/** Partial plans looked at; some tens of milliseconds. */
const mostLooks = 100_000;

/**
 * The best plan, by branch and bound: items from the most expensive one down, each tried first
 * where it is, then on the other devices, then on none. A partial plan is given up when what it has
 * come to already, and for moves what devices have to give up yet, is no better than the best plan
 * so far. `isMinimal` when it was looked through to the end; else the best that was seen.
 */
export function exactMoves(relocation: Relocation, target: number, start: Uint32Array): Relocated {
  if (start.length > mostItems) return { owners: start, isMinimal: false };
  const walk = new Walk(relocation, target, start);
  const isMinimal = walk.run();
  return { owners: walk.best, isMinimal };
}

class Walk {
  best: Uint32Array;
  readonly #relocation: Relocation;
  readonly #target: number;
  readonly #order: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #stock: Stock;
  #bestScore: Score;
  #looks = 0;

  constructor(relocation: Relocation, target: number, start: Uint32Array) {
    const { job, owners } = relocation;
    this.best = start;
    this.#relocation = relocation;
    this.#target = target;
    this.#bestScore = scoreOf(relocation, start, target);
    this.#order = Uint32Array.from(owners.keys()).sort(
      (a, b) => costAt(job, b) - costAt(job, a) || bytesAt(job, b) - bytesAt(job, a) || a - b,
    );
    this.#owners = new Uint32Array(owners.length).fill(unassignedOwner);
    this.#stock = new Stock(job);
  }

  /** False: it took too long. */
  run(): boolean {
    const latest = this.#stock.makespan();
    return this.#from(0, { unassigned: 0, time: Math.max(this.#target, latest), moves: 0 });
  }

  #from(depth: number, score: Score): boolean {
    this.#looks += 1;
    if (this.#looks > mostLooks) return false;
    if (!isBetter(this.#atLeast(depth, score), this.#bestScore)) return true;
    const item = this.#order[depth];
    if (item === undefined) {
      this.best = this.#owners.slice();
      this.#bestScore = score;
      return true;
    }
    for (const place of this.#placesFor(item)) {
      if (!this.#try(depth, score, place)) return false;
    }
    return true;
  }

  #try(depth: number, score: Score, place: number): boolean {
    const item = this.#order[depth] as number;
    const moves = score.moves + (this.#relocation.owners[item] === place ? 0 : 1);
    if (place === unassignedOwner) {
      return this.#from(depth + 1, { ...score, unassigned: score.unassigned + 1, moves });
    }
    this.#stock.put(place, item);
    this.#owners[item] = place;
    const time = Math.max(score.time, this.#stock.finish(place));
    const isDone = this.#from(depth + 1, { ...score, time, moves });
    this.#owners[item] = unassignedOwner;
    this.#stock.take(place, item);
    return isDone;
  }

  #placesFor(item: number): readonly number[] {
    const { job, owners } = this.#relocation;
    const cost = costAt(job, item);
    const open = [...job.deviceIds.keys()].filter((place) =>
      this.#stock.fits(place, item, Infinity),
    );
    const finish = new Map(open.map((place) => [place, this.#stock.finish(place, cost)]));
    const home = owners[item];
    const rank = (place: number) => (place === home ? -1 : (finish.get(place) ?? 0));
    return [...open.sort((a, b) => rank(a) - rank(b) || a - b), unassignedOwner];
  }

  /** What no plan that goes on from here can beat. */
  #atLeast(depth: number, score: Score): Score {
    const best = this.#bestScore;
    const isInTime = best.time <= this.#target * (1 + tolerance);
    if (!isInTime || best.unassigned > score.unassigned) return score;
    return { ...score, moves: score.moves + this.#movesToCome(depth) };
  }

  /**
   * Of the items that are still to be decided: as many as devices cannot keep in time, and those
   * that have no device now.
   */
  #movesToCome(depth: number): number {
    const { job, owners } = this.#relocation;
    const rest = this.#order.subarray(depth);
    let moves = 0;
    const cost = Float64Array.from(this.#stock.cost);
    for (const item of rest) {
      const owner = owners[item] as number;
      if (isPlace(owner)) cost[owner] = (cost[owner] as number) + costAt(job, item);
      // Not assigned is worse than any move, where all can be; otherwise it may stay as it is.
      else if (owner !== unassignedOwner || this.#bestScore.unassigned === 0) moves += 1;
    }
    for (const item of rest) {
      const owner = owners[item] as number;
      if (!isPlace(owner)) continue;
      const speed = job.speeds[owner] as number;
      const inTime = this.#target * speed * (1 + tolerance) - loadAt(job, owner);
      const most = Math.min(inTime, limitAt(job.costLimits, owner) * (1 + tolerance));
      // The most expensive first: no fewer would do.
      if ((cost[owner] as number) <= most + tolerance * (cost[owner] as number)) continue;
      cost[owner] = (cost[owner] as number) - costAt(job, item);
      moves += 1;
    }
    return moves;
  }
}
