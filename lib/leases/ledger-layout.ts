/** Where things lie in a ledger, in 32-bit cells from the start of its memory. */
export interface LedgerLayout {
  /** Counts what was written to the log. */
  readonly clock: number;
  /** How many shards are claimed. */
  readonly shares: number;
  /** Two cells of bits: which ones. */
  readonly shards: number;
  readonly log: number;
  readonly logEntries: number;
  readonly first: number;
  readonly shardCount: number;
  readonly shardStride: number;
  readonly rowStride: number;
}

/** Cells of a row, from its start; native/core/ledger.h. Amounts of memory are unsigned. */
export const cell = {
  /** In 64ths. */
  inFlight: 0,
  leaseCount: 1,
  /** Leased and not materialised. */
  pendingKiB: 2,
  /** Materialised, and perhaps in no sample yet: the later part. Where it is 0, both are. */
  freshKiB: 3,
  /** The tick of the latest of that. */
  freshAt: 4,
  leasedKiB: 5,
  /** Number of the device that the row is about: who is about another one does not count. */
  number: 6,
  /** The earlier part: it waits for its sample while more is materialised. */
  formerKiB: 7,
  formerAt: 8,
} as const;

const rowStride = 16;

/** Where the published block has its ledger, in 64-bit words (BlockLayout). */
export interface BlockLedgerWords {
  readonly ledgerClockWord: number;
  readonly ledgerSharesWord: number;
  readonly ledgerShardsWord: number;
  readonly ledgerLogWord: number;
  readonly ledgerLogEntries: number;
  readonly firstLedgerWord: number;
  readonly ledgerShardCount: number;
  readonly ledgerShardStrideWords: number;
  readonly ledgerRowStrideWords: number;
}

export function blockLedgerLayout(layout: BlockLedgerWords): LedgerLayout {
  return {
    clock: 2 * layout.ledgerClockWord,
    shares: 2 * layout.ledgerSharesWord,
    shards: 2 * layout.ledgerShardsWord,
    log: 2 * layout.ledgerLogWord,
    logEntries: layout.ledgerLogEntries,
    first: 2 * layout.firstLedgerWord,
    shardCount: layout.ledgerShardCount,
    shardStride: 2 * layout.ledgerShardStrideWords,
    rowStride: 2 * layout.ledgerRowStrideWords,
  };
}

/** A ledger in memory of its own. Cells that are written much lie a cache line apart. */
export function ownLedgerLayout(rows: number, shardCount: number): LedgerLayout {
  const log = 3 * rowStride;
  const logEntries = shardCount > 1 ? 256 : 0;
  return {
    clock: 0,
    shares: rowStride,
    shards: 2 * rowStride,
    log,
    logEntries,
    first: log + logEntries,
    shardCount,
    shardStride: rows * rowStride,
    rowStride,
  };
}

export function ledgerCellCount({ first, shardCount, shardStride }: LedgerLayout): number {
  return first + shardCount * shardStride;
}

/**
 * On x86 no load passes a locked instruction, and V8 does not move one across Atomics, which it
 * calls: a plain load costs a seventh of an atomic one. Nor does it move a plain load of an array
 * before a plain store to it that may be to the same place, and stores stay in order. Elsewhere,
 * all of these are Atomics.
 */
export const isOrderedHere: boolean = process.arch === 'x64';

const rowBits = 16;
/** The row in an entry of the log. */
export const rowMask: number = 2 ** rowBits - 1;

/** Of an entry of the log: those of other laps differ, or lie 2^24 changes back. */
export function tagOf(turn: number): number {
  return (turn >>> 8) << rowBits;
}
