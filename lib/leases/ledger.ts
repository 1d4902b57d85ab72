import {
  type Asked,
  clearFigures,
  type Holding,
  type LedgerCalls,
  type LedgerFigures,
  type LedgerOptions,
  type LedgerPlace,
  type MaterialiseTicks,
} from './ledger-entries.js';
import {
  cell,
  isOrderedHere,
  type LedgerLayout,
  ledgerCellCount,
  ownLedgerLayout,
  rowMask,
  tagOf,
} from './ledger-layout.js';
import { isSeen } from './sample-clock.js';

const mostInFlight = 2 ** 31 - 1;
const mostKiB = 2 ** 32 - 1;
const { inFlight: inFlightCell, leaseCount: leaseCountCell, number: numberCell } = cell;

/**
 * Who holds how much of which device. Each environment writes the rows of its own shard and reads
 * all of them. Its sums are those of the live leases, always.
 *
 * Whoever changed a row tells others by the log, if there are any: a shard that is claimed later
 * reads everything that was written before. For that, each change ends with a sequentially
 * consistent store of `inFlight`, and the count of shares is read after it. Where newcomers fence
 * the whole process, who is alone by that count may store plainly (native/core/ledger.h).
 */
export class Ledger {
  #layout: LedgerLayout;
  /** All cells; where they are not visible here, those of this shard as it wrote them. */
  #cells: Int32Array;
  /** Undefined where the cells are visible. */
  #calls: LedgerCalls | undefined;
  readonly #options: LedgerOptions;
  /** Nobody else sees it: nothing has to be in any order, and there is nobody to tell. */
  readonly #ownsMemory: boolean;
  /** Who is alone may store plainly. */
  #storesPlainly: boolean;
  /** -1: none is claimed yet; it reads what others write all the same. */
  #shard = -1;
  #own = 0;
  /** The shares when nobody else has one. */
  #alone = 0;
  #hasOthers = false;
  /** Whether changes have to be visible at once: there are others, or they may come unseen. */
  #tells: boolean;
  #shares: number;
  #rowStride: number;
  /** Differs after each change of what is entered. */
  version = 0;
  /** Claimed, and as of the latest look or change by nobody else; `changes` has told of all. */
  isAlone = false;
  /** The clock, as far as `changes` has told, and as which shard; undefined: without others. */
  #seen = 0;
  #toldAs: number | undefined;

  constructor(options: LedgerOptions) {
    const { layout } = options;
    this.#ownsMemory = options.cells === undefined && options.calls === undefined;
    this.#storesPlainly = this.#ownsMemory;
    this.#tells = !this.#ownsMemory;
    this.#layout = layout;
    this.#shares = layout.shares;
    this.#rowStride = layout.rowStride;
    this.#options = options;
    this.#calls = options.cells === undefined ? options.calls : undefined;
    this.#cells = options.cells ?? new Int32Array(ledgerCellCount(layout));
  }

  /** One that nobody else can see. It grows with `makeRoom`. */
  static private(rows = 8): Ledger {
    const layout = ownLedgerLayout(rows, 1);
    const ledger = new Ledger({ layout, claim: () => 0 });
    ledger.#store(layout.shares, 1);
    ledger.claim();
    return ledger;
  }

