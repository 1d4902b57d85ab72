// What filters and policies see. The objects are persistent: whoever keeps them (the board of a
// manager, a DeviceSelector) brings them up to date in place before a decision, and none is made
// while deciding.
import type { GPUDevice } from '../device.js';
import type { ErrorCode } from '../errors.js';
import type { DeviceHealth } from '../telemetry/health-state.js';
import type { GPUMetrics } from '../telemetry/sample.js';
import type { SelectionCriteria } from './criteria.js';

/**
 * Whether the sensors of a device are to be believed. `implausible`: they say what no device can
 * measure, such as 0 for everything. `frozen`: nothing has changed for so long that they are stuck.
 */
export type SensorState = 'ok' | 'implausible' | 'frozen';

/** Load that an engine or another process says it has on a device. */
export interface ReportedLoad {
  /** Requests that wait, in the unit of a request's weight. */
  readonly queue?: number;
  /** Requests that run, in the unit of a request's weight. */
  readonly running?: number;
  readonly kvCacheUtilizationPercent?: number;
  /** Of a typical request; counts where no lease has measured one. */
  readonly latencyMs?: number;
  /** Unix. @default when it is reported */
  readonly timestampMs?: number;
}

/**
 * One device while a choice is made. Read it and do not keep it: it is brought up to date in place.
 * What is unknown is undefined, never 0 or NaN.
 */
export interface DeviceView {
  readonly device: GPUDevice;
  /** The latest sample, however old. What counts under the request: `context.metricsOf(view)`. */
  readonly metrics: GPUMetrics | undefined;
  /** Age of the sample at `nowMs` (Unix); undefined without one. Never negative. */
  ageMs(nowMs: number): number | undefined;
  /** Undefined: nobody watches over it. */
  readonly health: DeviceHealth | undefined;
  /** Of the GPU that a MIG instance is part of. */
  readonly parentHealth: DeviceHealth | undefined;
  /** Why its latest reading failed. */
  failure(): ErrorCode | undefined;
  readonly sensor: SensorState;
  /** How far its temperature is below its own slowdown point, by the latest sample. */
  readonly slowdownMarginCelsius: number | undefined;
  /** Relative to the fastest device of the cluster, which has 1; above 0. */
  readonly speed: number;
  /** Weight of the live leases, those of other threads included. */
  readonly inFlight: number;
  readonly leaseCount: number;
  /** Of the live leases. */
  readonly leasedBytes: number;
  /** Leased, and not materialised yet. */
  readonly reservedBytes: number;
  /**
   * Memory free by the latest sample, less what is reserved and not yet seen in a sample, and never
   * above the device's memory less `leasedBytes`. What counts under the request:
   * `context.freeMemoryOf(view)`.
   */
  readonly freeMemoryBytes: number | undefined;
  readonly load: ReportedLoad | undefined;
  /** Age of `load` at `nowMs` (Unix); undefined without one. */
  loadAgeMs(nowMs: number): number | undefined;
  /** Peak EWMA of what leases measured. */
  readonly latencyMs: number | undefined;
}

/** A device that passed, with what the policy says it costs. */
export interface CostedView {
  readonly view: DeviceView;
  /** Finite and at least 0; lower is better. */
  readonly cost: number;
}

/** What is the same for all devices while a choice is made. Valid during the call only. */
export interface SelectionContext {
  readonly request: SelectionCriteria;
  /** Unix. */
  readonly nowMs: number;
  /** All devices, those that do not pass included, in registration order. */
  readonly views: readonly DeviceView[];
  /** From 0 up to and without 1, seeded by the option `seed`. */
  random(): number;
  /** The sample where its age counts under the request's `staleness`; undefined: unknown. */
  metricsOf(view: DeviceView): GPUMetrics | undefined;
  /** Free memory as it counts under the request's `staleness`; undefined: unknown. */
  freeMemoryOf(view: DeviceView): number | undefined;
}

/**
 * A constraint of your own. It runs after the built-in ones, on what they let pass, for ranking and
 * explaining too: it should change nothing.
 */
export interface SelectionFilter {
  /** The rejection's code is `filter:` and this. */
  readonly name: string;
  /** Why the device is out, in a few words; undefined lets it pass. */
  reject(view: DeviceView, context: SelectionContext): string | undefined;
}

/**
 * An order of your own. Its functions run for ranking and explaining too: they should change
 * nothing, and draw chance from `context.random()`, which explaining does not use up.
 */
export interface SelectionPolicy {
  readonly name: string;
  /** Lower is better. Undefined, negative or not finite: the device cannot be judged and is out. */
  cost(view: DeviceView, context: SelectionContext): number | undefined;
  /** One of the candidates; undefined for none. @default the lowest cost, at random among ties */
  pick?(candidates: readonly CostedView[], context: SelectionContext): CostedView | undefined;
}
