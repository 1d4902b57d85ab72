interface Entry<Event> {
  readonly atMs: number;
  /** Events of one time come out in the order in which they went in. */
  readonly order: number;
  readonly event: Event;
}

/** What is still to happen, earliest first. */
export class EventHeap<Event> {
  readonly #entries: Entry<Event>[] = [];
  #pushed = 0;

  get size(): number {
    return this.#entries.length;
  }

  push(atMs: number, event: Event): void {
    const entry = { atMs, order: this.#pushed++, event };
    let place = this.#entries.length;
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const parent = this.#entries[above];
      if (parent === undefined || isBefore(parent, entry)) break;
      this.#entries[place] = parent;
      place = above;
    }
    this.#entries[place] = entry;
  }

  pop(): { readonly atMs: number; readonly event: Event } | undefined {
    const first = this.#entries[0];
    const last = this.#entries.pop();
    if (last !== undefined && this.#entries.length > 0) this.#sink(last);
    return first;
  }

  #sink(entry: Entry<Event>): void {
    let place = 0;
    for (;;) {
      const left = this.#entries[2 * place + 1];
      const right = this.#entries[2 * place + 2];
      const isRight = right !== undefined && left !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (child === undefined || isBefore(entry, child)) break;
      this.#entries[place] = child;
      place = 2 * place + (isRight ? 2 : 1);
    }
    this.#entries[place] = entry;
  }
}

function isBefore<Event>(a: Entry<Event>, b: Entry<Event>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
