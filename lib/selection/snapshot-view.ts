import type { GPUDevice } from '../device.js';
import type { ErrorCode } from '../errors.js';
import type { DeviceHealth } from '../telemetry/health-state.js';
import type { GPUMetrics } from '../telemetry/sample.js';
import type { DeviceView, SensorState } from './device-view.js';
import type { Standing } from './fitness.js';
import { freeMemoryBytes } from './policies/score.js';
import { isImplausible } from './sensors.js';

/** A device that is read once, on which nothing is leased. */
export interface Candidate extends Standing {
  /** Undefined: the device has no sample yet. */
  readonly metrics: GPUMetrics | undefined;
  /** @default unknown */
  readonly slowdownMarginCelsius?: number | undefined;
}

/** Age of a sample at `nowMs` (Unix milliseconds); never negative. */
export function ageOf(metrics: GPUMetrics, nowMs: number): number {
  return metrics.ageMs ?? Math.max(0, nowMs - metrics.timestampMs);
}

/** A device as it is at one time, without a ledger. */
export class SnapshotView implements DeviceView {
  readonly device: GPUDevice;
  readonly metrics: GPUMetrics | undefined;
  readonly health: DeviceHealth | undefined;
  readonly parentHealth: DeviceHealth | undefined;
  readonly sensor: SensorState;
  readonly slowdownMarginCelsius: number | undefined;
  readonly speed: number;
  readonly freeMemoryBytes: number | undefined;
  readonly inFlight = 0;
  readonly leaseCount = 0;
  readonly leasedBytes = 0;
  readonly reservedBytes = 0;
  readonly load = undefined;
  readonly latencyMs = undefined;
  readonly #failure: () => ErrorCode | undefined;

  constructor(candidate: Candidate, speed = 1) {
    const { device, metrics, health, parentHealth } = candidate;
    this.device = device;
    this.metrics = metrics;
    this.health = health;
    this.parentHealth = parentHealth;
    this.sensor = metrics !== undefined && isImplausible(metrics) ? 'implausible' : 'ok';
    this.slowdownMarginCelsius = candidate.slowdownMarginCelsius;
    this.freeMemoryBytes = metrics && freeMemoryBytes(metrics);
    this.speed = speed;
    this.#failure = () => candidate.failure?.();
  }

  ageMs(nowMs: number): number | undefined {
    return this.metrics && ageOf(this.metrics, nowMs);
  }

  loadAgeMs(): undefined {
    return undefined;
  }

  failure(): ErrorCode | undefined {
    return this.#failure();
  }
}

/** Views of devices that are read once. */
export function snapshotViews(
  candidates: readonly Candidate[],
  speeds: readonly number[],
): readonly DeviceView[] {
  return candidates.map((candidate, index) => new SnapshotView(candidate, speeds[index]));
}
