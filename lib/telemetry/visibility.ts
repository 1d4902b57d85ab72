import type { NativeDevice } from '../native.js';

/** What decides which devices CUDA shows to this process, and in which order. */
export interface CudaEnvironment {
  readonly CUDA_VISIBLE_DEVICES?: string | undefined;
  readonly CUDA_DEVICE_ORDER?: string | undefined;
}

/**
 * The devices CUDA would number 0, 1, 2, ... in this process: `cudaIndex` is the position.
 *
 * It numbers no GPU in MIG mode; where it finds MIG instances it takes the first one and nothing
 * else (MIG User Guide, "CUDA Device Enumeration").
 */
export function cudaOrder<T extends NativeDevice>(
  devices: readonly T[],
  environment: CudaEnvironment,
): readonly T[] {
  const visible = visibleDevices(devices, environment);
  const instance = visible.find(isInstance);
  return instance === undefined ? visible.filter((device) => !device.migEnabled) : [instance];
}

/**
 * What CUDA_VISIBLE_DEVICES leaves, in its order; a GPU in MIG mode comes with its instances.
 *
 * CUDA_VISIBLE_DEVICES is read as CUDA reads it: a list of ordinals or of UUIDs (a unique prefix is
 * enough), and the first entry that names no device ends the list. Ordinals count in CUDA's order,
 * which is that of the PCI bus under CUDA_DEVICE_ORDER=PCI_BUS_ID, and otherwise "fastest first".
 * CUDA does not publish how it judges speed; cores times clock is taken here, exact among equals.
 */
export function visibleDevices<T extends NativeDevice>(
  devices: readonly T[],
  environment: CudaEnvironment,
): readonly T[] {
  const gpus = devices.filter((device) => !isInstance(device));
  const ordered = enumerationOrder(gpus, environment.CUDA_DEVICE_ORDER);
  const list = environment.CUDA_VISIBLE_DEVICES;
  const visible: T[] = [];
  for (const entry of list?.split(',') ?? []) {
    const device = named(entry.trim(), ordered, devices);
    if (device === undefined) break;
    if (visible.includes(device)) return []; // CUDA refuses a list that names a device twice
    visible.push(device);
  }
  const instancesOf = (gpu: T) => devices.filter(({ parentUuid }) => parentUuid === gpu.uuid);
  const chosen = list === undefined ? ordered : visible;
  return [...new Set(chosen.flatMap((device) => [device, ...instancesOf(device)]))];
}

function isInstance({ parentUuid }: NativeDevice): boolean {
  return parentUuid !== undefined;
}

function enumerationOrder<T extends NativeDevice>(
  devices: readonly T[],
  order: string | undefined,
): readonly T[] {
  const byBus = devices.toSorted((a, b) => compare(a.pciBusId ?? '', b.pciBusId ?? ''));
  if (order === 'PCI_BUS_ID') return byBus;
  return byBus.toSorted((a, b) => speed(b) - speed(a));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function speed(device: NativeDevice): number {
  return (device.coreCount ?? 0) * (device.maxClockRateMhz ?? 0);
}

function named<T extends NativeDevice>(
  entry: string,
  ordered: readonly T[],
  all: readonly T[],
): T | undefined {
  if (/^\d+$/.test(entry)) return ordered[Number(entry)];
  if (!/^(GPU|MIG)-/i.test(entry)) return undefined;
  const prefix = entry.toLowerCase();
  const matches = all.filter(({ uuid }) => uuid.toLowerCase().startsWith(prefix));
  return matches.length === 1 ? matches[0] : undefined;
}
