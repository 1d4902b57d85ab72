import type { ErrorCode } from '../errors.js';
import { type MetricKey, metricTable } from './metrics.generated.js';

/** What the simulated driver says of one of its devices. */
export interface SimulatedDevice {
  readonly deviceId: string;
  readonly board: string;
  /** The recorded trace that is replayed; absent: a model alone. */
  readonly trace?: string;
  /** Metrics whose values stand in the trace. */
  readonly recorded: readonly MetricKey[];
  /** Metrics that a model of the board makes up. */
  readonly modelled: readonly MetricKey[];
}

export interface Simulation {
  readonly scenario: string;
  readonly seed: number;
  readonly devices: readonly SimulatedDevice[];
}

export interface DeviceFailure {
  readonly deviceId: string;
  readonly code: ErrorCode;
}

/**
 * - `lost`: it does not answer any more, and is opened again and again until it does.
 * - `suspended`: let go of on request. `released`: let go of so that idle devices can sleep.
 */
export type DriverState = 'serving' | 'lost' | 'suspended' | 'released';

/** How a live manager is doing. */
export interface LiveStatus {
  readonly simulated: boolean;
  readonly driver: DriverState;
  /** The library as it was opened. */
  readonly libraryPath: string;
  readonly driverVersion: string;
  readonly nvmlVersion: string;
  /** As `12.8`. */
  readonly cudaDriverVersion?: string;
  /** The sampler's period: the shortest that an opener in this process asked for. */
  readonly periodMs: number;
  /** Rounds of readings so far. */
  readonly rounds: number;
  /** What the latest complete round took; longer than the period when the driver is slow. */
  readonly roundLengthMs: number;
  /** Deadlines that passed while a round was still under way; their rounds were left out. */
  readonly missedDeadlines: number;
  /** Devices whose latest reading failed, and why. Their samples age and drop out of selection. */
  readonly failing: readonly DeviceFailure[];
  /** Devices that the driver counts but would not hand out when it was opened; absent: none. */
  readonly skippedDevices?: number;
  /** Present when the driver is the simulated one. */
  readonly simulation?: Simulation;
}

/** As the simulated driver gives it; another build of it may leave anything out. */
interface Description {
  readonly scenario?: string;
  readonly seed?: number;
  readonly devices?: readonly {
    readonly uuid?: string;
    readonly board?: string;
    readonly trace?: string | null;
    readonly recorded?: readonly string[];
    readonly modelled?: readonly string[];
  }[];
}

/** The simulated driver's description of itself (JSON), in terms of metrics. */
export function describeSimulation(json: string | undefined): Simulation | undefined {
  if (json === undefined) return undefined;
  const { scenario = '', seed = 0, devices = [] } = parsed(json);
  return {
    scenario,
    seed,
    devices: devices.map(({ uuid = '', board = '', trace, recorded = [], modelled = [] }) => ({
      deviceId: uuid,
      board,
      ...(typeof trace === 'string' && { trace }),
      recorded: metricsOf(recorded),
      modelled: metricsOf(modelled),
    })),
  };
}

/** A library that says it simulates and not what is still a simulation. */
function parsed(json: string): Description {
  try {
    return (JSON.parse(json) ?? {}) as Description;
  } catch {
    return {};
  }
}

function metricsOf(columns: readonly string[]): readonly MetricKey[] {
  return metricTable.filter(({ column }) => columns.includes(column)).map(({ key }) => key);
}
