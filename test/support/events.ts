import { EventDispatcher } from '../../lib/telemetry/cluster-emitter.js';
import type { ClusterEvent } from '../../lib/telemetry/cluster-events.js';
import { EventIterator } from '../../lib/telemetry/event-iterator.js';
import type { DeviceHealth } from '../../lib/telemetry/health-state.js';
import type { LiveClusterParts } from '../../lib/telemetry/store.js';

/** An event that can be told from others. */
export function event(number: number): ClusterEvent {
  return { type: 'notice', kind: 'clock', timestampMs: number, code: number, count: 1 };
}

export function events(first: number, last: number): ClusterEvent[] {
  return Array.from({ length: last - first + 1 }, (_, index) => event(first + index));
}

/** Events as short words: a notice by its number, dropped ones as `-count`. */
export function told(list: Iterable<ClusterEvent | undefined>): readonly (string | number)[] {
  return Array.from(list, (one) => {
    if (one === undefined) return 'none';
    if (one.type === 'notice') return one.code;
    if (one.type === 'dropped') return -one.count;
    return one.type === 'health' ? `${one.deviceId} ${one.health.state}` : one.type;
  });
}

/** A hub that tells what it was told to. */
export function fakeHub(
  health: Readonly<Record<string, DeviceHealth>> = {},
): LiveClusterParts['hub'] {
  return {
    healthOf: (deviceId) => health[deviceId],
    clear: (deviceId) => health[deviceId],
    events: () => new EventIterator({ bufferSize: 1, onEnd: () => {} }),
    emitter: new EventDispatcher().emitter,
    tell: () => {},
    watch: () => {},
    attend: () => {},
  };
}
