import { Ledger } from '../../lib/leases/ledger.js';
import { blockLedgerLayout, cell } from '../../lib/leases/ledger-layout.js';
import { FakeLedger } from './fake-ledger.js';
import { fakeLayout } from './fake-native.js';

const { firstLedgerWord, ledgerShardCount, ledgerShardStrideWords } = fakeLayout;
const memoryBytes = 8 * (firstLedgerWord + ledgerShardCount * ledgerShardStrideWords);

/** The cells of one row of one shard, by name; memory as unsigned numbers. */
export type RawRow = Readonly<Record<keyof typeof cell, number>>;

export interface SharedLedgerOptions {
  readonly refuseExternal?: boolean;
  readonly hasProcessFence?: boolean;
}

/** The ledger of a published block of 8 rows, which several environments use. */
export class SharedLedger {
  readonly memory: SharedArrayBuffer = new SharedArrayBuffer(memoryBytes);
  readonly cells: Int32Array = new Int32Array(this.memory);
  readonly #native = new FakeLedger(this.cells.buffer as ArrayBuffer, fakeLayout);

  /** What one environment has of it. */
  open(options: SharedLedgerOptions = {}): OpenLedger {
    const native = this.#native;
    const claimed = { shard: -1 };
    const claim = () => {
      claimed.shard = native.claim();
      return claimed.shard;
    };
    const calls = {
      loadLedger: (half: number) => native.load(half),
      storeLedger: (half: number, value: number) => native.store(claimed.shard, half, value),
      addLedger: (half: number, value: number) => native.add(claimed.shard, half, value),
    };
    const cells = options.refuseExternal === true ? undefined : this.cells;
    const layout = blockLedgerLayout(fakeLayout);
    const hasProcessFence = () => options.hasProcessFence ?? true;
    const ledger = new Ledger({ layout, claim, cells, calls, hasProcessFence });
    return {
      ledger,
      row: (row) => this.row(claimed.shard, row),
      close: () => {
        if (claimed.shard !== -1) native.free(claimed.shard);
      },
    };
  }

  /** An environment has counted a change, and not written yet which; or many. */
  tick(count = 1): void {
    Atomics.add(this.cells, 2 * fakeLayout.ledgerClockWord, count);
  }

  row(shard: number, row: number): RawRow {
    const { ledgerRowStrideWords } = fakeLayout;
    const stride = 2 * ledgerShardStrideWords;
    const at = 2 * firstLedgerWord + shard * stride + 2 * row * ledgerRowStrideWords;
    // Without a shard nothing was written.
    const load = (place: number) => (shard === -1 ? 0 : Atomics.load(this.cells, at + place));
    return {
      inFlight: load(cell.inFlight),
      leaseCount: load(cell.leaseCount),
      pendingKiB: load(cell.pendingKiB) >>> 0,
      freshKiB: load(cell.freshKiB) >>> 0,
      freshAt: load(cell.freshAt),
      leasedKiB: load(cell.leasedKiB) >>> 0,
      number: load(cell.number),
      formerKiB: load(cell.formerKiB) >>> 0,
      formerAt: load(cell.formerAt),
    };
  }
}

export interface OpenLedger {
  readonly ledger: Ledger;
  /** Of its own shard. */
  row(row: number): RawRow;
  /** As closing a session does it. */
  close(): void;
}
