import { monotonicMs } from '../telemetry/monotonic.js';

/** Kept from the start: fake timers of a user's tests would make the time stand still. */
const { setImmediate } = globalThis;

/**
 * A clock that costs a look at memory where it was read already in this turn of the event loop. So
 * `begin` may say when this turn read it last, which makes what begins now seem longer by no more
 * than the turn; `end` always reads it.
 */
export class TurnClock {
  readonly #now: () => number;
  #latestMs: number | undefined;
  #isScheduled = false;
  readonly #turnOver = (): void => {
    this.#isScheduled = false;
    this.#latestMs = undefined;
  };

  constructor(now: () => number = monotonicMs) {
    this.#now = now;
  }

  begin(): number {
    return this.#latestMs ?? this.end();
  }

  end(): number {
    const nowMs = this.#now();
    this.#latestMs = nowMs;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#turnOver).unref();
    }
    return nowMs;
  }
}
