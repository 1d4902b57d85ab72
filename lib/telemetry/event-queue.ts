import type { ClusterEvent, DroppedEvent } from './cluster-events.js';

/** Events that stand for themselves, or for those that were lost in this place. */
function eventsIn(event: ClusterEvent): number {
  return event.type === 'dropped' ? event.count : 1;
}

/** A bounded queue. When it is full the oldest go, and what comes out first says how many. */
export class EventQueue {
  readonly #capacity: number;
  /** A ring, once it is full. */
  readonly #events: (ClusterEvent | undefined)[] = [];
  #head = 0;
  #size = 0;
  #dropped: DroppedEvent | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get isEmpty(): boolean {
    return this.#size === 0 && this.#dropped === undefined;
  }

  push(event: ClusterEvent): void {
    if (this.#size === this.#capacity) this.#dropOldest();
    this.#events[(this.#head + this.#size) % this.#capacity] = event;
    this.#size += 1;
  }

  /** The oldest event, or the one that stands for those that were lost before it. */
  shift(): ClusterEvent | undefined {
    const dropped = this.#dropped;
    this.#dropped = undefined;
    return dropped ?? this.#take();
  }

  clear(): void {
    this.#events.length = 0;
    this.#head = 0;
    this.#size = 0;
    this.#dropped = undefined;
  }

  /** All that `shift` would give, which stays here. */
  toArray(): ClusterEvent[] {
    const places = Array.from({ length: this.#size }, (_, place) => this.#head + place);
    const events = places.flatMap((place) => this.#events[place % this.#capacity] ?? []);
    return this.#dropped === undefined ? events : [this.#dropped, ...events];
  }

  #take(): ClusterEvent | undefined {
    if (this.#size === 0) return undefined;
    const event = this.#events[this.#head];
    this.#events[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#capacity;
    this.#size -= 1;
    return event;
  }

  #dropOldest(): void {
    const event = this.#take();
    if (event === undefined) return;
    const count = (this.#dropped?.count ?? 0) + eventsIn(event);
    this.#dropped = Object.freeze({ type: 'dropped', count, timestampMs: event.timestampMs });
  }
}
