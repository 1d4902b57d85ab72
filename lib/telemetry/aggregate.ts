import type { GPUDevice } from '../device.js';
import type { GPUMetrics } from './sample.js';

/** The cluster in one line, over the latest sample of every device that has one. */
export interface AggregatedMetrics {
  /** Devices with a sample; a GPU in MIG mode that knows its memory stands for its instances. */
  readonly deviceCount: number;
  /** Devices whose sample knows both memory total and use: the memory sums cover these only. */
  readonly memoryDeviceCount: number;
  readonly totalMemoryBytes: number;
  readonly usedMemoryBytes: number;
  /** Total less used. */
  readonly availableMemoryBytes: number;
  /** Mean over the devices that know it; absent when none does. */
  readonly averageUtilizationPercent?: number;
  /** Mean over the devices that know it; absent when none does. */
  readonly averageTemperatureCelsius?: number;
  /** Devices whose sample knows its power: the sum covers these only. */
  readonly powerDeviceCount: number;
  /** Absent when no device knows its power. */
  readonly totalPowerWatts?: number;
  /** The newest of the samples' times, Unix milliseconds. */
  readonly timestampMs: number;
  /** Present, and then true, when a simulated driver made up any of the samples. */
  readonly simulated?: true;
}

/** Without the samples of MIG instances whose GPU knows its memory: theirs is part of that. */
export function withoutParts(
  samples: readonly GPUMetrics[],
  devices: ReadonlyMap<string, GPUDevice>,
): readonly GPUMetrics[] {
  const whole = new Set<string | undefined>(
    samples.filter(knowsMemory).map(({ deviceId }) => deviceId),
  );
  return samples.filter(({ deviceId }) => !whole.has(devices.get(deviceId)?.parentDeviceId));
}

function knowsMemory({ memoryTotalBytes, memoryUsedBytes }: GPUMetrics): boolean {
  return memoryTotalBytes !== undefined && memoryUsedBytes !== undefined;
}

class Tally {
  count = 0;
  sum = 0;

  add(value: number | undefined): void {
    if (value === undefined) return;
    this.count += 1;
    this.sum += value;
  }
}

/** Undefined when there is no sample. */
export function aggregate(samples: Iterable<GPUMetrics>): AggregatedMetrics | undefined {
  let deviceCount = 0;
  let timestampMs = -Infinity;
  let simulated = false;
  const [total, used] = [new Tally(), new Tally()];
  const [utilization, temperature, power] = [new Tally(), new Tally(), new Tally()];
  for (const sample of samples) {
    deviceCount += 1;
    timestampMs = Math.max(timestampMs, sample.timestampMs);
    simulated ||= sample.simulated === true;
    if (sample.memoryTotalBytes !== undefined && sample.memoryUsedBytes !== undefined) {
      total.add(sample.memoryTotalBytes);
      used.add(sample.memoryUsedBytes);
    }
    utilization.add(sample.computeUtilizationPercent);
    temperature.add(sample.temperatureCelsius);
    power.add(sample.powerWatts);
  }
  if (deviceCount === 0) return undefined;
  return Object.freeze({
    deviceCount,
    memoryDeviceCount: total.count,
    totalMemoryBytes: total.sum,
    usedMemoryBytes: used.sum,
    availableMemoryBytes: total.sum - used.sum,
    ...(utilization.count > 0 && {
      averageUtilizationPercent: utilization.sum / utilization.count,
    }),
    ...(temperature.count > 0 && {
      averageTemperatureCelsius: temperature.sum / temperature.count,
    }),
    powerDeviceCount: power.count,
    ...(power.count > 0 && { totalPowerWatts: power.sum }),
    timestampMs,
    ...(simulated && { simulated: true as const }),
  });
}
