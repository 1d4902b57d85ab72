import { readSafely, readStringRecord } from '../arguments.js';
import type { GPUDevice } from '../device.js';
import type {
  NativeDeviceEntry,
  NativeDriver,
  NativeLink,
  NativeModule,
  NativeSession,
} from '../native.js';
import type { BlockReader } from './block.js';
import type { DeviceFilter } from './device-filter.js';
import { liveDevice } from './live-device.js';
import { monotonicMs } from './monotonic.js';
import { type CudaEnvironment, cudaOrder, visibleDevices } from './visibility.js';

export interface LiveDevicesOptions {
  readonly native: NativeModule;
  readonly session: NativeSession;
  readonly block: BlockReader;
  readonly filter: DeviceFilter;
  /** As it was at the open: CUDA looks at it once. */
  readonly environment: CudaEnvironment;
  /** The user's. */
  readonly labelsOf?: ((device: GPUDevice) => unknown) | undefined;
}

/** The log holds 4096 events: who has an older number than that is named in none of them. */
const mostNumbers = 8192;

/**
 * The devices of a live cluster as they come and go, and which row of the block is whose. Looking
 * costs one load; only a list that has changed costs native calls.
 */
export class LiveDevices {
  readonly #options: LiveDevicesOptions;
  /** Of `options`: looked at whenever a sample is read. */
  readonly #block: BlockReader;
  readonly #devicesWord: number;
  /** Of the list that was taken last. */
  #generation = 0;
  #hasBegun = false;
  #listed: readonly NativeDeviceEntry[] = [];
  #chosen: readonly NativeDeviceEntry[] = [];
  #current: ReadonlyMap<string, GPUDevice> = new Map();
  #seats: ReadonlyMap<string, NativeDeviceEntry> = new Map();
  /** By number, of devices that were taken: the latest ones, and all that are there. */
  readonly #ids = new Map<number, string>();
  /** By row that is watched: the number of the device for whose sake. */
  readonly #watched = new Map<number, number>();
  #driver: NativeDriver;

  constructor(options: LiveDevicesOptions) {
    this.#options = options;
    this.#block = options.block;
    this.#devicesWord = options.native.layout.devicesWord;
    this.#driver = options.session.driver();
  }

