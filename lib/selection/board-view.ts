import type { GPUDevice } from '../device.js';
import type { ErrorCode } from '../errors.js';
import type { DeviceHealth } from '../telemetry/health-state.js';
import type { GPUMetrics } from '../telemetry/sample.js';
import { SensedValues } from '../telemetry/sensed-values.js';
import { unleasedBytes } from './decision.js';
import type { DeviceView, ReportedLoad, SensorState } from './device-view.js';
import { LoadFigures, type StaleLoads } from './load-source.js';
import { freeMemoryBytes } from './policies/score.js';
import { Stillness } from './stillness.js';

/** A sample that becomes an object only where somebody wants one. */
export interface LatestSample {
  latest(): GPUMetrics | undefined;
}

/** What a device has in a board besides what it is. */
export interface Seat {
  /** Its row of the block and of the ledger. */
  readonly row: number;
  /** What sets it apart from others that had the row before it. */
  readonly number: number;
}

/** Of a board. */
export interface BoardState {
  /** How its clocks stood to each other at the latest decision: Unix less that of samples. */
  clockOffsetMs: number;
  readonly stale: StaleLoads;
}

/** A feed writes what it reads of the device, the board everything else. */
export class BoardView implements DeviceView {
  device: GPUDevice;
  readonly seat: Seat;
  /** Place in the board's views. */
  index = -1;
  speed = 1;
  /** Of the feed: what it read last. */
  version = -1;
  sample: LatestSample | undefined = undefined;
  /** When the latest sample began, on the clock of samples; -Infinity: there is none. */
  sampleStartMs: number = -Infinity;
  readonly sensed: SensedValues = new SensedValues();
  sensor: SensorState = 'ok';
  slowdownMarginCelsius: number | undefined = undefined;
  health: DeviceHealth | undefined = undefined;
  parentHealth: DeviceHealth | undefined = undefined;
  failureCode: ErrorCode | undefined = undefined;
  readonly stillness: Stillness = new Stillness();
  /** All but its load lets it take a lease without constraints. */
  isOpenToLeases = false;
  readonly #figures = new LoadFigures();
  readonly #board: BoardState;

  constructor(device: GPUDevice, seat: Seat, board: BoardState) {
    this.device = device;
    this.seat = seat;
    this.#board = board;
  }

  get metrics(): GPUMetrics | undefined {
    return this.sample?.latest();
  }

  ageMs(nowMs: number): number | undefined {
    if (this.sampleStartMs === -Infinity) return undefined;
    return Math.max(0, nowMs - this.#board.clockOffsetMs - this.sampleStartMs);
  }

  failure(): ErrorCode | undefined {
    return this.failureCode;
  }

  get inFlight(): number {
    return this.#load().inFlight;
  }

  get leaseCount(): number {
    return this.#load().leaseCount;
  }

  get leasedBytes(): number {
    return this.#load().leasedBytes;
  }

  get reservedBytes(): number {
    return this.#load().reservedBytes;
  }

  get latencyMs(): number | undefined {
    return this.#load().measured?.latencyMs;
  }

  get load(): ReportedLoad | undefined {
    return this.#load().load;
  }

  loadAgeMs(nowMs: number): number | undefined {
    const { load } = this;
    return load && Math.max(0, nowMs - (load.timestampMs ?? nowMs));
  }

  get freeMemoryBytes(): number | undefined {
    const free = freeMemoryBytes(this.sensed);
    if (free === undefined) return undefined;
    const { reservedBytes, unseenBytes } = this.#load();
    const unclaimed = Math.max(0, free - reservedBytes - unseenBytes);
    return Math.min(unclaimed, unleasedBytes(this) ?? Infinity);
  }

  #load(): LoadFigures {
    const { marks, source } = this.#board.stale;
    if (marks[this.index] === 1) {
      marks[this.index] = 0;
      source?.readInto(this.index, this.#figures);
    }
    return this.#figures;
  }
}
