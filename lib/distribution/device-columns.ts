import type { CheckedLimits } from './device-limits.js';
import type { ItemValues } from './item-values.js';
import type { Items } from './items.js';
import type { DistributionJob } from './job.js';
import type { SharedItems, Sharing } from './sharing.js';

/** Devices that may take items, in order. */
export interface DeviceColumns {
  readonly deviceIds: readonly string[];
  readonly speeds: Float64Array;
  /** Absent: none counts. */
  readonly loads?: Float64Array | undefined;
  /** Free memory, NaN: unknown, Infinity: it need not be known. Absent: no item has bytes. */
  readonly freeBytes?: Float64Array | undefined;
  /** Of the device itself, beside those that the sharing names. */
  readonly limits?: readonly (CheckedLimits | undefined)[] | undefined;
}

export interface JobParts {
  readonly sharing: Sharing;
  readonly items: Items;
  readonly values: SharedItems;
  readonly devices: DeviceColumns;
}

/** What strategies work on. */
export function jobOf({ sharing, items, values, devices }: JobParts): DistributionJob {
  const { costs, bytes, keys } = values;
  return {
    itemCount: items.length,
    deviceIds: devices.deviceIds,
    speeds: devices.speeds,
    loads: devices.loads,
    itemLimits: limitsOf(devices, sharing, 'items'),
    costLimits: limitsOf(devices, sharing, 'cost'),
    byteLimits: hasBytes(bytes)
      ? withMemory(limitsOf(devices, sharing, 'bytes'), devices.freeBytes)
      : undefined,
    freeBytes: hasBytes(bytes) ? devices.freeBytes : undefined,
    itemCost: costs.same,
    costs: costs.each,
    itemBytes: bytes.same,
    bytes: bytes.each,
    keys,
    settings: sharing.settings,
  };
}

/** Whether items take memory at all. */
export function hasBytes({ same, each }: ItemValues): boolean {
  return each !== undefined || same > 0;
}

function limitsOf(
  { deviceIds, limits: own }: DeviceColumns,
  { limits, maxPerDevice }: Sharing,
  kind: keyof CheckedLimits,
): Float64Array | undefined {
  const most = kind === 'items' ? maxPerDevice : Infinity;
  if (own === undefined && limits === undefined) {
    return most === Infinity ? undefined : new Float64Array(deviceIds.length).fill(most);
  }
  const column = Float64Array.from(deviceIds, (deviceId, place) =>
    Math.min(most, own?.[place]?.[kind] ?? Infinity, limits?.get(deviceId)?.[kind] ?? Infinity),
  );
  return column.some((limit) => limit < Infinity) ? column : undefined;
}

/** What is not known to be free is not given away. */
function withMemory(
  limits: Float64Array | undefined,
  freeBytes: Float64Array | undefined,
): Float64Array | undefined {
  if (freeBytes === undefined) return limits;
  return freeBytes.map((free, place) =>
    Math.min(Number.isNaN(free) ? 0 : free, limits?.[place] ?? Infinity),
  );
}
