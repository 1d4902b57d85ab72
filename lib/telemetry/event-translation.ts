import type { ClusterEvent, DriverEvent } from './cluster-events.js';
import type { HealthChange } from './health-state.js';
import type { XidRule } from './xid-policy.js';

/** What the outside is told of one event of the driver; its changes of health come after it. */
export function clusterEvents(
  event: DriverEvent,
  changes: readonly HealthChange[],
  ruleOf: (event: DriverEvent) => XidRule,
): ClusterEvent[] {
  const said = statement(event, ruleOf);
  return [...(said === undefined ? [] : [said]), ...changes.map(healthEvent)];
}

export function healthEvent(change: HealthChange): ClusterEvent {
  return { type: 'health', ...change };
}

/** Undefined: only what it does to health is told. */
function statement(
  event: DriverEvent,
  ruleOf: (event: DriverEvent) => XidRule,
): ClusterEvent | undefined {
  const { kind, timestampMs, deviceId, code, count } = event;
  const device = deviceId === undefined ? {} : { deviceId };
  switch (kind) {
    case 'device-lost':
    case 'device-returned':
    case 'device-hung':
    case 'device-answered':
      return undefined;
    case 'device-added':
    case 'device-removed':
      return deviceId === undefined ? undefined : { type: kind, timestampMs, deviceId };
    case 'driver-lost':
      return { type: kind, timestampMs, ...(code !== 0 && { nvmlReturn: code }) };
    case 'driver-restored':
    case 'suspended':
    case 'resumed':
      return { type: kind, timestampMs };
    case 'events-dropped':
      return { type: 'dropped', timestampMs, count };
    case 'xid':
      return { type: kind, timestampMs, ...device, xid: code, rule: ruleOf(event), count };
    default:
      return { type: 'notice', timestampMs, kind, ...device, code, count };
  }
}
