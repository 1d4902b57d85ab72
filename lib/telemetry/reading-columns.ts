/** How a value is known, in `known`. */
export const knownAs = { not: 0, said: 1, estimated: 2 } as const;
Object.freeze(knownAs);

/** Latest samples of devices as numbers, device by device: a reader's own copy. */
export class ReadingColumns {
  readonly #metrics: number;
  deviceIds: readonly string[] = Object.freeze([]);
  values: Float64Array = new Float64Array(0);
  known: Uint8Array = new Uint8Array(0);
  sampled: Uint8Array = new Uint8Array(0);
  timestampsMs: Float64Array = new Float64Array(0);
  /** On the source's clock. */
  startsMs: Float64Array = new Float64Array(0);
  simulated = false;

  constructor(metrics: number) {
    this.#metrics = metrics;
  }

  /** Nothing is known of them from now on. The same ids again stay the same array. */
  list(deviceIds: readonly string[]): void {
    const { length } = deviceIds;
    const isSame =
      length === this.deviceIds.length && deviceIds.every((id, at) => id === this.deviceIds[at]);
    if (!isSame) {
      this.deviceIds = Object.freeze([...deviceIds]);
      this.values = new Float64Array(length * this.#metrics);
      this.known = new Uint8Array(length * this.#metrics);
      this.sampled = new Uint8Array(length);
      this.timestampsMs = new Float64Array(length);
      this.startsMs = new Float64Array(length);
    }
    for (let device = 0; device < length; device++) this.forget(device);
  }

  /** It has no sample. */
  forget(device: number): void {
    const start = device * this.#metrics;
    this.values.fill(Number.NaN, start, start + this.#metrics);
    this.known.fill(knownAs.not, start, start + this.#metrics);
    this.sampled[device] = 0;
    this.timestampsMs[device] = Number.NaN;
    this.startsMs[device] = Number.NaN;
  }
}

/** Where readers of numbers read. One a reader: it knows what it has read already. */
export interface ReadingSource {
  /** Brings it up to date, with the list of devices. Returns now, on the clock of `startsMs`. */
  update(columns: ReadingColumns): number;
}
