import type { GPUDevice } from '../device.js';
import type { NativeModule, NativeSession } from '../native.js';
import type { News } from '../selection/news.js';
import type { BlockReader } from './block.js';
import { type ClusterEmitter, EventDispatcher } from './cluster-emitter.js';
import type {
  ClusterEvent,
  DriverEvent,
  DriverEventKind,
  LeaseLeakedEvent,
  LeaseRevokedEvent,
} from './cluster-events.js';
import { FactReader } from './device-facts.js';
import { DriverEventReader, type NumberedEvent } from './driver-events.js';
import { EventIterator } from './event-iterator.js';
import type { CheckedEventsOptions } from './event-options.js';
import { EventQueue } from './event-queue.js';
import { clusterEvents, healthEvent } from './event-translation.js';
import { HaltedDevices } from './halted-devices.js';
import { HealthMonitor, type HealthThresholds } from './health.js';
import { missedKinds } from './health-resync.js';
import type { DeviceHealth, HealthChange, HealthReason, Moment } from './health-state.js';
import { HubTimer } from './hub-timer.js';
import { resolveXidPolicy, type XidPolicy, xidRule } from './xid-policy.js';

/** Events kept for readers that want those from before they came. */
const mostKept = 1024;
const factsPeriodMs = 1000;
/** What is seen of a device is written a moment after its event, so once more a while later. */
const resyncs = 2;
/** A code of no nvmlReturn. */
const unknownReturn = -1;
const mismatchReturn = 18;

/** The devices of the cluster (LiveDevices). */
export interface HubDevices {
  /** As of now; another map only where the list has changed. */
  readonly current: ReadonlyMap<string, GPUDevice>;
  /** As of the latest `current`. */
  rowOf(deviceId: string): number | undefined;
  /** What `read` finds in the device's row, and in no other's; undefined: it has none. */
  inRowOf<T>(deviceId: string, read: (row: number) => T): T | undefined;
  /** Whose number it is; undefined: of no device of this cluster. */
  deviceIdOf(number: number): string | undefined;
}

/** A device or a driver is there anew: what it says tells whether it is well. */
const returns: readonly DriverEventKind[] = [
  'device-returned',
  'device-added',
  'driver-restored',
  'resumed',
];

/** What the native side knows nothing of. */
export type TellableEvent =
  | Omit<LeaseRevokedEvent, 'timestampMs'>
  | Omit<LeaseLeakedEvent, 'timestampMs'>;

/** One of ours that acts on events. It does not throw. */
export interface HubWatcher {
  onEvent(event: ClusterEvent): void;
  /** Whether it wants to hear of them soon; else it does within a second. */
  isAttentive(): boolean;
  /** Whether the process is to live on for them. */
  isAwaited?(): boolean;
}

export interface EventHubOptions {
  readonly native: NativeModule;
  readonly session: NativeSession;
  readonly block: BlockReader;
  readonly devices: HubDevices;
  readonly policy?: XidPolicy | undefined;
  readonly thresholds?: Partial<HealthThresholds> | undefined;
  now(): Moment;
}

/**
 * Makes health and events of one live cluster out of the driver's log. Whoever asks brings it up to
 * date; besides, a timer does, which keeps the process alive only while an iterator is open.
 *
 * It reads the log from where that begins, so all clusters of a process are of one mind about the
 * health; iterators and listeners get what comes after them.
 */
export class EventHub {
  readonly #native: NativeModule;
  readonly #block: BlockReader;
  readonly #reader: DriverEventReader;
  readonly #facts: FactReader;
  readonly #devices: HubDevices;
  #listed: HubDevices['current'] | undefined;
  readonly #policy: XidPolicy;
  readonly #monitor: HealthMonitor;
  readonly #halted: HaltedDevices;
  readonly #now: () => Moment;
  readonly #kept = new EventQueue(mostKept);
  readonly #iterators = new Set<EventIterator>();
  readonly #dispatcher: EventDispatcher;
  readonly #timer: HubTimer;
  readonly #watchers: HubWatcher[] = [];
  readonly #unwatched: ClusterEvent[] = [];
  #isWatching = false;
  #factsMs = -Infinity;
  #resyncsLeft = 0;
  #news: Pick<News, 'isDue'> | undefined;
  #isOpen = true;

