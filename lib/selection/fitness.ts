import type { GPUDevice } from '../device.js';
import type { ErrorCode } from '../errors.js';
import type { DeviceHealth, HealthState } from '../telemetry/health-state.js';

/** What bars a device from selection whatever its samples say. */
export type BarCode = 'mig-parent' | 'unavailable' | 'unhealthy';

export interface Bar {
  readonly code: BarCode;
  readonly reason: string;
}

/** What is to be known of a device besides its samples. */
export interface Standing {
  readonly device: GPUDevice;
  /** Absent: nobody watches over it. */
  readonly health?: DeviceHealth | undefined;
  /** Of the GPU that a MIG instance is part of: what is wrong with that is wrong with both. */
  readonly parentHealth?: DeviceHealth | undefined;
  /** Why its latest reading failed. */
  failure?(): ErrorCode | undefined;
}

const barring: readonly HealthState[] = ['draining', 'needs-reset', 'hung', 'lost'];

const unavailableBecause: { readonly [C in ErrorCode]?: string } = {
  ERR_GPU_DEVICE_ASLEEP: 'it is asleep and left alone',
  ERR_GPU_SUSPENDED: 'the driver was let go of by suspend()',
};

/** Undefined: its samples decide. */
export function barOf({ device, health, parentHealth, failure }: Standing): Bar | undefined {
  if (device.migEnabled) {
    return { code: 'mig-parent', reason: 'it is split: its MIG instances are the candidates' };
  }
  const code = failure?.();
  const unavailable = code === undefined ? undefined : unavailableBecause[code];
  if (unavailable !== undefined) return { code: 'unavailable', reason: unavailable };
  const own = illness(health);
  if (own !== undefined) return { code: 'unhealthy', reason: own };
  const parents = illness(parentHealth);
  if (parents === undefined) return undefined;
  return { code: 'unhealthy', reason: `its GPU is ${parents}` };
}

function illness(health: DeviceHealth | undefined): string | undefined {
  if (health === undefined || !barring.includes(health.state)) return undefined;
  return `${health.state} (${health.reason}): ${health.message}`;
}
