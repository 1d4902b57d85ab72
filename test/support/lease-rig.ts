import { expect } from 'vitest';
import { GPUError } from '../../lib/errors.js';
import type { HeldLease } from '../../lib/leases/held-lease.js';
import { heldOf, type Lease } from '../../lib/leases/lease.js';
import { LeaseDemand } from '../../lib/leases/lease-demand.js';
import { LeaseDesk, type LeaseDeskParts } from '../../lib/leases/lease-desk.js';
import { readLeaseRequest } from '../../lib/leases/lease-request.js';
import { Board, type BoardOptions } from '../../lib/selection/board.js';
import { PolicyState } from '../../lib/selection/policy-state.js';
import type { TellableEvent } from '../../lib/telemetry/event-hub.js';
import { ManualCluster } from '../../lib/telemetry/manual-cluster.js';
import { readSample } from '../../lib/telemetry/recording.generated.js';
import { gpu } from './cluster.js';
import { type OpenLedger, SharedLedger } from './shared-ledger.js';

export const KiB = 1024;

/** Time that tests move, on every clock. */
export class TestClock {
  ms = 1_000_000;
  readonly now = (): number => this.ms;
}

export interface RigOptions {
  readonly clock?: TestClock;
  readonly shared?: SharedLedger;
  readonly parts?: Partial<LeaseDeskParts & Pick<BoardOptions, 'speedOf'>>;
  readonly deviceIds?: readonly string[];
  readonly totalKiB?: number;
}

/** A desk over a manual cluster, as a manager puts it together, with a clock that tests move. */
export class LeaseRig {
  readonly clock: TestClock;
  readonly cluster: ManualCluster;
  readonly board: Board;
  readonly ledger: OpenLedger;
  readonly desk: LeaseDesk;
  readonly told: TellableEvent[] = [];
  readonly totalKiB: number;
  readonly #state = new PolicyState({ seed: 1 });

  constructor(options: RigOptions = {}) {
    const { clock = new TestClock(), shared = new SharedLedger(), totalKiB = 100 } = options;
    this.clock = clock;
    this.totalKiB = totalKiB;
    this.cluster = new ManualCluster({ maxHistory: 2, maxGapMs: Infinity, nowMs: clock.now });
    for (const deviceId of options.deviceIds ?? ['a', 'b', 'c']) this.register(deviceId);
    this.board = new Board({ feed: this.cluster.feed, seed: 1, ...options.parts });
    this.ledger = shared.open();
    this.desk = new LeaseDesk({
      board: this.board,
      ledger: this.ledger.ledger,
      state: this.#state,
      // The clock of a live cluster: samples and ledger of all environments are on the same one.
      isLive: true,
      maxInFlight: Infinity,
      maxQueue: 4,
      latencyDecayMs: 10_000,
      now: clock.now,
      maxAgeMs: () => Infinity,
      links: () => undefined,
      tell: (event) => this.told.push(event),
      attend: () => {},
      ...options.parts,
    });
  }

  register(deviceId: string): void {
    this.cluster.register(gpu(deviceId, { memoryBytes: this.totalKiB * KiB }));
  }

  unregister(deviceId: string): void {
    this.cluster.unregister(deviceId);
    this.desk.followDevices();
  }

  /** A sample that begins now. */
  record(deviceId: string, usedKiB: number): void {
    const totalKiB = this.totalKiB;
    const sample = readSample({
      deviceId,
      timestampMs: this.clock.ms,
      memoryUsedBytes: usedKiB * KiB,
      memoryFreeBytes: (totalKiB - usedKiB) * KiB,
      memoryTotalBytes: totalKiB * KiB,
      powerWatts: 50 + (this.clock.ms % 7),
    });
    this.cluster.store.add(sample);
  }

  /** A request that can be granted again and again. */
  demand(request: object): LeaseDemand {
    const terms = readLeaseRequest(request, { maxAgeMs: Infinity });
    const { board } = this;
    return new LeaseDemand(terms, { board, state: this.#state, links: () => undefined });
  }

  acquire(request?: object): Lease {
    const lease = this.desk.tryAcquire(request);
    if (!lease.granted) throw new Error(`expected a lease, got ${lease.code}: ${lease.message}`);
    return lease;
  }

  /** As if the lease had been collected. */
  collect(lease: Lease): HeldLease {
    const held = heldOf(lease);
    this.desk.book.collected(held);
    return held;
  }

  close(): void {
    this.desk.close(new GPUError('ERR_GPU_CLOSED', 'closed'));
  }

  /** What its own shard says of a device; REQUIRES: it is listed. */
  row(deviceId: string): ReturnType<OpenLedger['row']> {
    return this.ledger.row(this.cluster.seatOf(deviceId).row);
  }

  expectRow(deviceId: string, sums: Partial<ReturnType<OpenLedger['row']>>): void {
    expect(this.row(deviceId)).toMatchObject(sums);
  }
}
