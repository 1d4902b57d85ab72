import { readNonEmptyString, wrongType } from '../arguments.js';
import { rangeError } from '../errors.js';
import type { ChangeList } from './change-list.js';
import { reading } from './recording.generated.js';
import type { GPUMetrics } from './sample.js';
import { type SampleBatch, SampleColumns } from './sample-columns.js';
import type { TelemetryStore } from './store.js';
import { checkMetrics, type UncheckedMetrics } from './validation.js';

// A constant of this module, as in recording.generated.ts.
const latestReading = reading;

export interface SampleStoreOptions {
  readonly maxHistory: number;
  /** How long a recorded value holds, at most. */
  readonly maxGapMs: number;
  /** Throws for what is no device that may record. Not asked for one that has samples. */
  readonly admit?: (deviceId: unknown, what: string) => string;
  /** Gets whose samples are new. */
  readonly changes?: ChangeList<SampleColumns>;
}

/** Recorded samples by device id. */
export class SampleStore implements TelemetryStore {
  readonly maxGapMs: number;
  readonly #maxHistory: number;
  /** The id of a device that may record; throws for anything else. */
  readonly admit: (deviceId: unknown, what: string) => string;
  readonly #changes: ChangeList<SampleColumns> | undefined;
  readonly #devices = new Map<string, SampleColumns>();
  /** Before the first sample, none: no device has an empty id. */
  readonly #none = new SampleColumns('', 1);
  /** Whose sample came last. */
  #previous: SampleColumns = this.#none;

  constructor(options: SampleStoreOptions) {
    const { maxHistory, maxGapMs, admit = readNonEmptyString, changes } = options;
    this.maxGapMs = maxGapMs;
    this.#maxHistory = maxHistory;
    this.admit = admit;
    this.#changes = changes;
  }

  /**
   * Keeps what readSample() has read: `reading`, or what it found something wrong with, which is
   * refused here. Refuses a sample older than the latest; an equal time is kept.
   */
  add(unchecked: UncheckedMetrics | undefined): void {
    if (unchecked !== undefined) this.#refuse(unchecked);
    const columns = this.#columnsFor(latestReading.deviceId);
    if (latestReading.timestampMs < columns.latestMs) {
      throw tooOld(columns, latestReading.timestampMs);
    }
    columns.add(latestReading);
  }

  /** REQUIRES: the device was admitted; the batch is not empty, nor before its latest sample. */
  addMany(deviceId: string, batch: SampleBatch): void {
    this.#columnsFor(deviceId).addMany(batch);
  }

  /** The device's columns; undefined for one without samples. Others come after `remove`. */
  columnsOf(deviceId: string): SampleColumns | undefined {
    return this.#devices.get(deviceId);
  }

  getMetrics(deviceId: string): GPUMetrics | undefined {
    return this.#devices.get(deviceId)?.latest();
  }

  getMetricsHistory(deviceId: string): readonly GPUMetrics[] {
    return this.#devices.get(deviceId)?.history() ?? [];
  }

  /** Devices with samples, in the order in which their first ones came. */
  deviceIds(): readonly string[] {
    return [...this.#devices.keys()];
  }

  /** The latest sample of every device, in the order in which their first ones came. */
  *latest(): Generator<GPUMetrics> {
    for (const columns of this.#devices.values()) {
      const sample = columns.latest();
      if (sample !== undefined) yield sample;
    }
  }

  remove(deviceId: string): boolean {
    this.#forgetGuesses();
    return this.#devices.delete(deviceId);
  }

  clear(): void {
    this.#forgetGuesses();
    this.#devices.clear();
  }

  /** Most callers go round their devices in the same order, which saves looking each up. */
  #columnsFor(deviceId: string): SampleColumns {
    const guess = this.#previous.next;
    const hit = guess.deviceId === deviceId;
    const columns = hit ? guess : (this.#devices.get(deviceId) ?? this.#begin(deviceId));
    if (!hit) this.#previous.next = columns;
    this.#previous = columns;
    return columns;
  }

  #forgetGuesses(): void {
    for (const columns of this.#devices.values()) columns.next = this.#none;
    this.#none.next = this.#none;
    this.#previous = this.#none;
  }

  #begin(deviceId: string): SampleColumns {
    this.admit(deviceId, 'metrics.deviceId');
    const columns = new SampleColumns(deviceId, this.#maxHistory, this.#changes);
    this.#devices.set(deviceId, columns);
    return columns;
  }

  #refuse(unchecked: UncheckedMetrics): never {
    this.admit(unchecked.deviceId, 'metrics.deviceId');
    const metrics = checkMetrics(unchecked);
    throw wrongType('metrics', 'a sample', metrics);
  }
}

function tooOld({ latestMs }: SampleColumns, timestampMs: number): RangeError {
  return rangeError(
    'ERR_GPU_TIMESTAMP_ORDER',
    `metrics.timestampMs: expected at least ${latestMs}, the device's latest, got ${timestampMs}`,
  );
}
