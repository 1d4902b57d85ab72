/** What requests or leases amount to, for estimates. */
export interface Load {
  /** Devices: a gang counts once for each of its own. */
  readonly devices: number;
  readonly weight: number;
  readonly memoryBytes: number;
}

/** What is out now, in all environments. */
export interface HeldLoad extends Load {
  /** When the oldest lease was granted, by the queue's clock; undefined where that is not known. */
  readonly oldestAtMs: number | undefined;
}

/** What came of one attempt to grant a request. */
export type Attempt<L> =
  | { readonly outcome: 'granted'; readonly lease: L }
  /**
   * The devices that the end of leases would make serve it, by numbers that a device keeps,
   * ascending; those that were withheld among them. Those that are too hot, say, or lost are not:
   * nobody need leave them to it, for no lease is what it waits for.
   */
  | { readonly outcome: 'busy'; readonly devices: readonly number[] }
  /** No device that there is could ever serve it. */
  | { readonly outcome: 'unsatisfiable'; readonly message: string };

/** Who grants leases `L` for requests `R`: what the queue knows of selection and ledger. */
export interface Grantor<R, L> {
  /** All devices there are. */
  readonly deviceCount: number;
  /** One attempt, chosen and entered in the ledger in one step; none of `withheld` is chosen. */
  tryGrant(request: R, withheld: ReadonlySet<number>): Attempt<L>;
  /** Takes back a lease that nobody has seen. */
  takeBack(lease: L): void;
  loadOf(request: R): Load;
  heldLoad(): HeldLoad;
}
