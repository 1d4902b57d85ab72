/** An item that is given up. */
export interface ItemFailure<T> {
  readonly item: T;
  /** Its place in the order of the source. */
  readonly index: number;
  readonly attempts: number;
  /** That had it last. */
  readonly deviceId: string;
  /** Why it came back last: what a worker threw; ERR_GPU_DEVICE_LOST; undefined: a reader left. */
  readonly error: unknown;
}

/** What became of one device's share. */
export interface DeviceStreamStats {
  /** Handed out, those that came back included. */
  readonly delivered: number;
  readonly acknowledged: number;
  readonly inFlight: number;
  /** Readers that wait for an item. */
  readonly waiting: number;
  /** It takes part now. */
  readonly isOpen: boolean;
}

/**
 * What became of the items so far: `pulled` is `acknowledged` and `failed` and what is `inFlight`
 * or `atHand`.
 */
export interface StreamStats {
  /** Taken from the source. */
  readonly pulled: number;
  /** Handed out, those that came back and went out again included. */
  readonly delivered: number;
  /** Done. */
  readonly acknowledged: number;
  /** Given up. */
  readonly failed: number;
  /** Came back, and were not given up. */
  readonly returned: number;
  readonly inFlight: number;
  /** Pulled or come back, and nobody has them. */
  readonly atHand: number;
  /** Readers that wait for an item. */
  readonly waiting: number;
  /** Every device that took part, in the order in which they joined. */
  readonly devices: ReadonlyMap<string, DeviceStreamStats>;
}

/** What is counted of a device. */
export interface DeviceCounts {
  readonly deviceId: string;
  readonly delivered: number;
  readonly acknowledged: number;
  readonly inFlight: number;
  readonly waiting: readonly unknown[];
  readonly isOpen: boolean;
}

export function statsOf(counts: Iterable<DeviceCounts>): StreamStats['devices'] {
  const devices = new Map<string, DeviceStreamStats>();
  for (const { deviceId, waiting, delivered, acknowledged, inFlight, isOpen } of counts) {
    const stats = { delivered, acknowledged, inFlight, waiting: waiting.length, isOpen };
    devices.set(deviceId, stats);
  }
  return devices;
}
