import type { Board } from '../selection/board.js';
import { weightSteps } from '../selection/criteria.js';
import type { LoadFigures, LoadSource } from '../selection/load-source.js';
import type { LeasedDevice, LeasedDevices } from './leased-devices.js';
import type { Ledger } from './ledger.js';
import { noFigures } from './ledger-entries.js';
import type { SampleClock } from './sample-clock.js';

const bytesPerKiB = 1024;

export interface DeviceLoadsParts {
  readonly board: Board;
  readonly devices: LeasedDevices;
  readonly ledger: Ledger;
  readonly clock: SampleClock;
  /** The board has another list; those of it are followed. */
  listed(): void;
}

/** What a board is told about leases: the ledger's sums, latencies, and what others report. */
export class DeviceLoads implements LoadSource {
  readonly #board: Board;
  readonly #devices: LeasedDevices;
  readonly #ledger: Ledger;
  readonly #clock: SampleClock;
  readonly #listed: () => void;
  readonly #figures = noFigures();
  readonly #changed = (row: number): void => this.#rowChanged(row);

  constructor({ board, devices, ledger, clock, listed }: DeviceLoadsParts) {
    this.#board = board;
    this.#devices = devices;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#listed = listed;
  }

  listed(): void {
    this.#follow();
    this.#listed();
  }

  catchUp(): void {
    this.#follow();
    this.#ledger.changes(this.#changed);
  }

  readInto(index: number, into: LoadFigures): void {
    this.#follow();
    const device = this.#devices.at(index);
    const seen = this.#clock.seenBy(this.#board.sampleStartMs(index));
    this.#ledger.fold(device, seen);
    const figures = this.#figures;
    this.#ledger.readInto(device, seen, figures);
    into.inFlight = figures.inFlight / weightSteps;
    into.leaseCount = figures.leaseCount;
    into.leasedBytes = figures.leasedKiB * bytesPerKiB;
    into.reservedBytes = figures.pendingKiB * bytesPerKiB;
    into.unseenBytes = figures.unseenKiB * bytesPerKiB;
    into.measured = device;
    into.load = device.report;
  }

  /** Until when the device's sample has seen everything. */
  seenOf(index: number): number {
    return this.#clock.seenBy(this.#board.sampleStartMs(index));
  }

  /** Something about the device's load is another now. */
  changed(device: LeasedDevice): void {
    this.changedTo(device, this.#ledger.inFlight(device));
  }

  /** It has so much in flight now, in 64ths. */
  changedTo(device: LeasedDevice, inFlight: number): void {
    this.#follow();
    if (device.index !== -1) this.#board.loadChanged(device.index, inFlight);
  }

  /** The list may be one that the board is taking in yet. */
  #follow(): void {
    if (this.#devices.views === this.#board.views) return;
    this.#devices.follow();
    this.#ledger.makeRoom(this.#devices.rowCount);
  }

  #rowChanged(row: number): void {
    if (row === -1) for (const device of this.#devices.listed) this.changed(device);
    const device = this.#devices.listed[this.#devices.indexOfRow(row)];
    if (device !== undefined) this.changed(device);
  }
}
