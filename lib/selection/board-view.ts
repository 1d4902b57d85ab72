import type { GPUDevice } from '../device.js';
import type { ErrorCode } from '../errors.js';
import type { DeviceHealth } from '../telemetry/health-state.js';
import type { GPUMetrics } from '../telemetry/sample.js';
import { SensedValues } from '../telemetry/sensed-values.js';
import { unleasedBytes } from './decision.js';
import type { DeviceView, ReportedLoad, SensorState } from './device-view.js';
import { LoadFigures, type LoadSource } from './load-source.js';
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

/** Of a board: how its clocks stood to each other when a decision was begun last. */
export class ClockOffset {
  /** Unix time less that of samples. */
  ms = 0;
}

/** A feed writes what it reads of the device, the board everything else. */
export class BoardView implements DeviceView {
  device: GPUDevice;
  readonly seat: Seat;
  /** Place in the board's views. */
  index = -1;
  speed = 1;
  /** 1 / speed: a division takes as long as the rest of a key. */
  perSpeed = 1;
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
  readonly #clockOffset: ClockOffset;
  #loads: LoadSource | undefined;

  constructor(device: GPUDevice, seat: Seat, clockOffset: ClockOffset) {
    this.device = device;
    this.seat = seat;
    this.#clockOffset = clockOffset;
  }

  get metrics(): GPUMetrics | undefined {
    return this.sample?.latest();
  }

  ageMs(nowMs: number): number | undefined {
    if (this.sampleStartMs === -Infinity) return undefined;
    return Math.max(0, nowMs - this.#clockOffset.ms - this.sampleStartMs);
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

  setSpeed(speed: number): void {
    this.speed = speed;
    this.perSpeed = 1 / speed;
  }

  /** The figures are to be read anew from there when they are wanted next. */
  voidLoad(loads: LoadSource | undefined): void {
    this.#loads = loads;
  }

  #load(): LoadFigures {
    const loads = this.#loads;
    if (loads !== undefined) {
      this.#loads = undefined;
      loads.readInto(this.index, this.#figures);
    }
    return this.#figures;
  }
}
