import type { GPUError } from '../errors.js';
import type { Attempt, Grantor, Load } from './grantor.js';
import type { Patience } from './patience.js';
import { queueFull, tooLate, unreachable, unsatisfiable } from './queue-errors.js';
import { WaitEstimate } from './wait-estimate.js';
import { type Turn, Waiter } from './waiter.js';
import { WaitingLine } from './waiting-line.js';

/** How often those who wait look for what other environments released. */
const tickMs = 5;
/** Every so many ticks everybody is asked about, not only those whose turn it may be. */
const ticksASurvey = 50;
/** What a user's filter releases calls for another round; after so many the next tick will do. */
const mostRounds = 8;

export interface QueueOptions {
  /** Those who may wait at once. */
  readonly maxQueue: number;
  /** @default performance.now() */
  readonly now?: () => number;
}

/**
 * Those who wait for a lease, served by priority, then deadline, then arrival. Who is served is
 * decided anew whenever something may have changed: a walk along the line offers each one the
 * devices that nobody ahead could use. So a small request never keeps a big one waiting, yet passes
 * it where they do not compete.
 *
 * While somebody waits, a timer keeps the process alive. Nothing else here does.
 */
export class AdmissionQueue<R, L> {
  readonly #grantor: Grantor<R, L>;
  readonly #maxQueue: number;
  readonly #now: () => number;
  readonly #line = new WaitingLine<R, L>();
  readonly #estimate = new WaitEstimate();
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #isServing = false;
  #isAsking = false;
  #isCalled = false;
  #closedBy: GPUError | undefined;

  constructor(grantor: Grantor<R, L>, options: QueueOptions) {
    this.#grantor = grantor;
    this.#maxQueue = options.maxQueue;
    this.#now = options.now ?? (() => performance.now());
  }

  /** How many wait. */
  get length(): number {
    return this.#line.length;
  }