  /** Makes sure that leases can be entered. False: every shard is taken. */
  claim(): boolean {
    if (this.#shard !== -1 && this.#storesPlainly) return true;
    const isOrdered = isOrderedHere && this.#calls === undefined;
    this.#storesPlainly ||= isOrdered && this.#options.hasProcessFence?.() === true;
    const shard = this.#shard === -1 ? this.#options.claim() : this.#shard;
    if (shard < 0) return false;
    this.#shard = shard;
    this.#alone = 1;
    this.#own = this.#layout.first + shard * this.#layout.shardStride;
    this.#count(this.#load(this.#shares));
    return true;
  }

  /** The shard is about to be another environment's. What goes on all the same finds no leases. */
  close(): void {
    this.#shard = -1;
    this.#weigh();
    this.#cells = new Int32Array(ledgerCellCount(this.#layout));
    this.#calls = undefined;
  }

  /** Whether other environments write to it too. */
  get isShared(): boolean {
    return this.#count(this.#load(this.#shares));
  }

  /** Room for so many rows; nothing to do for a ledger in the published block, which has it. */
  makeRoom(rows: number): void {
    const hasRoom = rows * this.#rowStride <= this.#layout.shardStride;
    if (!this.#ownsMemory || hasRoom) return;
    const before = this.#cells;
    this.#layout = ownLedgerLayout(2 * rows, 1);
    this.#cells = new Int32Array(ledgerCellCount(this.#layout));
    this.#cells.set(before);
  }

  /**
   * Enters a lease of one device, before anybody may hold it, and returns what is in flight there
   * now, in 64ths, in all environments. REQUIRES: claim(). -1: the sums would not fit into their
   * cells, nothing is entered.
   */
  add(holding: Holding): number {
    if (holding.kib > 0 && !this.#addMemory(holding)) return -1;
    return this.addPlain(holding.row, holding.number, holding.weight);
  }

  /** Likewise without memory. REQUIRES: the ledger has room for the row. */
  addPlain(row: number, number: number, weight: number): number {
    const cells = this.#cells;
    const at = this.#own + row * this.#rowStride;
    if (cells[at + numberCell] !== number) this.#begin(at, number);
    const inFlight = (cells[at + inFlightCell] as number) + weight;
    if (inFlight > mostInFlight) return -1;
    (cells[at + leaseCountCell] as number) += 1;
    return this.#enter(row, at, inFlight);
  }

  /**
   * Strikes it out, and returns what is left in flight. `pendingKiB` of it was not materialised.
   * -1: the row is another device's now.
   */
  remove({ row, number, weight, kib }: Holding, pendingKiB: number): number {
    const at = this.#own + row * this.#rowStride;
    if (kib > 0 && this.#cells[at + cell.number] === number) {
      this.#addTo(at + cell.pendingKiB, -pendingKiB);
      this.#addTo(at + cell.leasedKiB, -kib);
    }
    return this.removePlain(row, number, weight);
  }

  /** Likewise of one without memory. */
  removePlain(row: number, number: number, weight: number): number {
    const cells = this.#cells;
    const at = this.#own + row * this.#rowStride;
    if (cells[at + numberCell] !== number) return -1;
    (cells[at + leaseCountCell] as number) -= 1;
    return this.#enter(row, at, (cells[at + inFlightCell] as number) - weight);
  }

  /** Memory that was reserved is in use now, at `tick`. What `seen` shows already is forgotten. */
  materialise({ row, number }: LedgerPlace, kib: number, ticks: MaterialiseTicks): void {
    const at = this.#own + row * this.#rowStride;
    if (kib === 0 || this.#cells[at + cell.number] !== number) return;
    this.#fold(at, ticks.seen);
    // Counted twice for a moment, rather than not at all.
    const freshKiB = this.#startFresh(at, ticks.now);
    this.#store(at + cell.freshAt, ticks.now);
    this.#store(at + cell.freshKiB, Math.min(freshKiB + kib, mostKiB));
    this.#addTo(at + cell.pendingKiB, -kib);
    this.#told(row);
  }

  /** Forgets what the device's sample shows by now. */
  fold({ row, number }: LedgerPlace, seen: number): void {
    const at = this.#own + row * this.#rowStride;
    if (this.#shard === -1 || this.#cells[at + cell.freshKiB] === 0) return;
    if (this.#cells[at + cell.number] === number) this.#fold(at, seen);
  }

  /** The device's figures, as of a sample that has seen what was until the tick `seen`. */
  readInto({ row, number }: LedgerPlace, seen: number, into: LedgerFigures): void {
    clearFigures(into);
    const at = row * this.#rowStride;
    if (this.#shard !== -1) this.#gather(this.#own + at, { number, seen }, into);
    if (this.isShared) this.#gatherOthers(at, { number, seen }, into);
  }

  /** Weight in flight on the device in all environments, in 64ths, as of the latest change here. */
  inFlight({ row, number }: LedgerPlace): number {
    const at = row * this.#rowStride;
    const own = this.#own + at;
    const isOwn = this.#shard !== -1 && this.#cells[own + numberCell] === number;
    const inFlight = isOwn ? (this.#cells[own + inFlightCell] as number) : 0;
    if (!this.#hasOthers && this.#shard !== -1) return inFlight;
    return inFlight + this.#inFlightOfOthers(at, number);
  }

  /**
   * Calls `changed` with each row that another environment has changed since the last time, with -1
   * where any of them may have been: always while it has no shard, for who is alone logs nothing.
   * One load where there is no other, two where nothing is new.
   */
  changes(changed: (row: number) => void): void {
    if (!this.isShared) {
      if (this.#toldAs !== undefined) changed(-1);
      this.#toldAs = undefined;
      this.#weigh();
      return;
    }
    const { clock, log, logEntries } = this.#layout;
    const [from, now] = [this.#seen, this.#load(clock)];
    const isTold = this.#shard !== -1 && this.#toldAs === this.#shard;
    if (isTold && now === from) return;
    this.#seen = now;
    const isBehind = !isTold || (now - from) >>> 0 >= logEntries;
    this.#toldAs = this.#shard;
    if (isBehind) changed(-1);
    for (let turn = from; !isBehind && turn !== now; turn = (turn + 1) | 0) {
      const entry = this.#load(log + (turn & (logEntries - 1)));
      const isWhole = (entry & ~rowMask) === tagOf(turn);
      changed(isWhole ? entry & rowMask : -1);
      if (!isWhole) break;
    }
  }

  /** Whether a shard above this one has leases on the device, which is to give way first. */
  isHeldAbove({ row, number }: LedgerPlace): boolean {
    const { first, shardStride, rowStride } = this.#layout;
    for (let up = this.#otherAfter(this.#shard); up !== -1; up = this.#otherAfter(up)) {
      const at = first + up * shardStride + row * rowStride;
      const isLeased = this.#load(at + leaseCountCell) > 0;
      if (isLeased && this.#load(at + numberCell) === number) return true;
    }
    return false;
  }

  /** The last step of a change. Returns what is in flight now everywhere. */
  #enter(row: number, at: number, inFlight: number): number {
    const cells = this.#cells;
    this.version = (this.version + 1) | 0;
    if (!this.#tells) {
      cells[at + inFlightCell] = inFlight;
      if (cells[this.#shares] === this.#alone) return inFlight;
    }
    return this.#publish(row, at, inFlight);
  }

  /** Likewise where it has to be visible at once: with it all is seen. */
  #publish(row: number, at: number, inFlight: number): number {
    this.#calls?.storeLedger(at + leaseCountCell, this.#cells[at + leaseCountCell] as number);
    this.#store(at + inFlightCell, inFlight);
    const number = this.#cells[at + numberCell] as number;
    return this.#told(row) ? this.inFlight({ row, number }) : inFlight;
  }

  /** False: it would not fit, nothing is entered. */
  #addMemory({ row, number, weight, kib }: Holding): boolean {
    const at = this.#own + row * this.#rowStride;
    if (this.#cells[at + numberCell] !== number) this.#begin(at, number);
    if ((this.#cells[at + inFlightCell] as number) + weight > mostInFlight) return false;
    if ((this.#cells[at + cell.leasedKiB] as number) >>> 0 > mostKiB - kib) return false;
    this.#addTo(at + cell.pendingKiB, kib);
    this.#addTo(at + cell.leasedKiB, kib);
    return true;
  }

  /** The row is a device's that it was not about before: what was of another one is over. */
  #begin(at: number, number: number): void {
    this.#store(at + cell.number, -1);
    for (const each of Object.values(cell)) if (each !== cell.number) this.#store(at + each, 0);
    this.#store(at + cell.number, number);
  }

  #fold(at: number, seen: number): void {
    const cells = this.#cells;
    const isFormerSeen = isSeen(cells[at + cell.formerAt] as number, seen);
    if (isFormerSeen && cells[at + cell.formerKiB] !== 0) this.#store(at + cell.formerKiB, 0);
    if (isSeen(cells[at + cell.freshAt] as number, seen)) this.#store(at + cell.freshKiB, 0);
  }

  /**
   * What is fresh becomes the former part if there is none. So a sample that began after it shows
   * it, however soon more follows. Returns what stays.
   */
  #startFresh(at: number, now: number): number {
    const cells = this.#cells;
    const freshKiB = (cells[at + cell.freshKiB] as number) >>> 0;
    const freshAt = cells[at + cell.freshAt] as number;
    if (freshKiB === 0 || freshAt === now || cells[at + cell.formerKiB] !== 0) return freshKiB;
    this.#store(at + cell.formerAt, freshAt);
    this.#store(at + cell.formerKiB, freshKiB);
    return 0;
  }

  #gather(at: number, { number, seen }: Asked, into: LedgerFigures): void {
    if (this.#load(at + cell.number) !== number) return;
    // Pending, fresh, former: what goes over between two reads is counted twice, not lost.
    const pendingKiB = this.#load(at + cell.pendingKiB) >>> 0;
    const freshKiB = this.#load(at + cell.freshKiB) >>> 0;
    into.inFlight += this.#load(at + cell.inFlight);
    into.leaseCount += this.#load(at + cell.leaseCount);
    into.leasedKiB += this.#load(at + cell.leasedKiB) >>> 0;
    into.pendingKiB += pendingKiB;
    if (freshKiB === 0) return;
    if (!isSeen(this.#load(at + cell.freshAt), seen)) into.unseenKiB += freshKiB;
    const formerKiB = this.#load(at + cell.formerKiB) >>> 0;
    if (!isSeen(this.#load(at + cell.formerAt), seen)) into.unseenKiB += formerKiB;
  }

  #gatherOthers(at: number, asked: Asked, into: LedgerFigures): void {
    const { first, shardStride } = this.#layout;
    for (let shard = this.#otherAfter(-1); shard !== -1; shard = this.#otherAfter(shard)) {
      this.#gather(first + shard * shardStride + at, asked, into);
    }
  }

  #inFlightOfOthers(at: number, number: number): number {
    const { first, shardStride } = this.#layout;
    let inFlight = 0;
    for (let shard = this.#otherAfter(-1); shard !== -1; shard = this.#otherAfter(shard)) {
      const row = first + shard * shardStride + at;
      if (this.#load(row + numberCell) === number) inFlight += this.#load(row + inFlightCell);
    }
    return inFlight;
  }

  /** The next shard that another environment has claimed; -1: there is none. */
  #otherAfter(shard: number): number {
    const { shards, shardCount } = this.#layout;
    let next = shard + 1;
    while (next < shardCount) {
      const bits = this.#load(shards + (next >>> 5)) >>> (next & 31);
      if (bits === 0) {
        next = (next | 31) + 1;
        continue;
      }
      next += 31 - Math.clz32(bits & -bits);
      if (next !== this.#shard) return next;
      next += 1;
    }
    return -1;
  }

  /** Tells the others that the row has changed. False: there is none. */
  #told(row: number): boolean {
    // Just after Atomics, which are a fence there: what others stored before it is seen.
    const isVisible = isOrderedHere && this.#calls === undefined;
    const shares = isVisible ? this.#cells[this.#shares] : this.#load(this.#shares);
    if (this.#count(shares as number)) this.#log(row);
    return this.#hasOthers;
  }

  #count(shares: number): boolean {
    this.#hasOthers = shares !== this.#alone;
    if (this.#hasOthers) this.#toldAs ??= -1; // what is read of them may go with them
    return this.#weigh();
  }

  #weigh(): boolean {
    this.#tells = this.#hasOthers || !this.#storesPlainly;
    this.isAlone = !this.#hasOthers && this.#toldAs === undefined && this.#shard !== -1;
    return this.#hasOthers;
  }

  #log(row: number): void {
    const { clock, log, logEntries } = this.#layout;
    const turn = this.#addTo(clock, 1);
    this.#store(log + (turn & (logEntries - 1)), tagOf(turn) | row);
    // Its own news it need not be told, where nobody else's came before.
    if (turn === this.#seen) this.#seen = (turn + 1) | 0;
  }

  #load(index: number): number {
    return this.#calls === undefined
      ? Atomics.load(this.#cells, index)
      : this.#calls.loadLedger(index);
  }

  #store(index: number, value: number): void {
    if (this.#calls === undefined) {
      Atomics.store(this.#cells, index, value);
    } else {
      this.#cells[index] = value;
      this.#calls.storeLedger(index, value);
    }
  }

  #addTo(index: number, value: number): number {
    if (this.#calls === undefined) return Atomics.add(this.#cells, index, value);
    const before = this.#calls.addLedger(index, value);
    this.#cells[index] = before + value;
    return before;
  }
}
