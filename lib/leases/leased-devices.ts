import type { GPUDevice } from '../device.js';
import type { Board } from '../selection/board.js';
import { weightSteps } from '../selection/criteria.js';
import type { ReportedLoad } from '../selection/device-view.js';
import type { Measured } from '../selection/load-source.js';
import { DeviceLatency, failureMs } from './device-latency.js';
import type { Holding, LedgerPlace } from './ledger-entries.js';

export interface LatencyOptions {
  readonly decayMs: number;
  now(): number;
}

/** A device as leases know it, one object while it is listed, with its place on the board. */
export class LeasedDevice implements LedgerPlace, Measured {
  readonly deviceId: string;
  readonly row: number;
  readonly number: number;
  /** What it is said to be now. */
  device: GPUDevice;
  /** On the board; -1: it is gone. */
  index = -1;
  /** A lease of weight 1 without memory: the same for all, so that none is made for each. */
  readonly unit: DeviceHolding;
  /** `unit` alone. */
  readonly unitOnly: readonly DeviceHolding[];
  readonly latency: DeviceLatency;
  readonly #now: () => number;
  /** What others said last. */
  report: ReportedLoad | undefined = undefined;

  constructor(device: GPUDevice, place: LedgerPlace, { decayMs, now }: LatencyOptions) {
    this.deviceId = device.deviceId;
    this.device = device;
    this.row = place.row;
    this.number = place.number;
    this.unit = new DeviceHolding(this, weightSteps, 0);
    this.unitOnly = [this.unit];
    this.latency = new DeviceLatency(decayMs);
    this.#now = now;
  }

  get latencyMs(): number | undefined {
    return this.latency.isKnown ? this.latency.at(this.#now()) : undefined;
  }
}

/** What a lease has of one device. */
export class DeviceHolding implements Holding {
  readonly on: LeasedDevice;
  readonly row: number;
  readonly number: number;
  readonly weight: number;
  readonly kib: number;

  constructor(on: LeasedDevice, weight: number, kib: number) {
    this.on = on;
    this.row = on.row;
    this.number = on.number;
    this.weight = weight;
    this.kib = kib;
  }
}

export interface MeasuredOutcome {
  readonly latencyMs: number;
  readonly failed: boolean;
}

/** Follows the list of a board. */
export class LeasedDevices {
  readonly #board: Board;
  readonly #latencyOptions: LatencyOptions;
  readonly #onGone: (rows: ReadonlySet<number>) => void;
  #views: Board['views'] | undefined;
  #byNumber: ReadonlyMap<number, LeasedDevice> = new Map();
  #listed: readonly LeasedDevice[] = [];
  /** Of each of them, in the same order, where it lies in the ledger: fewer looks. */
  rows: Int32Array = new Int32Array(0);
  numbers: Int32Array = new Int32Array(0);
  /** By row, -1 where there is none: what a change of the ledger is about. */
  #indexes: Int32Array = new Int32Array(0);
  #gone: readonly LeasedDevice[] = [];

  /** `onGone` is told the rows of devices that go, while `unitOfRow` still knows them. */
  constructor(
    board: Board,
    latencyOptions: LatencyOptions,
    onGone: (rows: ReadonlySet<number>) => void = () => {},
  ) {
    this.#board = board;
    this.#latencyOptions = latencyOptions;
    this.#onGone = onGone;
  }

  /** Those that were taken over last. */
  get views(): Board['views'] | undefined {
    return this.#views;
  }

  /** In the order of the board's views. */
  get listed(): readonly LeasedDevice[] {
    return this.#listed;
  }

  /** Rows that the ledger must have. */
  get rowCount(): number {
    return this.#indexes.length;
  }

  /** REQUIRES: `follow` since the board's latest refresh. */
  at(index: number): LeasedDevice {
    const device = this.#listed[index];
    if (device === undefined) throw new Error('no device has this index');
    return device;
  }

  indexOfRow(row: number): number {
    return this.#indexes[row] ?? -1;
  }

  /** What unit leases of the row's device have; undefined: there is none. */
  unitOfRow(row: number): DeviceHolding | undefined {
    return this.#listed[this.indexOfRow(row)]?.unit;
  }

  /** Those that went since the last time. */
  takeGone(): readonly LeasedDevice[] {
    const gone = this.#gone;
    if (gone.length > 0) this.#gone = [];
    return gone;
  }

  /** Takes over the board's list, as of its latest refresh. */
  follow(): void {
    const { views } = this.#board;
    if (views !== this.#views) this.#adopt(views);
  }

  /** What work on a device came to. */
  measure({ latency }: LeasedDevice, said: MeasuredOutcome, nowMs: number): void {
    const { latencyMs, failed } = said;
    if (failed) {
      const all = this.#listed.map((device) => device.latency);
      latency.penalise(failureMs(all, latencyMs, nowMs), nowMs);
    } else {
      latency.add(latencyMs, nowMs);
    }
  }

  #adopt(views: Board['views']): void {
    const listed = views.map(({ device }, index) => this.#deviceFor(device, index));
    const isListed = new Set(listed);
    const gone = this.#listed.filter((device) => !isListed.has(device));
    if (gone.length > 0) this.#onGone(new Set(gone.map(({ row }) => row)));
    for (const device of gone) device.index = -1;
    this.#gone = [...this.#gone, ...gone];
    this.#views = views;
    this.#listed = listed;
    this.#byNumber = new Map(listed.map((device) => [device.number, device]));
    this.rows = Int32Array.from(listed, ({ row }) => row);
    this.numbers = Int32Array.from(listed, ({ number }) => number);
    const rowCount = this.rows.reduce((most, row) => Math.max(most, row + 1), 0);
    this.#indexes = new Int32Array(rowCount).fill(-1);
    for (const [index, device] of listed.entries()) {
      device.index = index;
      device.device = views[index]?.device ?? device.device;
      this.#indexes[device.row] = index;
    }
  }

  #deviceFor(device: GPUDevice, index: number): LeasedDevice {
    const number = this.#board.numberOf(index);
    const row = this.#board.rowOf(index);
    const known = this.#byNumber.get(number);
    if (known?.row === row && known.deviceId === device.deviceId) return known;
    return new LeasedDevice(device, { row, number }, this.#latencyOptions);
  }
}
