import type { GPUDevice } from '../device.js';
import { BoardView, ClockOffset, type Seat } from './board-view.js';
import { criteriaOf, weightSteps } from './criteria.js';
import type { Scene } from './decision.js';
import type { DeviceFeed, FeedTarget } from './device-feed.js';
import { Lane } from './lane.js';
import type { LoadSource } from './load-source.js';
import { LoadTournament } from './load-tournament.js';
import { emptierFirst } from './policies/least-loaded.js';
import { scoreOf } from './policies/score.js';
import { Random } from './random.js';
import { speedsOf } from './speed.js';
import { Tournament } from './tournament.js';
import { VoidTimer } from './void-timer.js';

export interface BoardOptions {
  readonly feed: DeviceFeed;
  /** How fast a device is, in any unit. @default by what is known of the devices */
  readonly speedOf?: ((device: GPUDevice) => number | undefined) | undefined;
  /** The most weight in flight that leases may put on a device. @default Infinity */
  readonly maxInFlight?: number | undefined;
  readonly seed?: number | undefined;
}

/** Ties are broken by so small a part of the key that nothing else is, its last bit a turn. */
const turnShare = 1e-9 / 2 ** 22;
const mostTurns = 2 ** 22;
const perStep = 1 / weightSteps;

/**
 * All devices of one manager, kept ready for decisions: a view each, and who is best under the two
 * requests that are made most, `selectBestDevice()` and a lease without constraints. An index is a
 * place in `views`, and good until `views` is another array.
 */
export class Board implements FeedTarget {
  readonly #feed: DeviceFeed;
  readonly #speedOf: BoardOptions['speedOf'];
  readonly #maxInFlight: number;
  readonly #clockOffset = new ClockOffset();
  #views: readonly BoardView[] = [];
  #byId: ReadonlyMap<string, BoardView> = new Map();
  #loadSource: LoadSource | undefined;
  /** Those that the source was told of last. */
  #toldViews = this.#views;

