import { weightSteps } from './criteria.js';
import { emptierFirst } from './policies/least-loaded.js';
import { Random } from './random.js';
import { Tournament } from './tournament.js';

/** Ties are broken by so small a part of the key that nothing else is, its last bit a turn. */
const turnShare = 1e-9 / 2 ** 22;
const mostTurns = 2 ** 22;
const perStep = 1 / weightSteps;
/** Infinity by a constant: a global that was never read may be anything to an engine. */
const full = Infinity;
/** Above what any turn makes of a load, up to millions of devices. */
const mostShare = 1 + 4e-9;

export interface LoadOrderOptions {
  /** The most weight in flight that leases may put on a device. */
  readonly maxInFlight: number;
  readonly seed?: number | undefined;
}

/**
 * Who takes the next lease of weight 1: the least loaded for its speed, of equals the emptier
 * (`emptierFirst` of the policy), at random among those. Loads are whole numbers of 64ths.
 *
 * Most of what is given back is taken again at once, so a load that falls waits outside of the tree
 * until another one changes. It is compared with the best that is in the tree, and as a rule is
 * better; taken again, it is what the tree has it for.
 */
export class LoadOrder {
  readonly #maxInFlight: number;
  readonly #tree = new Tournament();
  /** 1 / speed, for a division takes as long as the rest of a key; Infinity: it takes no part. */
  #perSpeed: Float64Array = new Float64Array(0);
  /** What the keys in the tree are of. */
  #loads: Int32Array = new Int32Array(0);
  /** Whose load has fallen since; -1: nobody's. */
  #fallen = -1;
  #fallenLoad = 0;
  /** No turn makes its key more, so where that is less than the tree's, none is drawn. */
  #fallenMost = Infinity;
  #chance: number;
  /** Of a draw, for each of its 2^32 steps. */
  #turnRange = 0;
  /** Keys since all of them were drawn. */
  #turns = 0;

  constructor({ maxInFlight, seed }: LoadOrderOptions) {
    this.#maxInFlight = maxInFlight;
    this.#chance = new Random(seed).below(2 ** 32) | 0;
  }

  /** -1: none takes part. */
  get best(): number {
    return this.#fallenMost < this.#tree.lowest ? this.#fallen : this.#bestByKey();
  }

  /** REQUIRES: 0 <= index < the count of the last `begin`. */
  change(index: number, load: number): void {
    if (this.#fallen === -1 && load < (this.#loads[index] as number)) {
      this.#fallen = index;
      this.#fallenLoad = load;
      // As #loadOf says, but what a function returns that is not inlined is boxed.
      const inFlight = load * perStep;
      const perSpeed = this.#perSpeed[index] as number;
      const most = emptierFirst((inFlight + 1) * perSpeed, inFlight) * mostShare;
      this.#fallenMost = inFlight + 1 > this.#maxInFlight ? full : most;
    } else {
      this.#settle();
      this.#put(index, load);
    }
  }

  /** Likewise, of who was `best` and has taken a lease. */
  taken(index: number, load: number): void {
    if (index === this.#fallen && load === this.#loads[index]) {
      this.#fallen = -1;
      this.#fallenMost = Infinity;
    } else {
      this.change(index, load);
    }
  }

  /** So many, and nobody takes part until `set`. */
  begin(count: number): void {
    this.#fallen = -1;
    this.#fallenMost = Infinity;
    this.#turnRange = (4 * count + 8) * 2 ** -32;
    this.#loads = new Int32Array(count);
    this.#perSpeed = new Float64Array(count).fill(Infinity);
    this.#tree.reset(count);
  }

  /** Another speed; Infinity per speed: it takes no part. */
  set(index: number, load: number, perSpeed: number): void {
    this.#settle();
    this.#perSpeed[index] = perSpeed;
    this.#put(index, load);
  }

  #put(index: number, load: number): void {
    if (this.#turns >= mostTurns) this.#drawAll();
    this.#loads[index] = load;
    this.#tree.set(index, this.#keyOf(index, load));
  }

  #bestByKey(): number {
    if (this.#fallen === -1) return this.#tree.best;
    if (this.#turns >= mostTurns) this.#drawAll();
    const fallen = this.#fallen;
    if (this.#keyOf(fallen, this.#fallenLoad) < this.#tree.lowest) return fallen;
    this.#settle();
    return this.#tree.best;
  }

  #settle(): void {
    if (this.#fallen === -1) return;
    const index = this.#fallen;
    this.#fallen = -1;
    this.#fallenMost = Infinity;
    this.#put(index, this.#fallenLoad);
  }

  #drawAll(): void {
    this.#turns = 0;
    const loads = this.#loads;
    this.#tree.reset(loads.length, (index) => this.#keyOf(index, loads[index] as number));
  }

  #keyOf(index: number, steps: number): number {
    // A step of a linear congruential generator (Numerical Recipes); its high bits are good.
    const chance = (Math.imul(this.#chance, 1_664_525) + 1_013_904_223) | 0;
    this.#chance = chance;
    // Only a key that changes is drawn anew. Draws from one range would make the device that is
    // given back the lowest again and again, as the others are what was too high to be taken. A
    // range that moves on by a turn a draw, and is so wide, gives each its turn, in no order.
    this.#turns += 1;
    const turn = this.#turns + this.#turnRange * chance;
    return this.#loadOf(index, steps) * (1 + turnShare * turn);
  }

  /** With one lease more, and without a turn; Infinity: there is no place for it. */
  #loadOf(index: number, steps: number): number {
    const inFlight = steps * perStep;
    if (inFlight + 1 > this.#maxInFlight) return full;
    return emptierFirst((inFlight + 1) * (this.#perSpeed[index] as number), inFlight);
  }
}
