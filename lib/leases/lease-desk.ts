import { outOfRange } from '../arguments.js';
import { type AcquireMessage, channels, type QueueMessage } from '../diagnostics.js';
import type { GPUError } from '../errors.js';
import type { Board } from '../selection/board.js';
import { weightSteps } from '../selection/criteria.js';
import type { DeviceView, ReportedLoad } from '../selection/device-view.js';
import type { LinkBetween, Outlook } from '../selection/pipeline.js';
import type { PolicyState } from '../selection/policy-state.js';
import type { TellableEvent } from '../telemetry/event-hub.js';
import { monotonicMs } from '../telemetry/monotonic.js';
import type { Attempt, Grantor, HeldLoad, Load } from './grantor.js';
import type { HeldLease } from './held-lease.js';
import { warnOfLeak } from './leak-watch.js';
import { heldOf, type Lease } from './lease.js';
import { LeaseBook } from './lease-book.js';
import { LeaseDemand, nobody } from './lease-demand.js';
import {
  type LeaseDefaults,
  type LeaseOutcome,
  type LeaseRefusal,
  type LeaseTerms,
  readAcquireRequest,
  readLeaseRequest,
} from './lease-request.js';
import type { DeviceLeaseStatus, LeaseStatus } from './lease-status.js';
import type { DeviceHolding } from './leased-devices.js';
import type { Ledger } from './ledger.js';
import { AdmissionQueue } from './queue.js';
import {
  DeviceDemand,
  type DeviceShare,
  type Reservation,
  type ReservationTerms,
  reserveAll,
  termsOfShare,
} from './reservation.js';
import type { Units } from './units.js';

export interface LeaseDeskParts {
  readonly board: Board;
  readonly ledger: Ledger;
  readonly state: PolicyState;
  readonly isLive: boolean;
  readonly maxInFlight: number;
  readonly maxQueue: number;
  readonly latencyDecayMs: number;
  /** Monotonic. @default process.hrtime() */
  readonly now?: (() => number) | undefined;
  /** The greatest age of a sample that counts when a request does not say. */
  maxAgeMs(): number;
  /** Asked when several devices are wanted. */
  links(): LinkBetween | undefined;
  tell(event: TellableEvent): void;
  /** Somebody wants to hear of events soon. */
  attend(): void;
}

// A constant of this module: an engine reaches it faster than an export.
const acquisitions = channels.acquire;

const bytesPerKiB = 1024;
/** A request that does not wait has those ahead who wait. */
const noPatience = { priority: 0, deadlineMs: Infinity };

/** Where leases of one manager are asked for, at once or by waiting. */
export class LeaseDesk implements Grantor<LeaseDemand, Lease> {
  readonly book: LeaseBook;
  readonly #parts: LeaseDeskParts;
  readonly #units: Units;
  readonly #queue: AdmissionQueue<LeaseDemand, Lease>;
  readonly #now: () => number;
  readonly #isUnlimited: boolean;

  constructor(parts: LeaseDeskParts) {
    const { maxQueue, now = monotonicMs } = parts;
    this.#isUnlimited = parts.maxInFlight === Infinity;
    this.#parts = parts;
    this.#now = now;
    this.#queue = new AdmissionQueue(this, { maxQueue, now });
    const { board, ledger, latencyDecayMs, isLive } = parts;
    this.book = new LeaseBook({
      board,
      ledger,
      latencyDecayMs,
      isLive,
      now,
      observer: {
        freed: (heldMs) => this.#freed(heldMs),
        revoked: (deviceIds, { code, message }) =>
          parts.tell({
            type: 'lease-revoked',
            deviceIds,
            code,
            message,
          }),
        watched: () => parts.attend(),
        leaked: (held) => this.#leaked(held),
      },
    });
    this.#units = this.book.units;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  get deviceCount(): number {
    return this.#parts.board.views.length;
  }

  tryAcquire(request: unknown): Lease | LeaseRefusal {
    if (request === undefined && this.#isQuick()) {
      const lease = this.book.grantUnit();
      if (lease !== undefined) return lease;
    }
    return this.#leaseFor(request);
  }

