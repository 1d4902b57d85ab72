import type { ItemKey } from './strategy.js';

/** 64 bits, in two halves. */
export interface Hash {
  readonly high: number;
  readonly low: number;
}

const words = new Uint32Array(2);
const double = new Float64Array(words.buffer);

/**
 * Of a key, the same in every process and on every machine. A number and the text of its digits
 * are different keys; 0 and -0 are the same one.
 */
export function hashOf(key: ItemKey): Hash {
  return typeof key === 'string' ? hashOfText(key) : hashOfNumber(key);
}

function hashOfText(text: string): Hash {
  let high = 0x2545f491 ^ text.length;
  let low = 0x6a09e667;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul((low << 13) | (low >>> 19), 5) + Math.imul(unit + 1, 0xcc9e2d51);
  }
  return { high: mixed(high ^ mixed(low)), low: mixed(low ^ 0x9e3779b9) };
}

function hashOfNumber(value: number): Hash {
  double[0] = value + 0;
  const [first = 0, second = 0] = words;
  const high = mixed(first ^ mixed(second ^ 0x3c6ef372));
  return { high, low: mixed(second ^ mixed(first ^ 0xa54ff53a)) };
}

/** Each bit of 32 depends on all of them, and no two values become the same (a bijection). */
export function mixed(bits: number): number {
  let mixing = bits;
  mixing = Math.imul(mixing ^ (mixing >>> 16), 0x7feb352d);
  mixing = Math.imul(mixing ^ (mixing >>> 15), 0x846ca68b);
  return mixing ^ (mixing >>> 16);
}