  constructor(options: EventHubOptions) {
    const { native, session, block, devices, policy = resolveXidPolicy() } = options;
    const { thresholds, now } = options;
    this.#native = native;
    this.#block = block;
    this.#reader = new DriverEventReader(native, session, block);
    this.#facts = new FactReader(native, session);
    this.#devices = devices;
    this.#policy = policy;
    this.#monitor = new HealthMonitor({ policy, ...(thresholds && { thresholds }) });
    this.#halted = new HaltedDevices(session);
    this.#now = now;
    this.#dispatcher = new EventDispatcher(() => this.#timer.update());
    this.#resyncsLeft = resyncs;
    this.refresh();
    this.#timer = new HubTimer(this);
  }

  get emitter(): ClusterEmitter {
    return this.#dispatcher.emitter;
  }

  /** Iterators, or others who wait for events. */
  get hasIterators(): boolean {
    return (
      this.#iterators.size > 0 || this.#watchers.some(({ isAwaited }) => isAwaited?.() === true)
    );
  }

  get hasListeners(): boolean {
    return this.#dispatcher.hasListeners || this.#watchers.some(({ isAttentive }) => isAttentive());
  }

  /** It is called with each event from now on, once the state of all devices is up to date. */
  watch(watcher: HubWatcher): void {
    this.#watchers.push(watcher);
  }

  /** A watcher wants to hear of events soon. */
  attend(): void {
    this.#timer.update();
  }

  /** Undefined for a device that was never one of this cluster. */
  healthOf(deviceId: string): DeviceHealth | undefined {
    this.catchUp();
    return this.#monitor.healthOf(deviceId);
  }

  /** As of the latest `catchUp` or `refresh`. */
  latestHealthOf(deviceId: string): DeviceHealth | undefined {
    return this.#monitor.healthOf(deviceId);
  }

  /** From now on each change of the health of any device is told there. */
  tellHealth(news: Pick<News, 'isDue'>): void {
    this.#news = news;
  }

