import { Board } from '../../lib/selection/board.js';
import type { DriverEventKind } from '../../lib/telemetry/cluster-events.js';
import { EventHub } from '../../lib/telemetry/event-hub.js';
import { LiveFeed } from '../../lib/telemetry/live-feed.js';
import { monotonicMs } from '../../lib/telemetry/monotonic.js';
import { type HostOptions, HubHost } from './hub-host.js';
import { liveParts } from './live-parts.js';

export interface LiveBoardOptions extends HostOptions {
  readonly maxAgeMs?: number;
}

/** A board over a block that a test writes. */
export class LiveBoard {
  readonly host: HubHost;
  readonly hub: EventHub;
  readonly board: Board;
  readonly #native: ReturnType<typeof liveParts>['native'];
  #sequence = 0;
  maxAgeMs: number;
  /** How far the hub's clock is ahead. */
  aheadMs = 0;

  constructor({ maxAgeMs = Infinity, ...options }: LiveBoardOptions = {}) {
    this.maxAgeMs = maxAgeMs;
    this.host = new HubHost(options);
    const { session } = this.host;
    const { native, block, devices, live } = liveParts(session);
    devices.begin(0);
    this.#native = native;
    const now = () => ({
      timestampMs: Date.now() + this.aheadMs,
      monotonicMs: monotonicMs() + this.aheadMs,
    });
    this.hub = new EventHub({ native, session, block, devices, now });
    this.board = new Board({
      seed: 1,
      feed: new LiveFeed({
        native,
        session,
        block,
        devices,
        telemetry: live,
        hub: this.hub,
        defaultMaxAgeMs: () => this.maxAgeMs,
      }),
    });
  }

  /** A sample so old: utilisation, and power. */
  publish(row: number, busyPercent: number, { ageMs = 0, powerWatts = 100 } = {}): void {
    this.#sequence += 1;
    const times = [monotonicMs() - ageMs, Date.now() - ageMs];
    this.host.block.publish(row, [this.#sequence, ...times, busyPercent, powerWatts]);
  }

  fail(row: number, status: string): void {
    this.host.block.fail(row, this.#native.statusNames.indexOf(status));
  }

  note(kind: DriverEventKind, row: number, code = 0): void {
    this.host.nowMs = monotonicMs();
    this.host.note(kind, row, { code });
  }

  close(): void {
    this.hub.close();
    this.board.close();
  }
}
