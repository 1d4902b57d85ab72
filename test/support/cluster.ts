import type { GPUDevice } from '../../lib/device.js';
import { GPUClusteringManager } from '../../lib/manager.js';
import type { GPUMetrics } from '../../lib/telemetry/sample.js';

/** A 24 GB card. */
export function gpu(deviceId: string, more: Partial<GPUDevice> = {}): GPUDevice {
  return { deviceId, name: 'Test GPU', vendor: 'nvidia', memoryBytes: 24e9, ...more };
}

/** An idle, empty, cool 24 GB card at time 1000. */
export function sample(deviceId: string, more: Partial<GPUMetrics> = {}): GPUMetrics {
  return {
    deviceId,
    timestampMs: 1000,
    memoryUsedBytes: 0,
    memoryTotalBytes: 24e9,
    computeUtilizationPercent: 0,
    temperatureCelsius: 50,
    ...more,
  };
}

/** A manual cluster with the devices registered. */
export function clusterOf(...devices: readonly GPUDevice[]): GPUClusteringManager {
  const manager = new GPUClusteringManager();
  for (const device of devices) manager.registerDevice(device);
  return manager;
}

/** Items per device, in the order of the assignments. */
export function sizes(assignments: ReadonlyMap<string, readonly unknown[]>): number[] {
  return Array.from(assignments.values(), (items) => items.length);
}

/** 0, 1, ... */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** What types forbid: hands a value of any kind to a typed parameter. */
export function untyped(value: unknown): never {
  return value as never;
}
