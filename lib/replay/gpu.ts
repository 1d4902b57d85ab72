import type { Background } from './background.js';
import type { GpuModel } from './scenario.js';

/**
 * One server: it works through its requests one after another, first come first served, at the
 * rate that its background leaves.
 */
export class SimulatedGpu {
  readonly deviceId: string;
  readonly model: GpuModel;
  readonly background: Background;
  #freeAtMs = 0;
  #busyMs = 0;
  /** Beyond what the background draws. */
  #joules = 0;
  #present = 0;
  #served = 0;

  constructor(deviceId: string, model: GpuModel, background: Background) {
    this.deviceId = deviceId;
    this.model = model;
    this.background = background;
  }

  /** Requests on it that are not done. */
  get present(): number {
    return this.#present;
  }

  get served(): number {
    return this.#served;
  }

  /** When it would be through with a request that came now. */
  finishOf(nowMs: number, workMs: number): number {
    return this.background.rate.whenReached(Math.max(nowMs, this.#freeAtMs), workMs);
  }

  /** Queues a request; returns when it will be done. REQUIRES: `nowMs` never goes back. */
  take(nowMs: number, workMs: number): number {
    const startMs = Math.max(nowMs, this.#freeAtMs);
    const finishMs = this.finishOf(nowMs, workMs);
    this.#freeAtMs = finishMs;
    this.#busyMs += finishMs - startMs;
    this.#joules += this.#extraJoules(startMs, finishMs);
    this.#present++;
    return finishMs;
  }

  /** One request is done. */
  done(): void {
    this.#present--;
    this.#served++;
  }

  /** How long a request that came now would wait. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#freeAtMs - nowMs);
  }

  /** How long it has worked on requests. REQUIRES: it is now. */
  busyUpTo(nowMs: number): number {
    return this.#busyMs - this.waitMs(nowMs);
  }

  /** What it draws now. */
  watts(nowMs: number): number {
    const background = this.background.watts.at(nowMs) ?? this.model.idleWatts;
    return this.waitMs(nowMs) > 0 ? Math.max(this.model.fullWatts, background) : background;
  }

  /** What it has drawn from the start to `endMs`. REQUIRES: all requests are done by then. */
  joules(endMs: number): number {
    return this.background.watts.integral(0, endMs) / 1000 + this.#joules;
  }

  /** While it works on a request it draws its full power, or what was recorded if that is more. */
  #extraJoules(startMs: number, finishMs: number): number {
    const full = (this.model.fullWatts * (finishMs - startMs)) / 1000;
    return Math.max(0, full - this.background.watts.integral(startMs, finishMs) / 1000);
  }
}
