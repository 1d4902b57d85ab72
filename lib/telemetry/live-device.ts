import type { GPUDevice } from '../device.js';
import type { NativeDevice, NativeDeviceEntry, NativeDriver } from '../native.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Public name to native name, where a value is handed on as it is. */
const handedOn = {
  pciBusId: 'pciBusId',
  serial: 'serial',
  architecture: 'architecture',
  coreCount: 'coreCount',
  computeUnits: 'multiprocessorCount',
  memoryBusWidthBits: 'memoryBusWidthBits',
  clockRateMhz: 'maxClockRateMhz',
  memoryClockMhz: 'maxMemoryClockMhz',
  powerLimitDefaultWatts: 'powerLimitDefaultWatts',
  powerLimitMinWatts: 'powerLimitMinWatts',
  powerLimitMaxWatts: 'powerLimitMaxWatts',
  maxPcieLinkGeneration: 'maxPcieLinkGeneration',
  maxPcieLinkWidth: 'maxPcieLinkWidth',
  numaNode: 'numaNode',
  unifiedMemory: 'unifiedMemory',
  migEnabled: 'migEnabled',
  parentDeviceId: 'parentUuid',
  migProfile: 'migProfile',
  gpuInstanceId: 'gpuInstanceId',
  computeInstanceId: 'computeInstanceId',
} as const satisfies Partial<Record<keyof GPUDevice, keyof NativeDevice>>;

/** The public description of a native device. `cudaIndex`: its place in CUDA's order, or -1. */
export function liveDevice(
  native: NativeDeviceEntry,
  driver: NativeDriver,
  cudaIndex: number,
): GPUDevice {
  const device: Mutable<GPUDevice> = {
    deviceId: native.uuid,
    name: native.name,
    vendor: 'nvidia',
    backend: 'cuda',
    memoryBytes: native.memoryBytes ?? 0,
    // The driver counts a device that is gone no more; its number may be another's.
    ...(native.present && { index: native.index }),
  };
  const entries = Object.entries(handedOn).map(([key, from]) => [key, native[from]] as const);
  Object.assign(device, Object.fromEntries(entries.filter(([, value]) => value !== undefined)));
  if (native.memoryBytes === undefined) device.memoryUnknown = true;
  if (cudaIndex >= 0) device.cudaIndex = cudaIndex;
  if (driver.driverVersion !== '') device.driverVersion = driver.driverVersion;
  if (driver.simulation !== undefined) device.simulated = true;
  const bandwidth = memoryBandwidthGBps(native);
  if (bandwidth !== undefined) device.memoryBandwidthGBps = bandwidth;
  const { computeCapabilityMajor: major, computeCapabilityMinor: minor } = native;
  if (major !== undefined && minor !== undefined) device.computeCapability = `${major}.${minor}`;
  return Object.freeze(device);
}

/**
 * Peak memory bandwidth: bus width in bytes, two transfers a clock (double data rate).
 * H100: 5120 bit at 2619 MHz is 3352 GB/s.
 */
function memoryBandwidthGBps(native: NativeDevice): number | undefined {
  const { memoryBusWidthBits, maxMemoryClockMhz } = native;
  if (memoryBusWidthBits === undefined || maxMemoryClockMhz === undefined) return undefined;
  return Math.round(((memoryBusWidthBits / 8) * maxMemoryClockMhz * 2) / 1000);
}
