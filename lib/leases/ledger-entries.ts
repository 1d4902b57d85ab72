import type { LedgerLayout } from './ledger-layout.js';

/** The row of a device, and whose it has to be. */
export interface LedgerPlace {
  readonly row: number;
  readonly number: number;
}

/** What a lease adds to one device; whole numbers, so that sums are exact. */
export interface Holding extends LedgerPlace {
  /** In 64ths. */
  readonly weight: number;
  readonly kib: number;
}

/** What all leases on a device come to, those of other environments included. */
export interface LedgerFigures {
  /** In 64ths. */
  inFlight: number;
  leaseCount: number;
  leasedKiB: number;
  /** Leased, and not materialised. */
  pendingKiB: number;
  /** Materialised, and not in the sample that was asked about. */
  unseenKiB: number;
}

/** Of a row: whose it has to be, and what its sample has seen. */
export interface Asked {
  readonly number: number;
  readonly seen: number;
}

export function noFigures(): LedgerFigures {
  return { inFlight: 0, leaseCount: 0, leasedKiB: 0, pendingKiB: 0, unseenKiB: 0 };
}

export function clearFigures(figures: LedgerFigures): void {
  figures.inFlight = 0;
  figures.leaseCount = 0;
  figures.leasedKiB = 0;
  figures.pendingKiB = 0;
  figures.unseenKiB = 0;
}

/** How the cells are reached where their memory is not visible here (NativeSession). */
export interface LedgerCalls {
  loadLedger(index: number): number;
  storeLedger(index: number, value: number): void;
  /** Returns what was there. */
  addLedger(index: number, value: number): number;
}

export interface MaterialiseTicks {
  readonly now: number;
  /** Until when the device's sample has seen everything. */
  readonly seen: number;
}

export interface LedgerOptions {
  readonly layout: LedgerLayout;
  /** Gives the shard that is written here, and by nobody else; -1: none is left now. */
  claim(): number;
  readonly cells?: Int32Array | undefined;
  /** REQUIRES: present where `cells` is not. */
  readonly calls?: LedgerCalls | undefined;
  /**
   * Whether by now whoever claims makes all threads of the process pass a fence, so that who is
   * alone need not. It stays so.
   */
  readonly hasProcessFence?: (() => boolean) | undefined;
}