  /**
   * A lease, at once or when it is this one's turn.
   *
   * Rejects at once with GPUError ERR_GPU_UNSATISFIABLE, ERR_GPU_QUEUE_FULL,
   * ERR_GPU_DEADLINE_UNREACHABLE; while waiting with ERR_GPU_TIMEOUT, or ERR_GPU_UNSATISFIABLE when
   * the last device that would do is gone for good; with the signal's reason, with what `close` was
   * given, and with what the user's filters and policies throw.
   */
  async acquire(request: R, patience: Patience): Promise<L> {
    if (this.#closedBy !== undefined) throw this.#closedBy;
    patience.signal?.throwIfAborted();
    const waiter = new Waiter<R, L>(request, patience, this.#now());
    const attempt = this.#tryGrant(request, this.withheldFrom(waiter));
    this.#refuse(waiter, attempt);
    if (attempt.outcome === 'granted') return attempt.lease;
    const lease = waiter.wait(() => this.#leave(waiter));
    this.#line.insert(waiter);
    this.#timer ??= setInterval(() => this.#tick(), tickMs);
    return await lease;
  }

  /** The devices that one whose turn it is only then must leave to those ahead. */
  withheldFrom(turn: Turn): ReadonlySet<number> {
    return this.#line.withheldBefore(this.#line.placeFor(turn));
  }

  /** A lease of this environment ended. Serves those who wait. */
  released(heldMs: number): void {
    this.#estimate.addHold(heldMs);
    this.serve();
  }

  /** Something has changed that somebody may wait for. */
  serve(): void {
    if (this.#line.length > 0) this.#serve({ survey: false });
  }

  /** Rejects all who wait, and all who come. */
  close(reason: GPUError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = reason;
    for (const waiter of this.#line.takeAll()) waiter.reject(reason);
    this.#rest();
  }

  #tick(): void {
    this.#ticks += 1;
    this.#serve({ survey: this.#ticks % ticksASurvey === 0 });
  }

  #serve({ survey }: { readonly survey: boolean }): void {
    this.#isCalled = true;
    if (this.#isServing) return;
    this.#isServing = true;
    for (let round = 0; this.#isCalled && round < mostRounds; round += 1) {
      this.#isCalled = false;
      const nowMs = this.#now();
      for (const waiter of this.#line.takeLate(nowMs)) waiter.reject(tooLate(waiter.timeoutMs));
      this.#isCalled = this.#walk({ survey }) || this.#isCalled;
    }
    this.#isServing = false;
    this.#rest();
  }

  /** Along the line, as far as it matters. True: the user's code changed it on the way. */
  #walk({ survey }: { readonly survey: boolean }): boolean {
    const withheld = new Set<number>();
    const busy = new Set<number>();
    let place = 0;
    for (let waiter = this.#line.at(0); waiter !== undefined; waiter = this.#line.at(place)) {
      if (!survey && busy.size >= this.#grantor.deviceCount) return false;
      const { version } = this.#line;
      const settle = this.#attempt(waiter, withheld);
      const isDisturbed = this.#line.version !== version;
      if (settle !== undefined && this.#line.remove(waiter)) settle();
      if (isDisturbed) return true;
      if (settle !== undefined) continue;
      for (const device of waiter.busy) busy.add(device);
      waiter.withholdIn(withheld);
      place += 1;
    }
    return false;
  }

  /** What its attempt comes to; undefined: it waits on. */
  #attempt(waiter: Waiter<R, L>, withheld: ReadonlySet<number>): (() => void) | undefined {
    const abort = () => waiter.reject(waiter.abortReason);
    if (waiter.isAborted) return abort;
    let attempt: Attempt<L>;
    try {
      attempt = this.#tryGrant(waiter.request, withheld);
    } catch (error) {
      return () => waiter.reject(error);
    }
    if (attempt.outcome === 'granted') {
      const { lease } = attempt;
      if (!waiter.isAborted && waiter.isWaiting) return () => waiter.resolve(lease);
      this.#grantor.takeBack(lease);
      return abort;
    }
    if (attempt.outcome === 'busy') {
      waiter.blockedBy(attempt.devices, this.#now());
      this.#line.withholdOthers();
      return undefined;
    }
    const { message } = attempt;
    return () => waiter.reject(unsatisfiable(message));
  }

  /** A filter that asks for a lease has to wait for it. */
  #tryGrant(request: R, withheld: ReadonlySet<number>): Attempt<L> {
    if (this.#isAsking) return { outcome: 'busy', devices: [] };
    this.#isAsking = true;
    try {
      return this.#grantor.tryGrant(request, withheld);
    } finally {
      this.#isAsking = false;
    }
  }

  /** Throws unless the one who came is granted a lease, or may wait. */
  #refuse(waiter: Waiter<R, L>, attempt: Attempt<L>): void {
    const isOver = this.#closedBy !== undefined || waiter.isAborted;
    if (isOver && attempt.outcome === 'granted') {
      this.#grantor.takeBack(attempt.lease);
      this.serve();
    }
    if (this.#closedBy !== undefined) throw this.#closedBy;
    if (waiter.isAborted) throw waiter.abortReason;
    if (attempt.outcome === 'granted') return;
    if (attempt.outcome === 'unsatisfiable') throw unsatisfiable(attempt.message);
    waiter.blockedBy(attempt.devices, waiter.arrivedAtMs);
    if (waiter.timeoutMs === 0) throw unreachable(0, 0);
    if (this.#line.length >= this.#maxQueue) throw queueFull(this.#maxQueue);
    if (this.#line.length === 0) this.#estimate.forgetHeld();
    waiter.load = this.#grantor.loadOf(waiter.request);
    const held = this.#grantor.heldLoad();
    this.#estimate.noteHeld(held);
    if (waiter.timeoutMs === Infinity) return;
    const leastMs = this.#estimate.leastWaitMs(this.#loadAhead(waiter), held, this.#now());
    if (leastMs > waiter.timeoutMs) throw unreachable(waiter.timeoutMs, leastMs);
  }

  /** What those ask for who go first wherever this one could. */
  #loadAhead(waiter: Waiter<R, L>): Load {
    const place = this.#line.placeFor(waiter);
    let [devices, weight, memoryBytes] = [0, 0, 0];
    for (let index = 0; index < place; index += 1) {
      const other = this.#line.at(index);
      if (other?.withholds(waiter.busy) !== true) continue;
      devices += other.load.devices;
      weight += other.load.weight;
      memoryBytes += other.load.memoryBytes;
    }
    return { devices, weight, memoryBytes };
  }

  #leave(waiter: Waiter<R, L>): void {
    if (!this.#line.remove(waiter)) return;
    waiter.reject(waiter.abortReason);
    this.serve();
    this.#rest();
  }

  #rest(): void {
    if (this.#line.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
