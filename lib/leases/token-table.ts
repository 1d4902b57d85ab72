const mostTokens = 2 ** 30;
const leastPlaces = 64;

/**
 * Who holds what, by a number that is free to make and says whether it is still good: a token lies
 * at its low bits, so looking it up is one comparison. Tokens count up from 1 to 2^31 - 1 and begin
 * again, passing over places in use; while half the places are free, one comes again after 2^30
 * others at the earliest.
 */
export class TokenTable<T> {
  #tokens: Int32Array = new Int32Array(leastPlaces);
  #items: (T | undefined)[] = new Array<undefined>(leastPlaces).fill(undefined);
  #count = 0;
  #last: number;

  /** Tokens count on from `last`. */
  constructor(last = 0) {
    this.#last = last;
  }

  get size(): number {
    return this.#count;
  }

  /** Makes sure that the next `issue` allocates nothing and cannot fail. */
  reserve(): void {
    if (this.isFull) this.grow();
  }

  get isFull(): boolean {
    return 2 * this.#count >= this.#tokens.length;
  }

  /** REQUIRES: `reserve` since the last one. */
  issue(item: T): number {
    const tokens = this.#tokens;
    const mask = tokens.length - 1;
    let token = this.#last;
    do token = (token + 1) & 0x7fffffff;
    while (token === 0 || tokens[token & mask] !== 0);
    this.#last = token;
    tokens[token & mask] = token;
    this.#items[token & mask] = item;
    this.#count += 1;
    return token;
  }

  get(token: number): T | undefined {
    const place = this.#placeOf(token);
    return place === -1 ? undefined : this.#items[place];
  }

  /** What it stood for; undefined: it is not good, or no longer. */
  take(token: number): T | undefined {
    const place = this.#placeOf(token);
    if (place === -1) return undefined;
    const item = this.#items[place];
    this.#tokens[place] = 0;
    this.#items[place] = undefined;
    this.#count -= 1;
    return item;
  }

  *entries(): Generator<readonly [token: number, item: T]> {
    for (const token of this.#tokens.filter((each) => each !== 0)) {
      const item = this.get(token);
      if (item !== undefined) yield [token, item];
    }
  }

  /** -1: there is none. Anything may be asked about. */
  #placeOf(token: number): number {
    if (typeof token !== 'number' || !(token > 0)) return -1;
    const place = token & (this.#tokens.length - 1);
    return this.#tokens[place] === token ? place : -1;
  }

  grow(): void {
    const before = this.#tokens;
    const length = 2 * before.length;
    if (length > mostTokens) throw new RangeError(`more than ${mostTokens / 2} tokens are out`);
    const tokens = new Int32Array(length);
    const items = new Array<T | undefined>(length).fill(undefined);
    for (const [place, token] of before.entries()) {
      if (token === 0) continue;
      tokens[token & (length - 1)] = token;
      items[token & (length - 1)] = this.#items[place];
    }
    this.#tokens = tokens;
    this.#items = items;
  }
}