  /**
   * Takes the first list; its devices are watched from now on, as are those that come later. What
   * it returns is true once each was polled since, or others who watch it keep its sample within
   * `maxAgeMs`.
   * @throws as chooseDevices, unless the driver was left alone so that a device may sleep
   */
  begin(maxAgeMs: number): () => boolean {
    const { native, block, filter, session } = this.#options;
    const state = native.driverStates[block.count(native.layout.driverWord)];
    this.#readList();
    const unopened = state === 'released' && this.#listed.length === 0;
    const all = this.#listed;
    const visible = this.#visible();
    this.#adopt(unopened ? filter.choose(all, visible) : filter.begin(all, visible));
    this.#hasBegun = true;
    const rows = Array.from(this.#seats.values(), ({ row }) => row);
    this.#newcomers();
    const before = new Map(rows.map((row) => [row, block.version(row)]));
    const waiting = rows.filter((row) => !this.#isWithin(row, maxAgeMs));
    session.watch(rows);
    return () => waiting.every((row) => block.version(row) !== before.get(row));
  }

  /** Counts lists that were taken, and whatever else makes cached readings of rows void. */
  readonly turns: { count: number } = { count: 0 };

  /** Whether rows are still those of that turn, now. */
  isTurn(count: number): boolean {
    return this.turns.count === count && this.#isLatest();
  }

  /** By device id, as of now. A device that went may come back under the same id. */
  get current(): ReadonlyMap<string, GPUDevice> {
    const { filter, session } = this.#options;
    if (this.#isLatest()) return this.#current;
    this.#readList();
    this.#adopt(filter.choose(this.#listed, this.#visible()));
    const left = this.#passedOn();
    if (left.length > 0) session.unwatch(left);
    const newcomers = this.#newcomers();
    if (newcomers.length > 0) session.watch(newcomers);
    return this.#current;
  }

  /** The driver that was opened last, as of the latest `current`. */
  get driver(): NativeDriver {
    return this.#driver;
  }

  get simulated(): boolean {
    return this.#driver.simulation !== undefined;
  }

  /** Its row and its number, as of the latest `current`. REQUIRES: it is one of its devices. */
  seatOf(deviceId: string): { readonly row: number; readonly number: number } {
    const seat = this.#seats.get(deviceId);
    if (seat === undefined) throw new Error(`no row for ${deviceId}`);
    return seat;
  }

  /** As of the latest `current`. */
  rowOf(deviceId: string): number | undefined {
    return this.#seats.get(deviceId)?.row;
  }

  /**
   * What `read` finds in the device's row; undefined: it has none. Where the list changed meanwhile
   * the row may have become another device's, so it is read again.
   */
  inRowOf<T>(deviceId: string, read: (row: number) => T): T | undefined {
    for (;;) {
      const row = this.rowOf(deviceId);
      const found = row === undefined ? undefined : read(row);
      if (this.#isLatest()) return found;
      void this.current;
    }
  }

  /** Likewise for several devices, read together; undefined: one has no row. */
  inRowsOf<T>(deviceIds: readonly string[], read: (rows: readonly (number | undefined)[]) => T): T {
    for (;;) {
      const found = read(deviceIds.map((deviceId) => this.rowOf(deviceId)));
      if (this.#isLatest()) return found;
      void this.current;
    }
  }

  /** Whose number it is; undefined: of no device of this cluster. */
  deviceIdOf(number: number): string | undefined {
    return this.#ids.get(number);
  }

  /** A row for each device of `current`, in its order, with a cell for each. */
  topology(): readonly (readonly (NativeLink | undefined)[])[] {
    const ids = [...this.current.keys()];
    const cells = this.#options.session.topology();
    const size = this.#listed.length;
    const places = ids.map((id) => this.#listed.findIndex(({ uuid }) => uuid === id));
    return places.map((from) => places.map((to) => cells[from * size + to]));
  }

  #isLatest(): boolean {
    return this.#block.low(this.#devicesWord) === this.#generation;
  }

  /** Rows to be watched from now on; who was halted meanwhile is none. */
  #newcomers(): readonly number[] {
    const came = this.#chosen.filter(({ row, number }) => this.#watched.get(row) !== number);
    for (const { row, number } of came) this.#watched.set(row, number);
    return came.map(({ row }) => row);
  }

  /** Rows that were watched and belong to others now, which are none of this cluster. */
  #passedOn(): readonly number[] {
    const chosen = new Set(this.#chosen.map(({ row }) => row));
    const others = this.#listed.filter(({ row, number }) => {
      const watchedFor = this.#watched.get(row);
      return watchedFor !== undefined && watchedFor !== number && !chosen.has(row);
    });
    for (const { row } of others) this.#watched.delete(row);
    return others.map(({ row }) => row);
  }

  /** The generation first: the list is that one or a later one, which is then taken again. */
  #readList(): void {
    const { native, block, session } = this.#options;
    this.#generation = block.low(native.layout.devicesWord);
    this.#listed = session.devices();
    this.#driver = session.driver();
  }

  #visible(): readonly NativeDeviceEntry[] {
    return visibleDevices(this.#listed, this.#options.environment);
  }

  #adopt(chosen: readonly NativeDeviceEntry[]): void {
    const order = cudaOrder(this.#listed, this.#options.environment);
    const described = chosen.map((entry) => {
      const device = liveDevice(entry, this.#driver, order.indexOf(entry));
      return [entry.uuid, this.#labelled(device)] as const;
    });
    this.#current = new Map(described);
    this.#seats = new Map(chosen.map((entry) => [entry.uuid, entry]));
    this.#chosen = chosen;
    this.turns.count += 1;
    for (const { uuid, number } of chosen) this.#ids.set(number, uuid);
    const oldest = [...this.#ids.keys()].slice(0, Math.max(0, this.#ids.size - mostNumbers));
    const present = new Set(oldest.length === 0 ? [] : chosen.map(({ number }) => number));
    for (const number of oldest) if (!present.has(number)) this.#ids.delete(number);
  }

  #labelled(device: GPUDevice): GPUDevice {
    const { labelsOf } = this.#options;
    if (labelsOf === undefined) return device;
    const what = `labels of ${JSON.stringify(device.deviceId)}`;
    try {
      const labels = readSafely(what, () => labelsOf(device));
      if (labels === undefined) return device;
      return Object.freeze({ ...device, labels: readStringRecord(labels, what) });
    } catch (error) {
      if (!this.#hasBegun) throw error;
      process.nextTick(() => {
        throw error;
      });
      return device;
    }
  }

  #isWithin(row: number, maxAgeMs: number): boolean {
    const { native, block } = this.#options;
    const startMs = block.row(row)?.[native.layout.rowStartMsWord];
    return startMs !== undefined && monotonicMs() - startMs <= maxAgeMs;
  }
}