  readonly #selection: Lane;
  readonly #lease: Lane;
  /** Keys: the score negated, as the policy has it. */
  readonly #scores = new Tournament();
  readonly #loads = new LoadTournament((index, inFlight) =>
    this.#loadKey(this.#views[index] as BoardView, inFlight * perStep),
  );
  #best: string | undefined;
  #chance: number;
  /** Of a draw, for each of its 2^32 steps. */
  #turnRange = 0;
  /** How often loads changed since all ties were drawn. */
  #turns = 0;

  /** Told of by the feed, and not looked at yet. */
  readonly #changed: BoardView[] = [];
  #changedCount = 0;
  #isListNew = false;
  #maxAgeMs = Infinity;
  /** On the clock of samples: no sample that counts becomes too old before. */
  #expiryMs = Infinity;
  /** Says when that is over, so that no call looks at a clock. */
  readonly #expiry = new VoidTimer();
  #isTakingIn = false;

  constructor({ feed, speedOf, maxInFlight = Infinity, seed }: BoardOptions) {
    this.#feed = feed;
    this.#speedOf = speedOf;
    this.#maxInFlight = maxInFlight;
    this.#chance = new Random(seed).below(2 ** 32) | 0;
    const given = new Map();
    this.#selection = new Lane(criteriaOf(given, { maxAgeMs: Infinity }));
    this.#lease = new Lane(
      criteriaOf(given, {
        maxAgeMs: Infinity,
        staleness: 'ledger-only',
        policy: 'least-loaded',
        forLease: true,
      }),
    );
  }

  /** In registration order, as of the latest `refresh`. A new list is a new array. */
  get views(): readonly BoardView[] {
    return this.#views;
  }

  /** Takes in what has changed; where nothing has, it looks at a word or two of memory. */
  refresh(): void {
    if (!this.#expiry.isVoid && this.#feed.isCurrent) return;
    this.#takeIn();
  }

  /** Refreshed views, the ledger's figures included, and now: what a Pipeline decides over. */
  scene(): Scene {
    this.refresh();
    this.#loadSource?.catchUp();
    return { views: this.#views, nowMs: this.#setClocks() };
  }

  /** Refreshed: the device that `selectBestDevice()` takes. */
  best(): string | undefined {
    this.refresh();
    return this.#best;
  }

  /** As of the latest `refresh`; -1: there is no such device. */
  indexOf(deviceId: string): number {
    return this.#byId.get(deviceId)?.index ?? -1;
  }

  /**
   * Its row of the block and of the ledger: its own while it is listed. On a manual cluster one
   * that is free.
   */
  rowOf(index: number): number {
    return this.#views[index]?.seat.row ?? -1;
  }

  /** What sets it apart from others that had the row before it. */
  numberOf(index: number): number {
    return this.#views[index]?.seat.number ?? -1;
  }

  /**
   * When its latest sample began, on the clock of `sampleNowMs`; -Infinity: there is none. What was
   * materialised after that is not in it.
   */
  sampleStartMs(index: number): number {
    return this.#views[index]?.sampleStartMs ?? -Infinity;
  }

  /** Now on the clock of samples: monotonic on a live cluster, Unix on a manual one. */
  sampleNowMs(): number {
    return this.#feed.sampleNowMs();
  }

  /**
   * The least loaded of those that may take a lease of weight 1 without constraints, of equals the
   * emptier (`emptierFirst` of the policy), at random among those; -1: none. As of the latest
   * `refresh` and `loadChanged`.
   */
  fastest(): number {
    return this.#loads.best;
  }

  /**
   * The ledger has changed: `inFlight` is now what all environments have on the device, in 64ths,
   * a whole number, which is not boxed on its way here.
   */
  loadChanged(index: number, inFlight: number): void {
    const view = this.#views[index];
    if (view === undefined) return;
    view.voidLoad(this.#loadSource);
    this.#turns += 1;
    if (this.#turns < mostTurns) this.#loads.change(index, inFlight);
    else this.#judgeLoads();
  }

  /** Called once, by whoever keeps the ledger; before that nothing is leased. */
  attach(source: LoadSource): void {
    this.#loadSource = source;
    source.listed();
    for (const view of this.#views) view.voidLoad(source);
    this.#judgeLoads();
  }

  /** It decides no more. */
  close(): void {
    this.#expiry.stop();
  }

  list(devices: Iterable<GPUDevice>, seatOf: (deviceId: string) => Seat): void {
    const views = Array.from(devices, (device, index) => {
      const view = this.#viewFor(device, seatOf(device.deviceId));
      view.device = device;
      view.index = index;
      view.voidLoad(this.#loadSource);
      return view;
    });
    this.#views = views;
    this.#turnRange = (4 * views.length + 8) * 2 ** -32;
    this.#byId = new Map(views.map((view) => [view.device.deviceId, view]));
    this.#isListNew = true;
    this.#changed.length = 0; // Nor is anybody kept who went.
    this.#changedCount = 0;
  }

  viewOf(deviceId: string): BoardView | undefined {
    return this.#byId.get(deviceId);
  }

  changed(view: BoardView): void {
    this.#changed[this.#changedCount] = view;
    this.#changedCount += 1;
  }

  #viewFor(device: GPUDevice, seat: Seat): BoardView {
    const known = this.#byId.get(device.deviceId);
    const isSame = known?.seat.number === seat.number && known.seat.row === seat.row;
    return known !== undefined && isSame ? known : new BoardView(device, seat, this.#clockOffset);
  }

  #takeIn(): void {
    // A function of the user's that says how fast a device is may ask for the best one itself.
    if (this.#isTakingIn) return;
    this.#isTakingIn = true;
    try {
      this.#expiry.begin();
      this.#feed.read(this);
      this.#judge();
      if (this.#isListNew) this.#compareSpeeds();
    } finally {
      this.#isTakingIn = false;
      if (this.#toldViews !== this.#views) this.#tellOfList();
    }
  }

  #tellOfList(): void {
    this.#toldViews = this.#views;
    this.#loadSource?.listed();
  }

  #judge(): void {
    const maxAgeMs = this.#feed.defaultMaxAgeMs();
    const nowMs = maxAgeMs === Infinity ? 0 : this.#setClocks();
    const isExpired = maxAgeMs !== this.#maxAgeMs || this.#feedNow(nowMs) > this.#expiryMs;
    this.#selection.begin(nowMs, maxAgeMs);
    this.#lease.begin(nowMs, maxAgeMs);
    this.#maxAgeMs = maxAgeMs;
    if (this.#isListNew || isExpired || 4 * this.#changedCount > this.#views.length + 4) {
      this.#judgeAll();
    } else {
      for (let each = 0; each < this.#changedCount; each++) {
        this.#judgeOne(this.#changed[each] as BoardView);
      }
    }
    this.#changedCount = 0;
    this.#best = this.#views[this.#scores.best]?.device.deviceId;
    if (this.#expiryMs < Infinity) this.#expiry.arm(this.#expiryMs, this.#feedNow(nowMs));
  }

  #judgeAll(): void {
    const views = this.#views;
    this.#expiryMs = Infinity;
    this.#scores.reset(views.length, (index) => this.#scoreKey(views[index] as BoardView));
    if (this.#isListNew) this.#loads.reset(views.length);
    for (const view of views) this.#judgeLease(view);
  }

  #judgeOne(view: BoardView): void {
    this.#scores.set(view.index, this.#scoreKey(view));
    this.#judgeLease(view);
  }

  #scoreKey(view: BoardView): number {
    if (this.#maxAgeMs < Infinity && this.#selection.isRecent(view)) {
      this.#expiryMs = Math.min(this.#expiryMs, view.sampleStartMs + this.#maxAgeMs);
    }
    if (!this.#selection.passes(view)) return Infinity;
    const score = scoreOf(view.device, view.sensed) ?? 0;
    return score > 0 ? -score : Infinity;
  }

  #judgeLease(view: BoardView): void {
    // Memory that was in no sample yet may be in this one.
    view.voidLoad(this.#loadSource);
    const isOpen = this.#lease.passes(view);
    if (isOpen === view.isOpenToLeases && !this.#isListNew) return;
    view.isOpenToLeases = isOpen;
    this.#loads.set(view.index, view.inFlight * weightSteps);
  }

  #judgeLoads(): void {
    const views = this.#views;
    this.#turns = 0;
    this.#loads.reset(views.length, (index) => (views[index] as BoardView).inFlight * weightSteps);
  }

  #loadKey(view: BoardView, inFlight: number): number {
    if (!view.isOpenToLeases || inFlight + 1 > this.#maxInFlight) return Infinity;
    // A step of a linear congruential generator (Numerical Recipes); its high bits are good.
    const chance = (Math.imul(this.#chance, 1_664_525) + 1_013_904_223) | 0;
    this.#chance = chance;
    const load = emptierFirst((inFlight + 1) * view.perSpeed, inFlight);
    // Only a key that changes is drawn anew. Draws from one range would make the device that is
    // given back the lowest again and again, as the others are what was too high to be taken. A
    // range that moves on by a turn a change, and is so wide, gives each its turn, in no order.
    const turn = this.#turns + this.#turnRange * chance;
    return load * (1 + turnShare * turn);
  }

  #compareSpeeds(): void {
    const views = this.#views;
    this.#expiry.isVoid = true; // Should the user's function throw, it is asked again.
    const speeds = speedsOf(
      views.map(({ device }) => device),
      this.#speedOf,
    );
    this.#expiry.isVoid = false;
    this.#isListNew = false;
    for (const [index, view] of views.entries()) view.setSpeed(speeds[index] ?? 1);
    this.#judgeLoads();
  }

  /** Returns now, Unix. */
  #setClocks(): number {
    const nowMs = this.#feed.nowMs();
    this.#clockOffset.ms = nowMs - this.#feed.sampleNowMs();
    return nowMs;
  }

  #feedNow(nowMs: number): number {
    return nowMs - this.#clockOffset.ms;
  }
}