  /** An operator has seen to the device, or to one condition of it. */
  clear(deviceId: string, reason?: HealthReason): DeviceHealth | undefined {
    this.catchUp();
    const { timestampMs } = this.#now();
    this.#publishChanges(this.#monitor.clear(deviceId, { timestampMs, reason }));
    if (!this.#monitor.callsMayHang(deviceId)) this.#halted.release(deviceId);
    this.#callWatchers();
    return this.#monitor.healthOf(deviceId);
  }

  /** Takes in what is new. Where nothing is, it reads two words of memory. */
  catchUp(): void {
    if (!this.#isOpen) return;
    this.#track();
    if (this.#reader.hasNew) this.#drain();
    if (this.#unwatched.length > 0) this.#callWatchers();
  }

  /** And besides, what is to be read of the devices, when it is time for that. */
  refresh(): void {
    this.catchUp();
    const moment = this.#now();
    if (!this.#isOpen || moment.monotonicMs - this.#factsMs < factsPeriodMs) return;
    this.#factsMs = moment.monotonicMs;
    const driver = this.#driverState();
    if (this.#resyncsLeft > 0 || driver === 'lost') this.#resync(moment, driver);
    for (const deviceId of this.#devices.current.keys()) {
      const facts = this.#devices.inRowOf(deviceId, (row) => this.#facts.read(row));
      if (facts === undefined) continue;
      this.#publishChanges(this.#monitor.observe(deviceId, facts, moment));
    }
    this.#publishChanges(this.#monitor.tick(moment));
    this.#callWatchers();
  }

  /** Has an event of the cluster itself told, at this place of the order. */
  tell(event: TellableEvent): void {
    this.catchUp();
    if (this.#isOpen) this.#publish({ ...event, timestampMs: this.#now().timestampMs });
  }

  events({ bufferSize, signal, since }: CheckedEventsOptions): AsyncIterableIterator<ClusterEvent> {
    this.catchUp();
    const onEnd = (ended: EventIterator) => {
      this.#iterators.delete(ended);
      this.#timer.update();
    };
    const iterator = new EventIterator({ bufferSize, signal, onEnd });
    if (since === 'start') for (const event of this.#kept.toArray()) iterator.deliver(event);
    if (iterator.isOpen && this.#isOpen) this.#iterators.add(iterator);
    else iterator.end();
    this.#timer.update();
    return iterator;
  }

  /** Ends the iterators; no listener is called any more. */
  close(): void {
    this.catchUp();
    this.#isOpen = false;
    this.#timer.stop();
    this.#dispatcher.close();
    for (const iterator of this.#iterators) iterator.end();
  }

  #track(): void {
    const { current } = this.#devices;
    if (current === this.#listed) return;
    this.#listed = current;
    const { timestampMs } = this.#now();
    for (const deviceId of current.keys()) this.#monitor.track(deviceId, timestampMs);
  }

  #drain(): void {
    for (const item of this.#reader.read()) {
      if (typeof item === 'number') this.#lose(item);
      else this.#take(item);
    }
  }

  #take({ number, ...event }: NumberedEvent): void {
    if (event.kind === 'events-dropped') this.#resyncsLeft = resyncs;
    const deviceId = number === undefined ? undefined : this.#deviceOf(number);
    if (number !== undefined && deviceId === undefined) return;
    this.#apply(deviceId === undefined ? event : { ...event, deviceId });
    if (returns.includes(event.kind)) this.#halted.release(deviceId);
    if (event.kind !== 'xid' || deviceId === undefined) return;
    const row = this.#devices.rowOf(deviceId);
    if (row !== undefined && this.#monitor.callsMayHang(deviceId)) {
      this.#halted.halt(deviceId, row);
    }
  }

  /** Its device may have come since the list was looked at. */
  #deviceOf(number: number): string | undefined {
    const known = this.#devices.deviceIdOf(number);
    if (known !== undefined) return known;
    this.#track();
    return this.#devices.deviceIdOf(number);
  }

  #apply(event: DriverEvent): void {
    const changes = this.#monitor.apply(event);
    this.#noteHealth(changes);
    const ruleOf = ({ deviceId, code }: DriverEvent) =>
      (deviceId === undefined ? undefined : this.#monitor.latestXidRule(deviceId)) ??
      xidRule(this.#policy, code);
    for (const told of clusterEvents(event, changes, ruleOf)) this.#publish(told);
  }

  /** Health must not stay wrong for what nobody could hear. */
  #lose(count: number): void {
    this.#publish({ type: 'dropped', count, timestampMs: this.#now().timestampMs });
    this.#resyncsLeft = resyncs;
    this.#factsMs = -Infinity;
  }

  #driverState(): string {
    const { driverStates, layout } = this.#native;
    return driverStates[this.#block.count(layout.driverWord)] ?? '';
  }

  #resync(moment: Moment, driver: string): void {
    this.#resyncsLeft = Math.max(0, this.#resyncsLeft - 1);
    for (const deviceId of this.#devices.current.keys()) {
      const index = this.#devices.inRowOf(deviceId, (row) => this.#block.status(row));
      const status = this.#native.statusNames[index ?? -1];
      const reasons = this.#monitor.reasonsOf(deviceId);
      for (const kind of missedKinds(reasons, { status, driver })) {
        const isMismatch = status === 'ERR_GPU_DRIVER_MISMATCH';
        const code = isMismatch ? mismatchReturn : unknownReturn;
        this.#publishChanges(this.#monitor.apply(missed(kind, { ...moment, deviceId, code })));
      }
    }
  }

  #publishChanges(changes: readonly HealthChange[]): void {
    this.#noteHealth(changes);
    for (const change of changes) this.#publish(healthEvent(change));
  }

  #noteHealth(changes: readonly HealthChange[]): void {
    if (changes.length > 0 && this.#news !== undefined) this.#news.isDue = true;
  }

  #publish(event: ClusterEvent): void {
    Object.freeze(event);
    this.#kept.push(event);
    for (const iterator of this.#iterators) iterator.deliver(event);
    this.#dispatcher.dispatch(event);
    if (this.#watchers.length > 0) this.#unwatched.push(event);
  }

  /** They may have events told, which come last. */
  #callWatchers(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    for (
      let event = this.#unwatched.shift();
      event !== undefined;
      event = this.#unwatched.shift()
    ) {
      for (const { onEvent } of this.#watchers) onEvent(event);
    }
    this.#isWatching = false;
  }
}

interface Missed extends Moment {
  readonly deviceId: string;
  /** Of a loss. */
  readonly code: number;
}

/** An event as it must have been. */
function missed(kind: DriverEventKind, { deviceId, code, ...moment }: Missed): DriverEvent {
  const likely = kind.endsWith('-lost') ? code : 0;
  const device = kind.startsWith('driver-') ? {} : { deviceId };
  return { ...moment, kind, sequence: 0, code: likely, count: 1, ...device };
}
