import type { NativeDetail, NativeProcess } from '../native.js';
import type { DetailKey, DetailValues } from './metrics.generated.js';

/** What is read each second and every five: the values that are known and recent, and lists. */
export interface DeviceDetails extends DetailValues {
  readonly deviceId: string;
  /** Unix: when the newest of all that was read. */
  readonly timestampMs: number;
  readonly ageMs: number;
  /** Absent, as the lists below: the driver does not say, or not now. */
  readonly fans?: readonly FanState[];
  /** By link number. */
  readonly nvlinks?: readonly NvLinkState[];
  readonly processes?: readonly GPUProcess[];
  /** Beside `processes`: how many there are that it has no room for. */
  readonly processesLeftOut?: number;
  /**
   * Bytes of the driver's process record, as found out: 24; 16 of old drivers; 32 of some of R535,
   * which programs that trust the header misread. Absent: it has listed no process yet.
   */
  readonly processRecordBytes?: number;
  /** Values worked out from others, because the driver does not say them. */
  readonly estimated?: readonly DetailKey[];
  readonly simulated?: true;
}

/** An absent property is unknown, here and below. */
export interface FanState {
  /** Intended; it may pass 100. */
  readonly speedPercent?: number;
  /** Measured. */
  readonly speedRpm?: number;
  readonly targetPercent?: number;
}

export interface NvLinkState {
  readonly active?: boolean;
  /** NVML's number. */
  readonly version?: number;
  readonly speedMBps?: number;
  readonly transmitBytes?: number;
  readonly receiveBytes?: number;
  readonly replayErrorCount?: number;
  readonly recoveryErrorCount?: number;
  readonly crcErrorCount?: number;
}

export interface GPUProcess {
  readonly pid: number;
  readonly kinds: readonly ('compute' | 'graphics')[];
  readonly memoryBytes?: number;
  readonly smUtilizationPercent?: number;
  readonly memoryUtilizationPercent?: number;
  readonly encoderUtilizationPercent?: number;
  readonly decoderUtilizationPercent?: number;
  readonly gpuInstanceId?: number;
  readonly computeInstanceId?: number;
}

type DetailLists = Pick<
  DeviceDetails,
  'fans' | 'nvlinks' | 'processes' | 'processesLeftOut' | 'processRecordBytes'
>;

/** The lists of the native side, publicly. */
export function detailLists({
  fans,
  links,
  processes,
  processesLeftOut,
  processRecordBytes,
}: NativeDetail): DetailLists {
  return {
    ...(fans !== undefined && { fans }),
    ...(links !== undefined && {
      nvlinks: links.map(({ active, ...link }) => ({
        ...(active !== undefined && { active: active !== 0 }),
        ...link,
      })),
    }),
    ...(processes !== undefined && { processes: processes.map(processOf), processesLeftOut }),
    ...(processRecordBytes !== undefined && { processRecordBytes }),
  };
}

function processOf({ kinds, ...process }: NativeProcess): GPUProcess {
  const names = [(kinds & 1) !== 0 && 'compute', (kinds & 2) !== 0 && 'graphics'] as const;
  return { ...process, kinds: names.filter((name) => name !== false) };
}
