import {
  type ClusterEvent,
  type DriverEventKind,
  driverEventKinds,
} from '../../lib/telemetry/cluster-events.js';
import { EventHub } from '../../lib/telemetry/event-hub.js';
import { readEventsOptions } from '../../lib/telemetry/event-options.js';
import type { HealthThresholds } from '../../lib/telemetry/health.js';
import type { XidPolicy } from '../../lib/telemetry/xid-policy.js';
import { bootMs } from './driver-log.js';
import { FakeBlock, type FakeDevice, FakeSession, fakeLayout } from './fake-native.js';
import { type LiveParts, liveParts } from './live-parts.js';

export const twoGpus: readonly FakeDevice[] = [0, 1].map((index) => ({
  uuid: `GPU-${index}`,
  name: 'fake',
  index,
}));

export interface HostOptions {
  readonly devices?: readonly FakeDevice[];
  readonly filter?: Parameters<typeof liveParts>[1];
  readonly policy?: XidPolicy;
  readonly thresholds?: Partial<HealthThresholds>;
  readonly refuseExternal?: boolean;
}

/** The native side of one process as a test tells it: its log, its rows, its reports, its clock. */
export class HubHost {
  readonly block = new FakeBlock();
  readonly session: FakeSession;
  readonly #options: HostOptions;
  #sequence = 0;
  nowMs = 1000;

  constructor(options: HostOptions = {}) {
    this.#options = options;
    const { devices = twoGpus, refuseExternal = false } = options;
    this.session = new FakeSession({ block: this.block, devices, refuseExternal });
  }

  /** A hub over it, as `open()` makes one. */
  open(): EventHub {
    const { filter, policy, thresholds } = this.#options;
    const { native, block, devices }: LiveParts = liveParts(this.session, filter);
    devices.begin(0);
    const now = () => ({ timestampMs: bootMs + this.nowMs, monotonicMs: this.nowMs });
    const { session } = this;
    return new EventHub({ native, session, block, devices, policy, thresholds, now });
  }

  /** The log gets an event, now. Row -1: of none. */
  note(kind: DriverEventKind, row = -1, { code = 0, count = 1 } = {}): void {
    this.#sequence += 1;
    const number = driverEventKinds.indexOf(kind);
    const times = [bootMs + this.nowMs, this.nowMs];
    const record = [this.#sequence, ...times, number, row, code, count];
    // The log keeps 4096.
    this.session.events = [...this.session.events.slice(-4095), record];
    this.block.integers[fakeLayout.eventsWord] = BigInt(this.#sequence);
    this.block.changed();
  }

  /** So many events are overwritten before anybody has read them. */
  overwrite(count: number): void {
    this.#sequence += count;
    this.session.events = [];
    this.block.integers[fakeLayout.eventsWord] = BigInt(this.#sequence);
    this.block.changed();
  }
}

const hubs: EventHub[] = [];

/** After each test. */
export function closeHubs(): void {
  for (const hub of hubs.splice(0)) hub.close();
}

export interface Joined {
  readonly hub: EventHub;
  /** All events so far; the hub is closed by it. */
  all(): Promise<ClusterEvent[]>;
}

/** A host with one cluster over it. */
export function opened(options: HostOptions = {}): { readonly host: HubHost } & Joined {
  const host = new HubHost(options);
  return { host, ...joined(host) };
}

/** One more cluster over the host, with the events since then. */
export function joined(host: HubHost): Joined {
  const hub = host.open();
  hubs.push(hub);
  const events = hub.events(readEventsOptions({}));
  const all = async () => {
    hub.close();
    const list: ClusterEvent[] = [];
    for await (const event of events) list.push(event);
    return list;
  };
  return { hub, all };
}
