import { News } from '../selection/news.js';

/**
 * What has changed since the list was cleared, each once: whoever changes keeps the `turn` in which
 * it was added. Clearing keeps the room, and until it is used again what was there.
 */
export class ChangeList<T> {
  readonly news: News = new News();
  /** Differs after each `clear`. */
  turn = 1;
  count = 0;
  readonly #items: T[] = [];

  /** REQUIRES: not added in this turn. */
  add(item: T): void {
    this.#items[this.count] = item;
    this.count += 1;
    this.news.isDue = true;
  }

  /** REQUIRES: 0 <= index < count. */
  at(index: number): T {
    return this.#items[index] as T;
  }

  clear(): void {
    this.count = 0;
    this.turn += 1;
  }

  /** Keeps nothing. */
  forget(): void {
    this.clear();
    this.#items.length = 0;
  }
}
