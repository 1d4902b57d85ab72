import { LeaseDesk } from '../leases/lease-desk.js';
import type { LeaseRequest } from '../leases/lease-request.js';
import type { Ledger } from '../leases/ledger.js';
import { Board } from '../selection/board.js';
import type { SelectionPolicy } from '../selection/device-view.js';
import { PolicyState } from '../selection/policy-state.js';
import type { SelectionPolicyName } from '../selection/request.js';
import { ManualCluster } from '../telemetry/manual-cluster.js';
import { readSample } from '../telemetry/recording.generated.js';
import type { GPUMetrics } from '../telemetry/sample.js';
import type { Grant } from './engine.js';
import type { ReplayStage } from './replay.js';

export interface SeatOptions {
  readonly ledger: Ledger;
  readonly policy: SelectionPolicyName | SelectionPolicy;
  readonly seed: number;
}

/** What a manual cluster keeps by default. */
const history = { maxHistory: 100, maxGapMs: Infinity };
const latencyDecayMs = 10_000;

/** One dispatcher: what a manual GPUClusteringManager is made of, under the replay's clock. */
export class DispatcherSeat {
  readonly #stage: ReplayStage;
  readonly #cluster: ManualCluster;
  readonly #desk: LeaseDesk;
  readonly #request: LeaseRequest;
  readonly #placeById: ReadonlyMap<string, number>;

  constructor(stage: ReplayStage, { ledger, policy, seed }: SeatOptions) {
    const { clock, devices, settings } = stage;
    const { maxInFlight = Infinity, memoryBytes } = settings;
    this.#stage = stage;
    this.#request = { policy, ...(memoryBytes > 0 ? { memoryBytes } : {}) };
    this.#placeById = new Map(devices.map(({ deviceId }, place) => [deviceId, place]));
    this.#cluster = new ManualCluster({ ...history, nowMs: clock.read });
    for (const device of devices) this.#cluster.register(device);
    this.#desk = new LeaseDesk({
      board: new Board({ feed: this.#cluster.feed, maxInFlight, seed }),
      ledger,
      state: new PolicyState({ seed }),
      isLive: false,
      maxInFlight,
      maxQueue: 0,
      latencyDecayMs,
      now: clock.read,
      maxAgeMs: () => Infinity,
      links: () => undefined,
      tell: () => undefined,
      attend: () => undefined,
    });
  }

  /** Undefined: refused. */
  acquire(session: number): Grant | undefined {
    const lease = this.#desk.tryAcquire({ ...this.#request, affinityKey: `session ${session}` });
    if (!lease.granted) return undefined;
    const gpu = this.#placeById.get(lease.device.deviceId);
    if (gpu === undefined) return undefined;
    if (lease.memoryBytes > 0) lease.materialised();
    const { clock } = this.#stage;
    const grantedMs = clock.nowMs;
    return { gpu, release: () => lease.release({ latencyMs: clock.nowMs - grantedMs }) };
  }

  publish(samples: readonly GPUMetrics[]): void {
    for (const sample of samples) this.#cluster.store.add(readSample(sample));
  }
}
