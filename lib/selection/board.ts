import type { GPUDevice } from '../device.js';
import { type BoardState, BoardView, type Seat } from './board-view.js';
import { criteriaOf, weightSteps } from './criteria.js';
import type { Scene } from './decision.js';
import type { DeviceFeed, FeedTarget } from './device-feed.js';
import { Lane } from './lane.js';
import { LoadOrder } from './load-order.js';
import { type LoadSource, StaleLoads } from './load-source.js';
import type { News } from './news.js';
import { scoreOf } from './policies/score.js';
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

/**
 * All devices of one manager, kept ready for decisions: a view each, and who is best under the two
 * requests that are made most, `selectBestDevice()` and a lease without constraints. An index is a
 * place in `views`, and good until `views` is another array.
 */
export class Board implements FeedTarget {
  readonly #feed: DeviceFeed;
  readonly #speedOf: BoardOptions['speedOf'];
  readonly #state: BoardState = { clockOffsetMs: 0, stale: new StaleLoads() };
  readonly #stale = this.#state.stale;
  #views: readonly BoardView[] = [];
  #openViews: readonly BoardView[] | undefined;
  #byId: ReadonlyMap<string, BoardView> = new Map();
  /** Those that the source was told of last. */
  #toldViews = this.#views;

  readonly #selection: Lane;
  readonly #lease: Lane;
  /** Keys: the score negated, as the policy has it. */
  readonly #scores = new Tournament();
  readonly #order: LoadOrder;
  #best: string | undefined;

  /** Told of by the feed, and not looked at yet. */
  readonly #changed: BoardView[] = [];
  #changedCount = 0;
  #maxAgeMs = Infinity;
  /** On the clock of samples: no sample that counts becomes too old before. */
  #expiryMs = Infinity;
  readonly #news: News;
  /** Says when that is over. */
  readonly #expiry: VoidTimer;
  #isTakingIn = false;

  constructor({ feed, speedOf, maxInFlight = Infinity, seed }: BoardOptions) {
    this.#feed = feed;
    this.#speedOf = speedOf;
    this.#news = feed.news;
    this.#expiry = new VoidTimer(feed.news);
    this.#order = new LoadOrder({ maxInFlight, seed });
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

  /**
   * Those that may take a lease without constraints, as of the latest `refresh`. Where another may,
   * or no longer, it is a new array.
   */
  get openViews(): readonly BoardView[] {
    this.#openViews ??= this.#views.filter((view) => view.isOpenToLeases);
    return this.#openViews;
  }

  /** Takes in what has changed; where nothing has, it looks at a word or two of memory. */
  refresh(): void {
    if (!this.#news.isNone) this.#takeIn();
  }

  /** Refreshed views, the ledger's figures included, and now: what a Pipeline decides over. */
  scene(): Scene {
    this.refresh();
    this.#stale.source?.catchUp();
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

  /** Whether there was nothing for `refresh` to take in, a moment ago (News). */
  get isFresh(): boolean {
    return this.#news.isNoneSoFar;
  }

  /**
   * Of those that may take a lease of weight 1 without constraints the one that LoadOrder has
   * first; -1: none. As of the latest `refresh` and `loadChanged`.
   */
  fastest(): number {
    return this.#order.best;
  }

  /**
   * The ledger has changed: `inFlight` is now what all environments have on the device, in 64ths,
   * a whole number, which is not boxed on its way here.
   */
  loadChanged(index: number, inFlight: number): void {
    this.#stale.marks[index] = 1;
    this.#order.change(index, inFlight);
  }

  /** Likewise, of who was `fastest` and has taken a lease. */
  taken(index: number, inFlight: number): void {
    this.#stale.marks[index] = 1;
    this.#order.taken(index, inFlight);
  }

  /** Called once, by whoever keeps the ledger; before that nothing is leased. */
  attach(source: LoadSource): void {
    this.#stale.source = source;
    source.listed();
    this.#stale.marks.fill(1);
    for (const view of this.#views) this.#orderOne(view);
  }

  /** It decides no more. */
  close(): void {
    this.#expiry.stop();
  }

  list(devices: Iterable<GPUDevice>, seatOf: (deviceId: string) => Seat): void {
    for (const view of this.#views) view.index = -1;
    const views = Array.from(devices, (device, index) => {
      const view = this.#viewFor(device, seatOf(device.deviceId));
      view.device = device;
      view.index = index;
      return view;
    });
    this.#views = views;
    this.#openViews = undefined;
    this.#stale.begin(views.length);
    this.#order.begin(views.length); // nobody is the fastest until all are judged
    this.#byId = new Map(views.map((view) => [view.device.deviceId, view]));
    this.#news.isListNew = true;
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
    return known !== undefined && isSame ? known : new BoardView(device, seat, this.#state);
  }

  #takeIn(): void {
    // A function of the user's that says how fast a device is may ask for the best one itself.
    if (this.#isTakingIn) return;
    this.#isTakingIn = true;
    try {
      this.#news.take();
      this.#feed.read(this);
      this.#judge();
      if (this.#news.isListNew) this.#compareSpeeds();
    } finally {
      this.#isTakingIn = false;
      if (this.#toldViews !== this.#views) this.#tellOfList();
    }
  }

  #tellOfList(): void {
    this.#toldViews = this.#views;
    this.#stale.source?.listed();
  }

  #judge(): void {
    const maxAgeMs = this.#feed.defaultMaxAgeMs();
    const nowMs = maxAgeMs === Infinity ? 0 : this.#setClocks();
    const isExpired = maxAgeMs !== this.#maxAgeMs || this.#feedNow(nowMs) > this.#expiryMs;
    this.#selection.begin(nowMs, maxAgeMs);
    this.#lease.begin(nowMs, maxAgeMs);
    this.#maxAgeMs = maxAgeMs;
    if (this.#news.isListNew || isExpired || 4 * this.#changedCount > this.#views.length + 4) {
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
    this.#stale.marks[view.index] = 1;
    const isOpen = this.#lease.passes(view);
    if (isOpen === view.isOpenToLeases && !this.#news.isListNew) return;
    view.isOpenToLeases = isOpen;
    this.#openViews = undefined;
    this.#orderOne(view);
  }

  #orderOne(view: BoardView): void {
    const perSpeed = view.isOpenToLeases ? 1 / view.speed : Infinity;
    this.#order.set(view.index, view.inFlight * weightSteps, perSpeed);
  }

  #compareSpeeds(): void {
    const views = this.#views;
    const speeds = speedsOf(
      views.map(({ device }) => device),
      this.#speedOf,
    );
    this.#news.isListNew = false; // Had the user's function thrown, it would be asked again.
    for (const [index, view] of views.entries()) {
      view.speed = speeds[index] ?? 1;
      this.#orderOne(view);
    }
  }

  /** Returns now, Unix. */
  #setClocks(): number {
    const nowMs = this.#feed.nowMs();
    this.#state.clockOffsetMs = nowMs - this.#feed.sampleNowMs();
    return nowMs;
  }

  #feedNow(nowMs: number): number {
    return nowMs - this.#state.clockOffsetMs;
  }
}
