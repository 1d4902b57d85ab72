import type { BlockLayout } from '../../lib/native.js';

/** The ledger in a fake block: claims shards and does natively what JavaScript may do in place. */
export class FakeLedger {
  readonly #layout: BlockLayout;
  readonly #halves: Int32Array;

  constructor(memory: ArrayBuffer, layout: BlockLayout) {
    this.#layout = layout;
    this.#halves = new Int32Array(memory);
    this.#halves[2 * layout.ledgerClockWord] = layout.ledgerLogEntries;
  }

  /** The lowest that is free; -1: none is. */
  claim(): number {
    const { ledgerShardCount, ledgerSharesWord } = this.#layout;
    for (let shard = 0; shard < ledgerShardCount; shard += 1) {
      const bit = 1 << (shard % 32);
      if ((Atomics.or(this.#halves, this.#shardsHalf(shard), bit) & bit) !== 0) continue;
      Atomics.add(this.#halves, 2 * ledgerSharesWord, 1);
      return shard;
    }
    return -1;
  }

  free(shard: number): void {
    const { ledgerClockWord, ledgerLogEntries, ledgerSharesWord } = this.#layout;
    const [from, to] = this.#halvesOf(shard);
    this.#halves.fill(0, from, to);
    Atomics.add(this.#halves, 2 * ledgerClockWord, ledgerLogEntries);
    Atomics.sub(this.#halves, 2 * ledgerSharesWord, 1);
    Atomics.and(this.#halves, this.#shardsHalf(shard), ~(1 << (shard % 32)));
  }

  load(half: number): number {
    return this.#isThere(half) ? Atomics.load(this.#halves, half) : 0;
  }

  store(shard: number, half: number, value: number): void {
    const log = 2 * this.#layout.ledgerLogWord;
    const inLog = half >= log && half < log + this.#layout.ledgerLogEntries;
    if (inLog || this.#isOf(shard, half)) Atomics.store(this.#halves, half, value);
  }

  add(shard: number, half: number, value: number): number {
    const isClock = half === 2 * this.#layout.ledgerClockWord;
    return isClock || this.#isOf(shard, half) ? Atomics.add(this.#halves, half, value) : 0;
  }

  #shardsHalf(shard: number): number {
    return 2 * this.#layout.ledgerShardsWord + Math.floor(shard / 32);
  }

  #halvesOf(shard: number): readonly [number, number] {
    const { firstLedgerWord, ledgerShardStrideWords } = this.#layout;
    const from = 2 * (firstLedgerWord + shard * ledgerShardStrideWords);
    return [from, from + 2 * ledgerShardStrideWords];
  }

  #isOf(shard: number, half: number): boolean {
    const [from, to] = this.#halvesOf(shard);
    return shard >= 0 && Number.isInteger(half) && half >= from && half < to;
  }

  #isThere(half: number): boolean {
    const { ledgerClockWord, ledgerShardsWord, ledgerLogWord } = this.#layout;
    const inHeader = half >= 2 * ledgerClockWord && half < 2 * ledgerShardsWord + 2;
    return Number.isInteger(half) && (inHeader || half >= 2 * ledgerLogWord);
  }
}
