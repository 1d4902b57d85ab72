import type { NativeModule } from '../native.js';
import type { BlockReader } from './block.js';
import type { LiveDevices } from './live-devices.js';
import { isEstimated } from './live-sample.js';
import type { CheckedReader } from './metrics-reader.js';
import { monotonicMs } from './monotonic.js';
import { knownAs, type ReadingColumns, type ReadingSource } from './reading-columns.js';

export interface LiveReadingsOptions {
  readonly native: NativeModule;
  readonly block: BlockReader;
  readonly devices: LiveDevices;
}

const noRow = -1;
/** Odd: no row is left so by a writer. */
const noVersion = -1;

/** Numbers out of the published block. Only rows that were written since are copied. */
export class LiveReadings implements ReadingSource {
  readonly #native: NativeModule;
  readonly #block: BlockReader;
  readonly #devices: LiveDevices;
  readonly #asked: CheckedReader;
  /** In the order that was asked for: place in the addon's list; -1: it has none. */
  readonly #places: readonly number[];
  /** Of the list of devices that was taken last. */
  #turn = -1;
  /** By device of the columns. */
  #rows: number[] = [];
  #versions: number[] = [];

  constructor({ native, block, devices }: LiveReadingsOptions, asked: CheckedReader) {
    this.#native = native;
    this.#block = block;
    this.#devices = devices;
    this.#asked = asked;
    const fast = native.metricKeys.slice(0, native.tierEnds[0]);
    this.#places = asked.metrics.map((key) => fast.indexOf(key));
  }

  update(columns: ReadingColumns): number {
    const [block, devices] = [this.#block, this.#devices];
    for (;;) {
      const [rows, versions] = [this.#rows, this.#versions];
      for (let device = 0; device < rows.length; device++) {
        const row = rows[device] as number;
        if (row === noRow || block.turn(row) === versions[device]) continue;
        versions[device] = this.#read(columns, device, row);
      }
      // Whose rows they are, is looked at last.
      if (devices.isTurn(this.#turn)) return monotonicMs();
      this.#list(columns);
    }
  }

  #list(columns: ReadingColumns): void {
    const { current } = this.#devices;
    this.#turn = this.#devices.turns.count;
    const deviceIds = this.#asked.devices ?? [...current.keys()];
    columns.list(deviceIds);
    columns.simulated = this.#devices.simulated;
    this.#rows = deviceIds.map((deviceId) => this.#devices.rowOf(deviceId) ?? noRow);
    this.#versions = deviceIds.map(() => noVersion);
  }

  /** Returns the version that it read. */
  #read(columns: ReadingColumns, device: number, row: number): number {
    const words = this.#block.row(row);
    if (words === undefined) {
      columns.forget(device);
      return noVersion;
    }
    const { rowMetricsWord, rowStartMsWord, rowWallMsWord } = this.#native.layout;
    const estimated = this.#block.estimated();
    const places = this.#places;
    for (let metric = 0; metric < places.length; metric++) {
      const place = places[metric] as number;
      const value = place < 0 ? Number.NaN : (words[rowMetricsWord + place] as number);
      const at = device * places.length + metric;
      columns.values[at] = value;
      const how = isEstimated(estimated, place) ? knownAs.estimated : knownAs.said;
      columns.known[at] = Number.isNaN(value) ? knownAs.not : how;
    }
    columns.sampled[device] = 1;
    columns.timestampsMs[device] = words[rowWallMsWord] as number;
    columns.startsMs[device] = words[rowStartMsWord] as number;
    return this.#block.copied();
  }
}
