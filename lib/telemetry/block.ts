import type { BlockLayout, NativeSession } from '../native.js';
import { copyLocked, type Words, words } from './locked-words.js';

/** A row as it was copied last, and where its lock lies, in halves. */
interface Row {
  readonly words: Words;
  readonly lock: number;
}

/**
 * Reads the published block: the newest sample of every device, written by the sampler's thread.
 *
 * Where the block's memory is visible here, a read is `Atomics` loads of 32-bit halves and no call
 * into native code; the rules are those of native/core/published_block.h, and the explorer in
 * test/native checks this very form. Where external memory is refused, a native call copies.
 */
export class BlockReader {
  readonly #layout: BlockLayout;
  readonly #session: NativeSession;
  /** The block itself, where it is visible here, for who looks at one word again and again. */
  readonly halves: Int32Array | undefined;
  /** In halves: the lock in a row, that of the first row, and from one to the next. */
  readonly #lockHalf: number;
  readonly #firstLock: number;
  readonly #lockStride: number;
  readonly #sequenceWord: number;
  /** The row that was asked for last. */
  #row: Row;
  readonly #rows: Row[] = [];
  readonly #word: Words = words(1);

  constructor(session: NativeSession, layout: BlockLayout) {
    this.#session = session;
    this.#layout = layout;
    const block = session.block();
    this.halves = block === undefined ? undefined : new Int32Array(block);
    this.#row = { words: words(layout.rowWords), lock: 0 };
    this.#lockHalf = 2 * layout.rowLockWord;
    this.#firstLock = 2 * (layout.firstRowWord + layout.rowLockWord);
    this.#lockStride = 2 * layout.rowStrideWords;
    this.#sequenceWord = layout.rowSequenceWord;
  }

  /** The low half of a header word: enough to see that it changed, and the cheapest look at it. */
  low(word: number): number {
    const { halves } = this;
    return halves === undefined ? this.count(word) | 0 : Atomics.load(halves, 2 * word);
  }

  /** A header word that counts something. */
  count(word: number): number {
    this.#copyHeader(word);
    return countIn(this.#word, 0);
  }

  /** A header word that holds a double. */
  double(word: number): number {
    this.#copyHeader(word);
    return this.#word.doubles[0] ?? Number.NaN;
  }

  /**
   * The row of a device as doubles, in the layout's order; NaN is an unknown value. The array is
   * this reader's own and is overwritten by the next call. Undefined: nothing was published yet.
   */
  row(row: number): Float64Array | undefined {
    const kept = this.#kept(row);
    if (kept !== undefined) this.#row = kept;
    else if (!this.#copyRow(row)) return undefined;
    const { doubles } = this.#row.words;
    return (doubles[this.#sequenceWord] ?? 0) > 0 ? doubles : undefined;
  }

  /** Of the row that `row()` gave last: its `turn()` then. */
  copied(): number {
    return this.#row.words.halves[this.#lockHalf] ?? 0;
  }

  /** Of the row that `row()` gave last: bit m says that metric m was worked out. */
  estimated(): number {
    return countIn(this.#row.words, this.#layout.rowEstimatedWord);
  }

  /** Which write of the row is there now; it differs after every poll. 0: never polled. */
  version(row: number): number {
    return this.#copyRow(row) ? countIn(this.#row.words, this.#layout.rowLockWord) : 0;
  }

  /**
   * The low half of the row's lock: it differs after every write, and is odd while one goes on.
   * The cheapest look at a row.
   */
  turn(row: number): number {
    const { halves } = this;
    if (halves === undefined) return this.version(row) | 0;
    return Atomics.load(halves, this.#firstLock + row * this.#lockStride);
  }

  /**
   * What the last poll of the device came to: an index into `NativeModule.statusNames`; undefined
   * before the first. One half of a word: it is whole, whatever is written beside it.
   */
  status(row: number): number | undefined {
    const halves = this.halves;
    const { firstRowWord, rowStrideWords, rowLockWord, rowStatusWord } = this.#layout;
    if (halves === undefined) {
      if (!this.#copyRow(row)) return undefined;
      return countIn(this.#row.words, rowStatusWord);
    }
    const start = firstRowWord + row * rowStrideWords;
    if (Atomics.load(halves, 2 * (start + rowLockWord)) === 0) return undefined;
    return Atomics.load(halves, 2 * (start + rowStatusWord));
  }

  #copyHeader(word: number): void {
    const halves = this.halves;
    if (halves === undefined) {
      this.#session.readHeader(word, this.#word.integers);
      return;
    }
    let high = Atomics.load(halves, 2 * word + 1);
    for (;;) {
      this.#word.halves[0] = Atomics.load(halves, 2 * word);
      this.#word.halves[1] = high;
      high = Atomics.load(halves, 2 * word + 1);
      if (high === this.#word.halves[1]) return;
    }
  }

  /**
   * The copy of the row that is kept, where it is what the row holds: the lock that was copied with
   * it has not moved. Where none was to be had whole the lock had moved on, and is not back again.
   */
  #kept(row: number): Row | undefined {
    const kept = this.#rows[row];
    if (kept === undefined || this.halves === undefined) return undefined;
    const turn = Atomics.load(this.halves, kept.lock);
    const isSame = turn === kept.words.halves[this.#lockHalf] && (turn & 1) === 0 && turn !== 0;
    return isSame ? kept : undefined;
  }

  /** False: never written, or not to be had whole. */
  #copyRow(row: number): boolean {
    const { firstRowWord, rowStrideWords, rowLockWord, rowWords } = this.#layout;
    const lock = 2 * (firstRowWord + row * rowStrideWords + rowLockWord);
    this.#rows[row] ??= { words: words(rowWords), lock };
    this.#row = this.#rows[row];
    const { integers } = this.#row.words;
    const halves = this.halves;
    if (halves === undefined) return this.#session.readRow(row, integers);
    return this.#copyInPlace(halves, row) ?? this.#session.readRow(row, integers);
  }

  #copyInPlace(halves: Int32Array, row: number): boolean | undefined {
    const { firstRowWord, rowStrideWords, rowWords, rowLockWord } = this.#layout;
    const start = firstRowWord + row * rowStrideWords;
    const lock = copyLocked(
      halves,
      { start, count: rowWords, lock: start + rowLockWord },
      this.#row.words,
    );
    return lock === undefined ? undefined : lock !== 0;
  }
}

function countIn(from: Words, word: number): number {
  const low = from.halves[2 * word] ?? 0;
  const high = from.halves[2 * word + 1] ?? 0;
  return (high >>> 0) * 2 ** 32 + (low >>> 0);
}
