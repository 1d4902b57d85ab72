const restPeriodMs = 1000;
const attentivePeriodMs = 20;

/** What a timer keeps up to date. */
export interface Refreshed {
  readonly hasIterators: boolean;
  readonly hasListeners: boolean;
  refresh(): void;
}

/**
 * Refreshes a hub: once a second, and often while somebody waits for events. Only an iterator keeps
 * the process alive. A hub that nobody holds any more is let go, unless it has somebody to tell.
 */
export class HubTimer {
  readonly #hub: WeakRef<Refreshed>;
  /** Keeps the hub while somebody waits for its events. */
  #held: Refreshed | undefined;
  #timer: NodeJS.Timeout | undefined;
  #periodMs = 0;
  #isStopped = false;

  constructor(hub: Refreshed) {
    this.#hub = new WeakRef(hub);
    this.update();
  }

  /** Goes by who waits now. */
  update(): void {
    const hub = this.#held ?? this.#hub.deref();
    if (hub === undefined) this.stop();
    if (hub === undefined || this.#isStopped) return;
    const isAwaited = hub.hasIterators || hub.hasListeners;
    this.#held = isAwaited ? hub : undefined;
    this.#pace(isAwaited ? attentivePeriodMs : restPeriodMs);
    if (hub.hasIterators) this.#timer?.ref();
    else this.#timer?.unref();
  }

  stop(): void {
    this.#isStopped = true;
    this.#held = undefined;
    clearInterval(this.#timer);
  }

  #pace(periodMs: number): void {
    if (periodMs === this.#periodMs) return;
    this.#periodMs = periodMs;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), periodMs);
  }

  #tick(): void {
    this.#hub.deref()?.refresh();
    this.update();
  }
}
