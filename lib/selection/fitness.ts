import type { GPUDevice } from '../device.js';
import type { ErrorCode } from '../errors.js';
import type { DeviceHealth, HealthState } from '../telemetry/health-state.js';

/** What bars a device from selection whatever its samples say. */
export type BarCode = 'mig-parent' | 'unavailable' | 'unhealthy';

/** What health says of a device, and of the GPU that a MIG instance is part of. */
export interface Watched {
  /** Undefined: nobody watches over it. */
  readonly health?: DeviceHealth | undefined;
  /** What is wrong with that is wrong with both. */
  readonly parentHealth?: DeviceHealth | undefined;
}

/** What is to be known of a device besides its samples. */
export interface Standing extends Watched {
  readonly device: GPUDevice;
  /** Why its latest reading failed. */
  failure?(): ErrorCode | undefined;
}

const unavailableBecause: { readonly [C in ErrorCode]?: string } = {
  ERR_GPU_DEVICE_ASLEEP: 'it is asleep and left alone',
  ERR_GPU_SUSPENDED: 'the driver was let go of by suspend()',
};

/** Why a device with that failure takes no work. */
export function unavailability(failure: ErrorCode | undefined): string | undefined {
  return failure === undefined ? undefined : unavailableBecause[failure];
}

function isIll(health: DeviceHealth | undefined): health is DeviceHealth {
  return health !== undefined && health.state !== 'ok' && health.state !== 'degraded';
}

/** Texts, each made once: health is replaced as a whole when it changes. */
const texts = new WeakMap<DeviceHealth, string>();

function textOf(health: DeviceHealth): string {
  const known = texts.get(health);
  if (known !== undefined) return known;
  const text = `${health.state} (${health.reason}): ${health.message}`;
  texts.set(health, text);
  return text;
}

function firstThat(
  { health, parentHealth }: Watched,
  isSo: (health: DeviceHealth | undefined) => health is DeviceHealth,
): string | undefined {
  if (isSo(health)) return textOf(health);
  return isSo(parentHealth) ? `its GPU is ${textOf(parentHealth)}` : undefined;
}

/** Undefined: it is well, or well enough. */
export function illnessOf(watched: Watched): string | undefined {
  return firstThat(watched, isIll);
}

const isNotOk = (health: DeviceHealth | undefined): health is DeviceHealth =>
  health !== undefined && health.state !== ('ok' satisfies HealthState);

/** Undefined: nothing is known to be wrong with it. */
export function healthDegradation(watched: Watched): string | undefined {
  return firstThat(watched, isNotOk);
}

const barsLeases = (health: DeviceHealth | undefined): health is DeviceHealth =>
  health?.leases !== undefined &&
  health.leases.newLeases !== 'keep' &&
  health.leases.scope !== 'links';

const barsGroups = (health: DeviceHealth | undefined): health is DeviceHealth =>
  health?.leases !== undefined && health.leases.newLeases !== 'keep';

/** Why no new lease of `count` devices may include this one; undefined: it may. */
export function leaseBar(watched: Watched, count: number): string | undefined {
  return firstThat(watched, count > 1 ? barsGroups : barsLeases);
}

/** Undefined: its samples decide. */
export function barOf(standing: Standing): BarCode | undefined {
  if (standing.device.migEnabled) return 'mig-parent';
  if (unavailability(standing.failure?.()) !== undefined) return 'unavailable';
  return illnessOf(standing) === undefined ? undefined : 'unhealthy';
}
