import { readLeaseOptions } from '../../lib/leases/lease-options.js';
import { GPUClusteringManager } from '../../lib/manager.js';
import { ManualCluster } from '../../lib/telemetry/manual-cluster.js';
import { RecordedReadings } from '../../lib/telemetry/recorded-readings.js';
import { LiveCluster, type LiveClusterParts } from '../../lib/telemetry/store.js';
import { Suspension } from '../../lib/telemetry/suspension.js';
import { fakeHub } from './events.js';
import { FakeBlock, FakeSession } from './fake-native.js';
import { PartsFeed } from './parts-feed.js';

/** A live manager of those devices and samples; all else is quiet, unless told otherwise. */
export function liveManager(
  parts: Pick<LiveClusterParts, 'devices' | 'store' | 'status'> & Partial<LiveClusterParts>,
): GPUClusteringManager {
  const manual = new ManualCluster({ maxHistory: 1, maxGapMs: Infinity });
  const whole = { defaultMaxAgeMs: () => 500, hub: fakeHub(), ...parts };
  return new GPUClusteringManager(
    new LiveCluster({
      values: manual.values,
      ledger: manual.ledger,
      statistics: manual.statistics,
      readings: (asked) => new RecordedReadings({ ...whole, nowMs: Date.now }, asked),
      suspension: new Suspension({
        session: new FakeSession({ block: new FakeBlock() }),
        timeoutMs: 1,
        driverState: () => 'serving',
        failures: () => [],
      }),
      leaseOptions: readLeaseOptions(undefined),
      feed: new PartsFeed(whole),
      close: async () => {},
      ...whole,
    }),
  );
}
