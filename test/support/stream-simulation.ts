import type { DistributionStream } from '../../lib/distribution/stream/distribution-stream.js';

interface Event {
  readonly at: number;
  run(): void;
}

export interface SimulatedDevice {
  readonly deviceId: string;
  /** Cost a unit of virtual time. */
  readonly speed: number;
  /** Readers; each works at the device's full speed divided by their number. @default 1 */
  readonly readers?: number;
}

export interface SimulationOptions<T> {
  readonly costOf: (item: T) => number;
  /** An item was delivered. */
  delivered?(item: T, deviceId: string): void;
  /** An item was done: its reader asked for the next one. */
  done?(item: T, deviceId: string): void;
}

/** So many microtasks are enough for an answer that is there already. */
const ticksAnAnswer = 6;

/**
 * Devices that take their time, virtually: reads every device's items in order of virtual time, as
 * fast as the machine can. Nobody sleeps.
 */
export class StreamSimulation<T> {
  nowTime = 0;
  /** When the last item was done. */
  makespan = 0;
  readonly #stream: DistributionStream<T>;
  readonly #options: SimulationOptions<T>;
  readonly #events: Event[] = [];
  readonly #dead = new Set<string>();
  #unanswered = 0;

  constructor(stream: DistributionStream<T>, options: SimulationOptions<T>) {
    this.#stream = stream;
    this.#options = options;
  }

  /** What the device is at now never comes to its end. */
  kill(deviceId: string): void {
    this.#dead.add(deviceId);
  }

  start({ deviceId, speed, readers = 1 }: SimulatedDevice): void {
    for (let reader = 0; reader < readers; reader += 1) {
      this.#read(deviceId, speed / readers);
    }
  }

  /** Until the stream is over. */
  async run(): Promise<void> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    this.#stream.completion.then(end, end);
    while (!isOver) {
      for (let tick = 0; this.#unanswered > 0 && tick < ticksAnAnswer; tick += 1) await undefined;
      const event = this.#pop();
      if (event === undefined) {
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      this.nowTime = event.at;
      event.run();
    }
  }

  #read(deviceId: string, speed: number): void {
    const items = this.#stream.itemsOf(deviceId);
    const { costOf, delivered, done } = this.#options;
    let present: { readonly item: T } | undefined;
    const ask = () => {
      if (this.#dead.has(deviceId)) return;
      if (present !== undefined) {
        this.makespan = Math.max(this.makespan, this.nowTime);
        done?.(present.item, deviceId);
      }
      this.#unanswered += 1;
      items.next().then(
        (result) => {
          this.#unanswered -= 1;
          if (result.done) return;
          present = { item: result.value };
          delivered?.(result.value, deviceId);
          this.#push({ at: this.nowTime + costOf(result.value) / speed, run: ask });
        },
        () => {
          this.#unanswered -= 1;
        },
      );
    };
    ask();
  }

  /** A heap by time. */
  #push(event: Event): void {
    const events = this.#events;
    let place = events.length;
    events.push(event);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = events[parent] as Event;
      if (above.at <= event.at) break;
      events[place] = above;
      place = parent;
    }
    events[place] = event;
  }

  #pop(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const moving = events.pop();
    if (first === undefined || moving === undefined || events.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= events.length) break;
      const right = events[child + 1];
      if (right !== undefined && right.at < (events[child] as Event).at) child += 1;
      if ((events[child] as Event).at >= moving.at) break;
      events[place] = events[child] as Event;
      place = child;
    }
    events[place] = moving;
    return first;
  }
}
