import { channels, type ReleaseMessage } from '../diagnostics.js';
import { GPUError } from '../errors.js';
import type { Board } from '../selection/board.js';
import { monotonicMs } from '../telemetry/monotonic.js';
import { DeviceLoads } from './device-loads.js';
import { HeldLease, type LeaseKeeper } from './held-lease.js';
import { leaseTrace } from './leak-watch.js';
import { dropTagOf, heldOf, Lease } from './lease.js';
import { LeaseChoice } from './lease-choice.js';
import type { LeaseDemand } from './lease-demand.js';
import { readOutcome } from './lease-outcome.js';
import { type LeaseOutcome, type LeaseTerms, readKiB, readTtl } from './lease-request.js';
import { LeaseRoom } from './lease-room.js';
import { type DeviceHolding, type LeasedDevice, LeasedDevices } from './leased-devices.js';
import type { Ledger } from './ledger.js';
import { noFigures } from './ledger-entries.js';
import { LiveLeases } from './live-leases.js';
import { SampleClock } from './sample-clock.js';
import { TokenTimers } from './token-timers.js';
import { TurnClock } from './turn-clock.js';
import { Units } from './units.js';

/** Who is to know what becomes of leases. Called when everything about them is done. */
export interface LeaseObserver {
  /** So many were released, or ended otherwise: others may have their devices. */
  freed(heldMs: number | undefined): void;
  revoked(deviceIds: readonly string[], error: GPUError): void;
  leaked(held: HeldLease): void;
  /** Somebody wants to hear soon that a lease is revoked. */
  watched(): void;
}

export interface LeaseBookParts {
  readonly board: Board;
  readonly ledger: Ledger;
  readonly latencyDecayMs: number;
  /** Whether samples are on the monotonic clock, as live ones are. */
  readonly isLive: boolean;
  /** Monotonic: of latencies. @default process.hrtime() */
  readonly now?: (() => number) | undefined;
  readonly observer: LeaseObserver;
}

const releases = channels.release; // an engine reaches it faster than the export
const released = 'released' satisfies ReleaseMessage['reason'];

/** Grants, keeps and ends the leases of one manager. */
export class LeaseBook implements LeaseKeeper {
  readonly board: Board;
  readonly ledger: Ledger;
  readonly live: LiveLeases;
  readonly devices: LeasedDevices;
  readonly choice: LeaseChoice;
  readonly units: Units;
  readonly #observer: LeaseObserver;
  readonly #loads: DeviceLoads;
  readonly #samples: SampleClock;
  readonly #clock: TurnClock;
  readonly #now: () => number;
  readonly #unixOffsetMs: number;
  readonly #tokenTimers = new TokenTimers();
  #closedBy: GPUError | undefined;

