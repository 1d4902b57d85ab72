/** A word that another thread counts up with each change. */
export interface ChangesWord {
  /** Undefined: its memory is not visible here. */
  readonly cells: Int32Array | undefined;
  readonly place: number;
  /** Sequentially consistent: what was written before the change is seen after it. */
  load(): number;
}

const nowhere = new Int32Array(0);

/** Of what is told, so that one look says that there is none. */
const due = 1;
const listed = 2;

/** Whether a board has something to take in: it is told so, or sees it at a word of memory. */
export class News {
  #reasons = due;
  readonly #word: ChangesWord | undefined;
  readonly #cells: Int32Array;
  readonly #place: number;
  #seen = 0;

  /** Without a word, all is told. */
  constructor(word?: ChangesWord) {
    this.#word = word;
    this.#cells = word === undefined ? new Int32Array(1) : (word.cells ?? nowhere);
    this.#place = word?.place ?? 0;
  }

  /** Something is to be read anew. */
  get isDue(): boolean {
    return (this.#reasons & due) !== 0;
  }

  set isDue(isDue: boolean) {
    this.#reasons = isDue ? this.#reasons | due : this.#reasons & ~due;
  }

  /** A list of devices has come that the board is not done with. */
  get isListNew(): boolean {
    return (this.#reasons & listed) !== 0;
  }

  set isListNew(isNew: boolean) {
    this.#reasons = isNew ? this.#reasons | listed : this.#reasons & ~listed;
  }

  /** Nothing has come since `take`. */
  get isNone(): boolean {
    const word = this.#word;
    return this.#reasons === 0 && (word === undefined || word.load() === this.#seen);
  }

  /**
   * Likewise by a plain load, for who is not wrong in being a little late: an engine or a processor
   * may have done it before what stands before it. False where the word cannot be seen.
   */
  get isNoneSoFar(): boolean {
    return this.#reasons === 0 && this.#cells[this.#place] === this.#seen;
  }

  /** What is read from now on is no news. */
  take(): void {
    this.isDue = false;
    if (this.#word !== undefined) this.#seen = this.#word.load();
  }
}
