import { Tournament } from './tournament.js';

/**
 * The least loaded of many, where most of what is given back is taken again at once: a load that
 * falls waits outside of the tree until another one changes. It is compared with the best that is
 * in the tree, and as a rule is better; taken again, it is what the tree has it for.
 */
export class LoadTournament {
  readonly #keyOf: (index: number, load: number) => number;
  readonly #tree = new Tournament();
  /** What the keys in the tree are of. */
  #loads: Int32Array = new Int32Array(0);
  /** Whose load has fallen since; -1: nobody's. */
  #fallen = -1;
  #fallenLoad = 0;
  /** NaN: not asked for yet. */
  #fallenKey: number = Number.NaN;

  /** `keyOf` may say another thing each time, as far as ties go. */
  constructor(keyOf: (index: number, load: number) => number) {
    this.#keyOf = keyOf;
  }

  /** The index with the lowest key; -1: none takes part. */
  get best(): number {
    const { best } = this.#tree;
    return this.#fallen === -1 ? best : this.#bestWithFallen(best);
  }

  /** REQUIRES: 0 <= index < the count of the last `reset`. Loads are whole numbers. */
  change(index: number, load: number): void {
    const before = this.#loads[index] as number;
    if (index === this.#fallen) {
      this.#fallen = -1;
      if (load === before) return;
    }
    if (load >= before) {
      this.set(index, load);
      return;
    }
    this.#settle();
    this.#fallen = index;
    this.#fallenLoad = load;
    this.#fallenKey = Number.NaN;
  }

  /** Likewise, and its key is made anew in any case. */
  set(index: number, load: number): void {
    if (index === this.#fallen) this.#fallen = -1;
    this.#loads[index] = load;
    this.#tree.set(index, this.#keyOf(index, load));
  }

  /** Begins anew with so many. Without `loadOf` none takes part until it is `set`. */
  reset(count: number, loadOf?: (index: number) => number): void {
    this.#fallen = -1;
    if (this.#loads.length !== count) this.#loads = new Int32Array(count);
    if (loadOf === undefined) this.#tree.reset(count);
    if (loadOf === undefined) return;
    this.#tree.reset(count, (index) => {
      const load = loadOf(index);
      this.#loads[index] = load;
      return this.#keyOf(index, load);
    });
  }

  #bestWithFallen(best: number): number {
    const fallen = this.#fallen;
    if (Number.isNaN(this.#fallenKey)) this.#fallenKey = this.#keyOf(fallen, this.#fallenLoad);
    const key = this.#fallenKey;
    const bestKey = best === -1 ? Infinity : this.#tree.keyOf(best);
    if (key < bestKey) return fallen;
    this.#settle();
    return this.#tree.best;
  }

  #settle(): void {
    const index = this.#fallen;
    if (index === -1) return;
    this.#fallen = -1;
    this.#loads[index] = this.#fallenLoad;
    const key = this.#fallenKey;
    this.#tree.set(index, Number.isNaN(key) ? this.#keyOf(index, this.#fallenLoad) : key);
  }
}
