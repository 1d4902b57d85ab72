import { LiveStatistics } from '../../lib/aggregation/live-statistics.js';
import type { GPUClusteringManager } from '../../lib/manager.js';
import type { FakeAggregation } from './fake-aggregation.js';
import { FakeBlock, type FakeDevice, FakeSession } from './fake-native.js';
import { liveManager } from './live-manager.js';
import { liveParts } from './live-parts.js';

export interface LiveWindows {
  readonly manager: GPUClusteringManager;
  readonly session: FakeSession;
  /** What the native side answers. */
  readonly native: FakeAggregation;
}

export const twoDevices: readonly FakeDevice[] = [
  { uuid: 'GPU-0', name: 'fake', index: 0, memoryBytes: 10e9 },
  { uuid: 'GPU-1', name: 'fake', index: 1, memoryBytes: 30e9 },
];

/** A live manager whose statistics a test steers. Periods are 10 ms, 1 s and 5 s. */
export function liveWindows(devices: readonly FakeDevice[] = twoDevices): LiveWindows {
  const session = new FakeSession({ block: new FakeBlock(), devices, firstSample: [1, 2, 3] });
  const parts = liveParts(session);
  parts.devices.begin(0);
  const statistics = new LiveStatistics({
    native: parts.native,
    session,
    devices: parts.devices,
    periodMs: (tier) => ({ fast: 10, medium: 1000, slow: 5000 })[tier],
  });
  const manager = liveManager({
    devices: () => parts.devices.current,
    store: parts.live,
    statistics,
    status: () => {
      throw new Error('nobody asks');
    },
    close: async () => statistics.close(),
  });
  return { manager, session, native: session.aggregation };
}
