import type { ReportedLoad } from './device-view.js';

export interface Measured {
  /** As of now; undefined: nothing was measured. */
  readonly latencyMs: number | undefined;
}

/** What leases of all environments have on one device, and what they measured. Filled in place. */
export class LoadFigures {
  inFlight = 0;
  leaseCount = 0;
  leasedBytes = 0;
  /** Leased, and not materialised yet. */
  reservedBytes = 0;
  /** Materialised, but after the latest sample began: it may not show them. */
  unseenBytes = 0;
  /** Asked whenever it is wanted: what was measured fades. */
  measured: Measured | undefined = undefined;
  /** With its `timestampMs`. */
  load: ReportedLoad | undefined = undefined;
}

/** Where a board reads what is leased. Indices are places in the board's `views`. */
export interface LoadSource {
  /**
   * Tells the board, by `loadChanged`, what others changed since it was called last. The board asks
   * before it makes a scene; who grants leases does so itself, before `fastest`.
   */
  catchUp(): void;
  /** The board has taken in another list of devices. It may be called while it is called. */
  listed(): void;
  /** REQUIRES: `figures` are those of this device; all of them are written. */
  readInto(index: number, figures: LoadFigures): void;
}

/** Whose figures are to be read anew when they are wanted next, by place in the board's views. */
export class StaleLoads {
  source: LoadSource | undefined = undefined;
  /** 1: stale. */
  marks: Uint8Array = new Uint8Array(0);

  begin(count: number): void {
    this.marks = new Uint8Array(count).fill(1);
  }
}
