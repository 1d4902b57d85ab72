import type { Decision } from '../decision.js';
import { unleasedBytes } from '../decision.js';
import type { DeviceView } from '../device-view.js';
import { gibibytes } from '../figures.js';
import type { Filter } from './filter.js';
import { compared } from './identity.js';

/** What the device is said to have, else what its sample says. */
function totalBytes({ device, metrics }: DeviceView): number | undefined {
  return device.memoryUnknown ? metrics?.memoryTotalBytes : device.memoryBytes;
}

export const totalMemory: Filter = {
  name: 'total-memory',
  applies: ({ minMemoryTotalBytes }) => minMemoryTotalBytes > 0,
  reject(view, { request }) {
    const total = totalBytes(view);
    if (total === undefined) {
      return request.unknown === 'reject' ? 'memory-total-unknown' : undefined;
    }
    return total < request.minMemoryTotalBytes ? 'memory-total-too-small' : undefined;
  },
  text(view, { request: { minMemoryTotalBytes } }) {
    const total = totalBytes(view);
    const has = total === undefined ? 'memory unknown' : `${gibibytes(total)} of memory`;
    return {
      reason: `${has}, ${gibibytes(minMemoryTotalBytes)} wanted`,
      ...compared(total, minMemoryTotalBytes),
    };
  },
  outlook: () => 'never',
};

/** Free as it counts; where that is unknown and may be, at most what the ledger leaves. */
function knownFreeBytes(view: DeviceView, decision: Decision): number | undefined {
  const free = decision.freeMemoryOf(view);
  if (free !== undefined || decision.request.unknown === 'reject') return free;
  return unleasedBytes(view);
}

export const freeMemory: Filter = {
  name: 'free-memory',
  applies: ({ minMemoryBytes }) => minMemoryBytes > 0,
  reject(view, decision) {
    const { minMemoryBytes, unknown } = decision.request;
    const free = knownFreeBytes(view, decision);
    if (free === undefined) return unknown === 'reject' ? 'memory-unknown' : undefined;
    return free >= minMemoryBytes ? undefined : 'not-enough-memory';
  },
  text(view, decision) {
    const { minMemoryBytes } = decision.request;
    const free = knownFreeBytes(view, decision);
    const has = free === undefined ? 'free memory unknown' : `${gibibytes(free)} free`;
    const reserved = view.reservedBytes > 0 ? ` (${gibibytes(view.reservedBytes)} reserved)` : '';
    return {
      reason: `${has}${reserved}, ${gibibytes(minMemoryBytes)} wanted`,
      ...compared(free, minMemoryBytes),
    };
  },
  outlook(view, { request }) {
    const total = totalBytes(view);
    if (total !== undefined && total < request.minMemoryBytes) return 'never';
    return view.leaseCount > 0 ? 'busy' : 'later';
  },
};
