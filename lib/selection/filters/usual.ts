// The filters that nearly every request has and nearly every device passes, in one look: on the hot
// path that is worth more than five calls. Where it says no, the filters themselves say why.
import type { Decision } from '../decision.js';
import type { DeviceView } from '../device-view.js';
import type { Filter } from './filter.js';
import { split } from './identity.js';
import { available, healthy } from './standing.js';
import { age, sensors } from './telemetry.js';

export const usualFilters: ReadonlySet<Filter> = new Set([split, available, healthy, sensors, age]);

/** Whether all of them let the device pass; false: perhaps not. */
export function isUsual(view: DeviceView, decision: Decision): boolean {
  if (view.device.migEnabled === true || view.sensor !== 'ok') return false;
  if (view.failure() !== undefined) return false;
  const { health, parentHealth } = view;
  if (health !== undefined && health.state !== 'ok') return false;
  if (parentHealth !== undefined && parentHealth.state !== 'ok') return false;
  return decision.request.staleness !== 'exclude' || decision.isRecent(view);
}
