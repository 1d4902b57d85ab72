/** What leases come to now. */
export interface LeaseStatus {
  /** Live leases and tokens of this manager. */
  readonly leases: number;
  /** Requests that wait. */
  readonly waiting: number;
  /** Whether other threads hold leases on these devices, or may. */
  readonly shared: boolean;
  /**
   * In the order of `listDevices()`; leases of all threads. Those go on while this is read, one
   * after another: it may count a lease twice that went from one thread to another meanwhile, and
   * one that is entered and taken back, because two threads found the same room.
   */
  readonly devices: readonly DeviceLeaseStatus[];
}

export interface DeviceLeaseStatus {
  readonly deviceId: string;
  readonly inFlight: number;
  readonly leaseCount: number;
  readonly leasedBytes: number;
  /** Leased, and not materialised yet. */
  readonly reservedBytes: number;
  /** Peak EWMA of what this manager's leases measured; absent: nothing was measured. */
  readonly latencyMs?: number;
}
