import { GPUError } from '../errors.js';

/** As many items as half of them are what a Map holds for certain. */
const mostPlaces = 2 ** 24;
const leastPlaces = 64;
/** In place of a row: what the token stands for is kept by itself. */
const noRow = -1;

/**
 * Who holds what, by a number that is free to make and says whether it is still good: a token lies
 * at its low bits, so looking it up is one comparison. Tokens count up from 1 to 2^31 - 1 and begin
 * again, passing over places in use; while half the places are free, one comes again after 2^30
 * others at the earliest.
 *
 * Most stand for what all tokens of a device have alike: its row says what, so that no object is
 * kept, or looked at.
 */
export class TokenTable<T> {
  readonly #ofRow: (row: number) => T | undefined;
  /** Two of each place: the token, 0 where nobody has the place, and the row. */
  #cells: Int32Array = new Int32Array(2 * leastPlaces);
  readonly #items = new Map<number, T>();
  /** How many more may be issued before it has to grow. */
  #room = leastPlaces / 2;
  #last: number;

  /** `ofRow` says what the tokens of a row stand for. Tokens count on from `last`. */
  constructor(ofRow: (row: number) => T | undefined, last = 0) {
    this.#ofRow = ofRow;
    this.#last = last;
  }

  get size(): number {
    return this.#cells.length / 4 - this.#room;
  }

  /**
   * Makes sure that the next `issueOf` allocates nothing, and `issue` not much, and neither fails.
   * @throws GPUError ERR_GPU_LEDGER_FULL
   */
  reserve(): void {
    if (this.#room === 0) this.#grow();
  }

  /** For what the row's tokens stand for. REQUIRES: `reserve` since the last one. */
  issueOf(row: number): number {
    const cells = this.#cells;
    let token = this.#last;
    let at = 0;
    do {
      token = (token + 1) & 0x7fffffff;
      at = (token << 1) & (cells.length - 1);
    } while (token === 0 || cells[at] !== 0);
    this.#last = token;
    cells[at] = token;
    cells[at + 1] = row;
    this.#room -= 1;
    return token;
  }

  /** For something else. REQUIRES: `reserve` since the last one. */
  issue(item: T): number {
    const token = this.issueOf(noRow);
    this.#items.set(token, item);
    return token;
  }

  /**
   * The row that says what it stands for, and it is over; -1: none does, or it is not good.
   * Anything may be asked about.
   */
  takeRow(token: number): number {
    if (typeof token !== 'number' || !(token > 0)) return -1;
    const cells = this.#cells;
    const at = (token << 1) & (cells.length - 1);
    const row = cells[at + 1] as number;
    if (cells[at] !== token || row === noRow) return -1;
    cells[at] = 0;
    this.#room += 1;
    return row;
  }

  /** What it stands for; undefined: it is not good, or no longer. Anything may be asked about. */
  get(token: number): T | undefined {
    const item = this.#items.get(token);
    if (item !== undefined || typeof token !== 'number' || !(token > 0)) return item;
    const at = (token << 1) & (this.#cells.length - 1);
    return this.#cells[at] === token ? this.#ofRow(this.#cells[at + 1] as number) : undefined;
  }

  /** Likewise, and it is over. */
  take(token: number): T | undefined {
    const item = this.get(token);
    if (item === undefined) return undefined;
    this.#items.delete(token);
    this.#cells[(token << 1) & (this.#cells.length - 1)] = 0;
    this.#room += 1;
    return item;
  }

  /** These rows are about to say something else: their tokens keep what they stand for. */
  keepItemsOf(rows: ReadonlySet<number>): void {
    const cells = this.#cells;
    for (let at = 0; at < cells.length; at += 2) {
      const [token, row] = [cells[at] as number, cells[at + 1] as number];
      if (token === 0 || !rows.has(row)) continue;
      const item = this.#ofRow(row);
      if (item !== undefined) this.#items.set(token, item);
      cells[at + 1] = noRow;
    }
  }

  *entries(): Generator<readonly [token: number, item: T]> {
    for (const token of this.#cells.filter((_, at) => at % 2 === 0)) {
      const item = this.get(token);
      if (item !== undefined) yield [token, item];
    }
  }

  #grow(): void {
    const before = this.#cells;
    const length = 2 * before.length;
    if (length > 2 * mostPlaces) {
      const message = `expected at most ${mostPlaces / 2} tokens out at once, and they are`;
      throw new GPUError('ERR_GPU_LEDGER_FULL', message, { hint: 'release tokens that are done' });
    }
    const cells = new Int32Array(length);
    for (let at = 0; at < before.length; at += 2) {
      const token = before[at] as number;
      if (token !== 0) cells.set(before.subarray(at, at + 2), (token << 1) & (length - 1));
    }
    this.#cells = cells;
    this.#room = (length - before.length) / 4;
  }
}
