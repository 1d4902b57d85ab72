import { readOptions } from './arguments.js';
import type { Cluster } from './cluster.js';
import { DistributionStream } from './distribution/stream/distribution-stream.js';
import type { StreamSource } from './distribution/stream/intake.js';
import {
  readStreamOptions,
  type StreamOptions,
  streamKeys,
} from './distribution/stream/stream-options.js';
import { LeasedStreamHost } from './leases/stream-host.js';
import { constraintKeys, type DeviceConstraints } from './selection/constraints.js';
import { criteriaOf, weightSteps } from './selection/criteria.js';
import { Pipeline } from './selection/pipeline.js';

/** How items are handed out, and which devices take them. */
export interface ClusterStreamOptions<T> extends StreamOptions<T>, DeviceConstraints {}

/** @internal @throws TypeError, RangeError naming the option; GPUError ERR_GPU_CLOSED */
export function openStream<T>(
  cluster: Cluster,
  source: StreamSource<T>,
  given: ClusterStreamOptions<T> | undefined,
): DistributionStream<T> {
  const read = readOptions(given, [...constraintKeys, ...streamKeys]);
  const { board, leases, policyState, leaseOptions } = cluster;
  // Weights are whole 64ths.
  const mostCost = Math.floor(leaseOptions.maxInFlight * weightSteps) / weightSteps;
  const options = readStreamOptions<T>(read, { mostCost });
  // Reading may have run code that shut the cluster down.
  const criteria = criteriaOf(read, {
    maxAgeMs: cluster.open().defaultMaxAgeMs(),
    staleness: 'ledger-only',
    policy: 'least-loaded',
    forLease: true,
  });
  const pipeline = new Pipeline(criteria, policyState);
  const host = new LeasedStreamHost({
    board,
    desk: leases,
    admitted: () => new Set(pipeline.rank(board.scene()).map(({ deviceId }) => deviceId)),
    follow: (follower) => cluster.follow(follower),
    attend: () => cluster.live?.hub.attend(),
  });
  return new DistributionStream({ host, source, options });
}
