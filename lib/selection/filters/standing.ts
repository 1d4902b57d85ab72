// Whether a device may be used at all, whatever its samples say.
import { healthDegradation, illnessOf, leaseBar, unavailability } from '../fitness.js';
import type { Filter } from './filter.js';

export const available: Filter = {
  name: 'available',
  applies: () => true,
  reject: (view) => (unavailability(view.failure()) === undefined ? undefined : 'unavailable'),
  text: (view) => ({ reason: unavailability(view.failure()) ?? 'it is not available' }),
  outlook: () => 'later',
};

export const healthy: Filter = {
  name: 'healthy',
  applies: () => true,
  reject: (view) => (illnessOf(view) === undefined ? undefined : 'unhealthy'),
  text: (view) => ({ reason: illnessOf(view) ?? 'it is not well' }),
  outlook: () => 'later',
};

/** That nobody watches over the device is unknown health. */
export const undegraded: Filter = {
  name: 'worst-health',
  applies: ({ worstHealth }) => worstHealth === 'ok',
  reject(view, { request }) {
    if (healthDegradation(view) !== undefined) return 'degraded';
    return view.health === undefined && request.unknown === 'reject' ? 'health-unknown' : undefined;
  },
  text: (view) => ({ reason: healthDegradation(view) ?? 'nobody watches over its health' }),
  outlook: ({ health }) => (health === undefined ? 'never' : 'later'),
};

export const leasable: Filter = {
  name: 'leasable',
  applies: ({ forLease }) => forLease,
  reject: (view, { request }) =>
    leaseBar(view, request.count) === undefined ? undefined : 'no-new-leases',
  text: (view, { request }) => ({
    reason: leaseBar(view, request.count) ?? 'its health admits no new leases',
  }),
  outlook: () => 'later',
};
