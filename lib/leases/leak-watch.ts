import type { HeldLease } from './held-lease.js';

/** Once something leaked, one in so many leases remembers where it came from: that costs. */
const sampling = 16;
/** Warnings about different places, all managers together. */
const mostPlaces = 64;
const anywhere = 'a place that is not known yet: leases remember theirs from now on';

let hasLeaked = false;
let count = 0;
const places = new Set<string>();

/** Where the caller's caller is, for a lease that may leak; undefined: not looked at. */
export function leaseTrace(): string | undefined {
  if (!hasLeaked) return undefined;
  count += 1;
  return count % sampling === 1 ? new Error('acquired').stack : undefined;
}

/** Warns once for each place where leases are lost. */
export function warnOfLeak(held: HeldLease): void {
  hasLeaked = true;
  const place = held.extras?.trace?.split('\n').slice(1).join('\n') ?? anywhere;
  if (places.has(place) || places.size >= mostPlaces) return;
  places.add(place);
  process.emitWarning(
    `a lease of ${held.deviceIds.join(', ')} was collected without release(); acquired at ${place}`,
    'GPURingLeaseLeak',
  );
}