  constructor({ board, ledger, observer, latencyDecayMs, ...rest }: LeaseBookParts) {
    const { isLive, now = monotonicMs } = rest;
    this.board = board;
    this.ledger = ledger;
    this.#observer = observer;
    this.#now = now;
    this.#clock = new TurnClock(now);
    this.#unixOffsetMs = Date.now() - now();
    const sampleNow = () => board.sampleNowMs();
    this.#samples = new SampleClock(sampleNow, isLive ? undefined : sampleNow());
    const latencies = { decayMs: latencyDecayMs, now };
    // Nothing is listed, and so nothing gone, before all of this is put together.
    const onGone = (rows: ReadonlySet<number>) => this.live.tokens.keepItemsOf(rows);
    const devices = new LeasedDevices(board, latencies, onGone);
    this.devices = devices;
    this.#loads = new DeviceLoads({
      board,
      devices,
      ledger,
      clock: this.#samples,
      listed: () => this.#endGone(),
    });
    this.live = new LiveLeases({ keeper: this, ledger, loads: this.#loads, devices });
    this.choice = new LeaseChoice({
      board,
      devices,
      ledger,
      live: this.live,
      room: new LeaseRoom({ board, ledger, loads: this.#loads }),
      loads: this.#loads,
      assertOpen: () => this.assertOpen(),
    });
    const { tokens } = this.live;
    this.units = new Units({ board, devices, ledger, tokens, catchUp: () => this.#catchUp() });
    board.attach(this.#loads);
  }

  /** @throws GPUError ERR_GPU_CLOSED */
  assertOpen(): void {
    if (this.#closedBy !== undefined) throw this.#closedBy;
  }

  /**
   * A lease, if there can be one now and `withheld` leaves a device for it.
   * @throws GPUError ERR_GPU_LEDGER_FULL; what the user's filters and policies throw
   */
  grant(demand: LeaseDemand, withheld: ReadonlySet<number>): Lease | undefined {
    const { terms } = demand;
    const unit = terms.isPlain && withheld.size === 0 ? this.grantUnit() : undefined;
    if (unit !== undefined) return this.#withTtl(unit, terms);
    this.claim();
    const holdings = this.choice.enter(demand, withheld);
    return holdings && this.#withTtl(this.#begin(holdings), terms);
  }

  /** Of the least loaded device, if there is one. @throws GPUError as `grant` */
  grantUnit(): Lease | undefined {
    const index = this.units.enter();
    return index === -1 ? undefined : this.#begin(this.devices.at(index).unitOnly);
  }

  /** Likewise by a request of one device. */
  grantTokenFor(demand: LeaseDemand, withheld: ReadonlySet<number>): number {
    this.claim();
    const [holding] = this.choice.enter(demand, withheld) ?? [];
    if (holding === undefined) return 0;
    try {
      this.live.tokens.reserve();
    } catch (error) {
      this.live.leave(holding, holding.kib);
      throw error;
    }
    const token = this.live.tokens.issue(holding);
    const { ttlMs } = demand.terms;
    if (ttlMs > 0) {
      this.#tokenTimers.start(token, ttlMs, () => this.#endToken(token, 'expired'));
    }
    return token;
  }

  /** Whether a token may end without anything to see to but the ledger. */
  get isQuiet(): boolean {
    return !this.#tokenTimers.hasAny && !releases.hasSubscribers;
  }

  /** False: it is not good, or no longer. */
  releaseToken(token: number, outcome: LeaseOutcome | undefined): boolean {
    const said = outcome === undefined ? undefined : readOutcome(outcome);
    const holding = this.#endToken(token, released);
    if (holding === undefined) return false;
    if (said === undefined) return true;
    const { latencyMs, failed } = said;
    if (latencyMs !== undefined || failed) {
      this.devices.measure(holding.on, { latencyMs: latencyMs ?? 0, failed }, this.#now());
    }
    return true;
  }

  release(held: HeldLease, outcome: LeaseOutcome | undefined): boolean {
    const said = outcome === undefined ? undefined : readOutcome(outcome);
    if (!this.live.end(held)) return false;
    held.stopTimer();
    const nowMs = this.#clock.end();
    const heldMs = Math.max(0, nowMs - held.acquiredMs);
    const { holdings } = held;
    for (let index = 0; index < holdings.length; index += 1) {
      const { on } = holdings[index] as DeviceHolding;
      if (said === undefined) on.latency.add(heldMs, nowMs);
      else this.devices.measure(on, { ...said, latencyMs: said.latencyMs ?? heldMs }, nowMs);
    }
    if (releases.hasSubscribers) this.#publishEnd(held, released);
    this.#observer.freed(heldMs);
    return true;
  }

  /** Takes back a lease that nobody has seen. */
  takeBack(lease: Lease): void {
    const held = heldOf(lease);
    if (this.live.end(held)) held.stopTimer();
    dropTagOf(lease);
  }

  materialise(held: HeldLease, bytes: number | undefined): void {
    const kib = bytes === undefined ? Infinity : readKiB(bytes, 'bytes');
    this.board.refresh();
    this.#assertLive(held, 'materialised');
    const amount = Math.min(held.pendingKiB, kib);
    held.pendingKiB -= amount;
    const now = this.#samples.now();
    for (const holding of held.holdings) {
      const seen = this.#loads.seenOf(holding.on.index);
      this.ledger.materialise(holding, amount, { now, seen });
      this.#loads.changed(holding.on);
    }
  }

  renew(held: HeldLease, ttlMs: number | undefined): void {
    const given = ttlMs === undefined ? undefined : readTtl(ttlMs);
    this.#assertLive(held, 'renew');
    const before = held.extras;
    const wanted = given ?? before?.ttlMs ?? 0;
    if (wanted > 0) this.#arm(held, wanted);
  }

  collected(held: HeldLease): void {
    if (!this.live.end(held)) return;
    held.stopTimer();
    this.#publishEnd(held, 'leaked');
    this.#observer.leaked(held);
    this.#freedSoon();
  }

  watched(): void {
    this.#observer.watched();
  }

  isDraining({ holdings }: HeldLease): boolean {
    this.board.refresh();
    return holdings.some(({ on }) => {
      const { health, parentHealth } = this.board.views[on.index] ?? {};
      return [health, parentHealth].some((one) => one?.leases?.runningLeases === 'drain');
    });
  }

  unixMs(ms: number): number {
    return ms + this.#unixOffsetMs;
  }

  /** Ends leases that have one of these devices; those that `isMeant` does not let off. */
  revoke(
    devices: readonly LeasedDevice[],
    message: (device: LeasedDevice) => string,
    isMeant: (held: HeldLease) => boolean = () => true,
  ): void {
    const ended: (readonly [held: HeldLease, error: GPUError])[] = [];
    for (const device of devices) {
      const error = new GPUError('ERR_GPU_LEASE_REVOKED', `the lease ended: ${message(device)}`);
      for (const held of this.live.on(device)) {
        if (isMeant(held) && this.#interrupt(held, error)) ended.push([held, error]);
      }
    }
    for (const [held, error] of ended) {
      this.#publishEnd(held, 'revoked');
      this.#observer.revoked(held.deviceIds, error);
    }
    if (ended.length > 0) this.#freedSoon();
  }

  /** Likewise tokens. */
  revokeTokens(devices: readonly LeasedDevice[]): void {
    for (const device of devices) {
      for (const token of this.live.tokensOn(device)) this.#endToken(token, 'revoked');
    }
  }

  /** Of all environments, now. */
  leaseCountOn(device: LeasedDevice): number {
    const figures = noFigures();
    this.ledger.readInto(device, 0, figures);
    return figures.leaseCount;
  }

  /** Something about the device was reported: whoever decides is to know. */
  changed(device: LeasedDevice): void {
    this.#loads.changed(device);
  }

  /** Ends all leases. Who is told of it finds them ended, and the ledger left. */
  close(error: GPUError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = error;
    const ended = this.live.held.filter((held) => this.#interrupt(held, error));
    const tokens = Array.from(this.live.tokens.entries());
    for (const [token] of tokens) this.#dropToken(token);
    this.ledger.close();
    for (const held of ended) this.#publishEnd(held, 'closed');
    for (const [token, holding] of tokens) this.#publishTokenEnd(token, holding, 'closed');
  }

  /** REQUIRES: they are entered. */
  #begin(holdings: readonly DeviceHolding[]): Lease {
    const held = new HeldLease(this, holdings, this.#clock.begin());
    const lease = new Lease(held, this.live.keep(held));
    const trace = leaseTrace();
    if (trace !== undefined) held.needExtras().trace = trace;
    return lease;
  }

  #withTtl(lease: Lease, { ttlMs }: LeaseTerms): Lease {
    if (ttlMs > 0) this.#arm(heldOf(lease), ttlMs);
    return lease;
  }

  /** What says how fast a new device is may close the book. */
  #catchUp(): void {
    this.board.refresh();
    this.claim();
    this.#loads.catchUp();
  }

  /** Makes sure that leases can be entered. @throws as `grant` */
  claim(): void {
    if (this.#closedBy === undefined && this.ledger.claim()) return;
    this.assertOpen();
    throw new GPUError('ERR_GPU_LEDGER_FULL', 'every shard of the ledger is taken', {
      hint:
        'as many threads of this process as can hold leases do: shut managers down; or the ' +
        'system forbids membarrier() although it did not before',
    });
  }

  #endGone(): void {
    const gone = this.devices.takeGone();
    if (gone.length === 0) return;
    this.revoke(gone, ({ deviceId }) => `device ${deviceId} is gone`);
    this.revokeTokens(gone);
  }

  #interrupt(held: HeldLease, error: GPUError): boolean {
    if (!this.live.end(held)) return false;
    held.stopTimer();
    held.interrupt(error);
    return true;
  }

  #endToken(token: number, reason: ReleaseMessage['reason']): DeviceHolding | undefined {
    const holding = this.#dropToken(token);
    if (holding === undefined) return undefined;
    if (releases.hasSubscribers) this.#publishTokenEnd(token, holding, reason);
    if (reason === released) this.#observer.freed(undefined);
    else this.#freedSoon();
    return holding;
  }

  #dropToken(token: number): DeviceHolding | undefined {
    const holding = this.live.tokens.take(token);
    if (holding === undefined) return undefined;
    this.live.leave(holding, holding.kib);
    this.#tokenTimers.stop(token);
    return holding;
  }

  /** Not while the board is being brought up to date: it may not know yet what is wrong. */
  #freedSoon(): void {
    queueMicrotask(() => this.#observer.freed(undefined));
  }

  #arm(held: HeldLease, ttlMs: number): void {
    const extras = held.needExtras();
    extras.expiresMs = this.#now() + ttlMs;
    if (extras.timer !== undefined && extras.ttlMs === ttlMs) {
      extras.timer.refresh();
      return;
    }
    clearTimeout(extras.timer);
    extras.ttlMs = ttlMs;
    extras.timer = setTimeout(() => this.#expire(held, ttlMs), ttlMs).unref();
  }

  #expire(held: HeldLease, ttlMs: number): void {
    const message = `the lease ended: it was not renewed within ${ttlMs} ms`;
    if (!this.#interrupt(held, new GPUError('ERR_GPU_LEASE_EXPIRED', message))) return;
    this.#publishEnd(held, 'expired');
    this.#freedSoon();
  }

  #assertLive(held: HeldLease, method: string): void {
    if (held.isLive) return;
    throw new GPUError('ERR_GPU_LEASE_ENDED', `${method}: expected a live lease, but it is over`, {
      cause: held.extras?.endedBy,
    });
  }

  #publishTokenEnd(token: number, { on }: DeviceHolding, reason: ReleaseMessage['reason']): void {
    if (!releases.hasSubscribers) return;
    releases.publish({ deviceIds: [on.deviceId], reason, token } satisfies ReleaseMessage);
  }

  #publishEnd(held: HeldLease, reason: ReleaseMessage['reason']): void {
    if (!releases.hasSubscribers) return;
    const heldMs = Math.max(0, this.#now() - held.acquiredMs);
    const { deviceIds } = held;
    releases.publish({ deviceIds, reason, heldMs } satisfies ReleaseMessage);
  }
}
