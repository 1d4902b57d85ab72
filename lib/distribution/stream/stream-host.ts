/** A device that takes items: the same object as long as it takes part. */
export interface StreamDevice {
  readonly deviceId: string;
  /** What it does in a unit of time, relative to the others; above 0. */
  readonly speed: number;
}

export interface StreamHostListener {
  /** Devices may have come or gone, or lost what they had in flight. */
  changed(): void;
  /** A device that had no room may have some. */
  freed(): void;
  /** All is over. */
  closed(error: unknown): void;
}

/**
 * What a stream waits for besides its source and its readers: nothing; news of its devices, for
 * somebody waits for what another one holds; room on a device that is full.
 */
export type StreamNeed = 'nothing' | 'news' | 'room';

/** Where the devices of a stream come from, and who is told what they have in flight. */
export interface StreamHost {
  /** Those that may be given items now. */
  devices(): readonly StreamDevice[];
  /** Enters an item in flight: a number above 0 that stands for it; 0: there is no room now. */
  enter(device: StreamDevice, cost: number): number;
  /** Strikes it out; nothing happens where it was revoked. */
  leave(entry: number): void;
  /** False: it was revoked, the device is lost. */
  isHeld(entry: number): boolean;
  /** Cost in flight on the device, of everybody. */
  loadOf(device: StreamDevice): number;
  /** Returns what ends it. */
  subscribe(listener: StreamHostListener): () => void;
  attend(need: StreamNeed): void;
}
