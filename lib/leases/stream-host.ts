import type {
  StreamDevice,
  StreamHost,
  StreamHostListener,
  StreamNeed,
} from '../distribution/stream/stream-host.js';
import type { Board } from '../selection/board.js';
import { weightSteps } from '../selection/criteria.js';
import { barOf, leaseBar, type Standing } from '../selection/fitness.js';
import type { LeaseDesk } from './lease-desk.js';
import { DeviceHolding, type LeasedDevice } from './leased-devices.js';

/** How often one looks for room that others made, those in other threads too. */
const tickMs = 5;

/** What a host hears of its cluster. */
export interface StreamFollower extends StreamHostListener {
  readonly isWaiting: boolean;
}

export interface LeasedStreamHostParts {
  readonly board: Board;
  readonly desk: LeaseDesk;
  /** Which devices the request lets in now; asked when there is one that is not in. */
  admitted(): ReadonlySet<string>;
  /** Returns what ends it. */
  follow(follower: StreamFollower): () => void;
  /** What `isWaiting` says is another thing now. */
  attend(): void;
}

/** A device of the cluster while it takes part. */
class HostedDevice implements StreamDevice {
  readonly leased: LeasedDevice;
  readonly #board: Board;

  constructor(leased: LeasedDevice, board: Board) {
    this.leased = leased;
    this.#board = board;
  }

  get deviceId(): string {
    return this.leased.deviceId;
  }

  get speed(): number {
    return this.#board.views[this.leased.index]?.speed ?? 1;
  }
}

/**
 * The devices of a cluster. Items in flight are tokens in its ledger. A device takes part from when
 * the request lets it in until it is gone, barred, or takes no more leases; what it has in flight
 * is lost with its tokens, or when a driver call about it hangs.
 */
export class LeasedStreamHost implements StreamHost {
  readonly #parts: LeasedStreamHostParts;
  #members = new Map<LeasedDevice, HostedDevice>();
  #listener: StreamHostListener | undefined;
  #isWaiting = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: LeasedStreamHostParts) {
    this.#parts = parts;
  }

  devices(): readonly StreamDevice[] {
    const { board, desk } = this.#parts;
    board.refresh();
    const able = desk.book.devices.listed.filter(({ index }) => isAble(board.views[index]));
    const isComing = able.some((leased) => !this.#members.has(leased));
    const admitted = isComing ? this.#parts.admitted() : undefined;
    const members = new Map<LeasedDevice, HostedDevice>();
    for (const leased of able) {
      const known = this.#members.get(leased);
      if (known !== undefined) members.set(leased, known);
      else if (admitted?.has(leased.deviceId)) members.set(leased, new HostedDevice(leased, board));
    }
    this.#members = members;
    return [...members.values()];
  }

  enter(device: StreamDevice, cost: number): number {
    const { leased } = device as HostedDevice;
    const weight = Math.ceil(cost * weightSteps);
    const holding = weight === weightSteps ? leased.unit : new DeviceHolding(leased, weight, 0);
    return this.#parts.desk.tryTokenOn(holding);
  }

  leave(entry: number): void {
    this.#parts.desk.book.releaseToken(entry, undefined);
  }

  isHeld(entry: number): boolean {
    const { board, desk } = this.#parts;
    const on = desk.book.live.tokens.get(entry)?.on;
    if (on === undefined) return false;
    const { health, parentHealth } = board.views[on.index] ?? {};
    return health?.state !== 'hung' && parentHealth?.state !== 'hung';
  }

  loadOf(device: StreamDevice): number {
    const { leased } = device as HostedDevice;
    return this.#parts.desk.book.ledger.inFlight(leased) / weightSteps;
  }

  subscribe(listener: StreamHostListener): () => void {
    this.#listener = listener;
    const isWaiting = () => this.#isWaiting;
    return this.#parts.follow({
      changed: () => listener.changed(),
      freed: () => listener.freed(),
      closed: (error) => listener.closed(error),
      get isWaiting() {
        return isWaiting();
      },
    });
  }

  attend(need: StreamNeed): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (need === 'room') this.#timer = setInterval(() => this.#listener?.freed(), tickMs);
    this.#isWaiting = need !== 'nothing';
    this.#parts.attend();
  }
}

function isAble(standing: Standing | undefined): boolean {
  if (standing === undefined || barOf(standing) !== undefined) return false;
  return leaseBar(standing, 1) === undefined;
}
