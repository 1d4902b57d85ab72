import { GPUClusteringManager } from '../../lib/manager.js';
import type { ClusterEvent } from '../../lib/telemetry/cluster-events.js';
import type { OpenOptions } from '../../lib/telemetry/open-options.js';

export interface WatchedCluster {
  readonly manager: GPUClusteringManager;
  readonly ids: readonly string[];
  /** All events so far. */
  readonly heard: ClusterEvent[];
}

const managers: GPUClusteringManager[] = [];

/** Three simulated H100, polled often, with a listener. */
export async function watched(options: OpenOptions = {}): Promise<WatchedCluster> {
  const simulate = { devices: [{ board: 'h100', count: 3 }] };
  const manager = await GPUClusteringManager.open({
    simulate,
    periodMs: 10,
    devices: 'all',
    ...options,
  });
  managers.push(manager);
  const heard: ClusterEvent[] = [];
  manager.emitter.on('event', (event) => heard.push(event));
  return { manager, heard, ids: manager.listDevices().map(({ deviceId }) => deviceId) };
}

/** After each test. */
export async function endWatched(): Promise<void> {
  await Promise.all(managers.splice(0).map((manager) => manager.shutdown()));
}

/** Health events of a device, as states. */
export function course({ heard }: WatchedCluster, deviceId: string | undefined): readonly string[] {
  return heard.flatMap((event) =>
    event.type === 'health' && event.deviceId === deviceId ? event.health.state : [],
  );
}