  async acquire(request: unknown): Promise<Lease> {
    const { terms, patience } = readAcquireRequest(request, this.#defaults());
    const startMs = this.#now();
    try {
      const lease = await this.#queue.acquire(this.#demand(terms), patience);
      this.#publishWait(startMs, { outcome: 'granted' });
      return lease;
    } catch (error) {
      this.#publishWait(startMs, { outcome: 'rejected', error });
      throw error;
    }
  }

  /** 0: there is none. */
  tryAcquireToken(request: unknown): number {
    if (request === undefined && this.#isQuick()) {
      const token = this.#units.acquire();
      if (token !== 0) return token;
    }
    return this.#tokenFor(request);
  }

  /**
   * Likewise of that device and no other, without memory. Those who wait for it go first.
   * @throws GPUError ERR_GPU_LEDGER_FULL, ERR_GPU_CLOSED
   */
  tryTokenOn(holding: DeviceHolding): number {
    const { book } = this;
    const { on, weight } = holding;
    if (this.#queue.length > 0 && this.#withheld().has(on.number)) return 0;
    this.#parts.board.refresh();
    book.claim();
    book.live.tokens.reserve();
    if (on.index === -1 || !book.live.enter(holding)) return 0;
    if (book.ledger.inFlight(on) > this.#parts.maxInFlight * weightSteps) {
      book.live.leave(holding, 0);
      return 0;
    }
    const token = book.live.tokens.issue(holding);
    if (acquisitions.hasSubscribers) {
      const said = { weight: weight / weightSteps, memoryBytes: 0, deviceIds: [on.deviceId] };
      acquisitions.publish({ ...said, token } satisfies AcquireMessage);
    }
    return token;
  }

  releaseToken(token: number, outcome: LeaseOutcome | undefined): boolean {
    const { book } = this;
    const isQuick = outcome === undefined && this.#queue.length === 0 && book.isQuiet;
    return (isQuick && this.#units.release(token)) || book.releaseToken(token, outcome);
  }

  tryGrant(demand: LeaseDemand, withheld: ReadonlySet<number>): Attempt<Lease> {
    const lease = this.book.grant(demand, withheld);
    if (acquisitions.hasSubscribers && lease !== undefined) this.#publish(demand, lease);
    if (lease !== undefined) return { outcome: 'granted', lease };
    const { code, message, devices } = this.#outlook(demand, withheld);
    if (code !== 'busy') return { outcome: 'unsatisfiable', message };
    return { outcome: 'busy', devices };
  }

  /**
   * Leases of named devices, all or none. None of `withheldIds`.
   * @throws GPUError ERR_GPU_LEDGER_FULL, ERR_GPU_CLOSED
   */
  reserve(shares: readonly DeviceShare[], terms: ReservationTerms): Reservation {
    this.book.assertOpen();
    const demands = new Map(
      shares.map((share) => [
        share.deviceId,
        new DeviceDemand(share.deviceId, termsOfShare(share, terms), this.#parts),
      ]),
    );
    const reservation = reserveAll(this.book, demands, this.#withheld());
    if (acquisitions.hasSubscribers && reservation.granted) {
      for (const [deviceId, demand] of demands) {
        this.#publish(demand, reservation.leases.get(deviceId));
      }
    }
    return reservation;
  }

  /** Devices that those who wait in `acquire` have to be left. */
  withheldIds(): ReadonlySet<string> {
    const withheld = this.#withheld();
    if (withheld.size === 0) return new Set();
    const { listed } = this.book.devices;
    const held = listed.filter(({ number }) => withheld.has(number));
    return new Set(held.map(({ deviceId }) => deviceId));
  }

  takeBack(lease: Lease): void {
    this.book.takeBack(lease);
  }

  loadOf({ terms: { criteria, kib } }: LeaseDemand): Load {
    const { count, weight } = criteria;
    return { devices: count, weight: count * weight, memoryBytes: count * kib * bytesPerKiB };
  }

  heldLoad(): HeldLoad {
    const { views } = this.#parts.board.scene();
    let [devices, weight, memoryBytes] = [0, 0, 0];
    for (const { leaseCount, inFlight, leasedBytes } of views) {
      devices += leaseCount;
      weight += inFlight;
      memoryBytes += leasedBytes;
    }
    return { devices, weight, memoryBytes, oldestAtMs: this.#oldestAtMs() };
  }

  /** REQUIRES: the device is one of the cluster's. */
  report(deviceId: string, load: ReportedLoad): void {
    const { board } = this.#parts;
    board.refresh();
    const index = board.indexOf(deviceId);
    if (index === -1) return;
    const device = this.book.devices.at(index);
    device.report = load;
    this.book.changed(device);
  }

  /** Devices may be gone: their leases end. */
  followDevices(): void {
    this.#parts.board.refresh();
  }

  status(): LeaseStatus {
    const { views } = this.#parts.board.scene();
    return {
      leases: this.book.live.count,
      waiting: this.waiting,
      shared: this.book.ledger.isShared,
      devices: views.map((view) => statusOf(view)),
    };
  }

  /** Everything ends with that error. */
  close(error: GPUError): void {
    this.book.close(error);
    this.#queue.close(error);
  }

  /**
   * Whether a lease without a request needs a look at nothing but who is the least loaded. A
   * method, as an engine asks its runtime for a private getter each time.
   */
  #isQuick(): boolean {
    return this.#isUnlimited && this.#queue.length === 0 && !acquisitions.hasSubscribers;
  }

  #leaseFor(request: unknown): Lease | LeaseRefusal {
    const demand = this.#demand(readLeaseRequest(request, this.#defaults()));
    const withheld = this.#withheld();
    const lease = this.book.grant(demand, withheld);
    if (acquisitions.hasSubscribers) this.#publish(demand, lease);
    return lease ?? this.#refusal(demand, withheld);
  }

  #tokenFor(request: unknown): number {
    const { book } = this;
    const terms = readLeaseRequest(request, this.#defaults());
    if (terms.criteria.count > 1)
      throw outOfRange('request.count', '1 for a token', terms.criteria.count);
    const demand = this.#demand(terms);
    const token = book.grantTokenFor(demand, this.#withheld());
    if (acquisitions.hasSubscribers) {
      const deviceId = book.live.tokens.get(token)?.on.deviceId;
      const deviceIds = deviceId === undefined ? [] : [deviceId];
      acquisitions.publish({ ...asked(terms), deviceIds, token } satisfies AcquireMessage);
    }
    return token;
  }

  #defaults(): LeaseDefaults {
    this.book.assertOpen();
    const { maxInFlight } = this.#parts;
    return { maxAgeMs: this.#parts.maxAgeMs(), maxInFlight };
  }

  /** Reading the request may have run code that closed the desk. */
  #demand(terms: LeaseTerms): LeaseDemand {
    this.book.assertOpen();
    return new LeaseDemand(terms, this.#parts);
  }

  /** What those who wait have to be left. */
  #withheld(): ReadonlySet<number> {
    return this.#queue.length === 0 ? nobody : this.#queue.withheldFrom(noPatience);
  }

  #refusal(demand: LeaseDemand, withheld: ReadonlySet<number>): LeaseRefusal {
    const { code, message } = this.#outlook(demand, withheld);
    const explain = () => {
      this.book.assertOpen();
      return demand.pipeline(this.#withheld()).explain(this.#parts.board.scene());
    };
    return { granted: false, code, message, explain };
  }

  #outlook(
    demand: LeaseDemand,
    withheld: ReadonlySet<number>,
  ): Pick<LeaseRefusal, 'code' | 'message'> & { readonly devices: readonly number[] } {
    const outlook = this.book.choice.outlook(demand, withheld);
    if (outlook.length === 0)
      return { code: 'no-device', message: 'there is no device', devices: [] };
    const { count } = demand.terms.criteria;
    const able = outlook.filter((one) => one !== 'never').length;
    if (able < count) {
      const message = `${able} of ${outlook.length} devices could ever serve it, ${count} wanted`;
      return { code: 'unsatisfiable', message, devices: [] };
    }
    const { listed } = this.book.devices;
    // One that passes does not suffice for several, or was taken by others meanwhile.
    const contended: readonly (Outlook | undefined)[] = ['busy', 'passes'];
    const devices = listed.filter((_, index) => contended.includes(outlook[index]));
    const numbers = devices.map(({ number }) => number).sort((a, b) => a - b);
    const message = `${able} of ${outlook.length} devices could serve it later, ${count} wanted`;
    return { code: 'busy', message, devices: numbers };
  }

  /** Undefined where some are not known: tokens, and those of other environments. */
  #oldestAtMs(): number | undefined {
    const { live, ledger } = this.book;
    if (live.tokens.size > 0 || ledger.isShared || live.held.length === 0) return undefined;
    return live.held.reduce((oldest, { acquiredMs }) => Math.min(oldest, acquiredMs), Infinity);
  }

  #freed(heldMs: number | undefined): void {
    if (heldMs === undefined) this.#queue.serve();
    else this.#queue.released(heldMs);
  }

  #leaked(held: HeldLease): void {
    warnOfLeak(held);
    const { deviceIds } = held;
    const message = 'a lease was collected as garbage without release()';
    this.#parts.tell({ type: 'lease-leaked', deviceIds, message });
  }

  #publish({ terms }: LeaseDemand, lease: Lease | undefined): void {
    const deviceIds = lease === undefined ? [] : heldOf(lease).deviceIds;
    acquisitions.publish({ ...asked(terms), deviceIds } satisfies AcquireMessage);
  }

  #publishWait(startMs: number, over: Pick<QueueMessage, 'outcome' | 'error'>): void {
    if (!channels.queue.hasSubscribers) return;
    const waitedMs = Math.max(0, this.#now() - startMs);
    channels.queue.publish({ ...over, waitedMs, waiting: this.waiting } satisfies QueueMessage);
  }
}

function statusOf(view: DeviceView): DeviceLeaseStatus {
  const { inFlight, leaseCount, leasedBytes, reservedBytes, latencyMs } = view;
  const { deviceId } = view.device;
  const latency = latencyMs === undefined ? {} : { latencyMs };
  return { deviceId, inFlight, leaseCount, leasedBytes, reservedBytes, ...latency };
}

function asked({ criteria, kib }: LeaseTerms): Pick<AcquireMessage, 'weight' | 'memoryBytes'> {
  return { weight: criteria.weight, memoryBytes: kib * bytesPerKiB };
}
