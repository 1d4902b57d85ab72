import { describe, expect, it } from 'vitest';
import { jump } from '../../../lib/distribution/jump.js';
import { type Hash, hashOf, mixed } from '../../../lib/distribution/key-hash.js';
import { Rendezvous } from '../../../lib/distribution/rendezvous.js';
import type { ItemKey } from '../../../lib/distribution/strategy.js';

function hex({ high, low }: Hash): string {
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Texts and numbers that differ little. */
const keys: readonly ItemKey[] = Array.from({ length: 50_000 }, (_, place) => [
  `${place}`,
  place,
  place / 1024,
  `a${'b'.repeat(place % 50)}${place}`,
]).flat();

describe('the hash of a key', () => {
  it('is the same in every process', () => {
    const known: readonly ItemKey[] = ['', 'a', 'session-1', 0, 1, 0.5, -1, 2 ** 60, Infinity];
    expect(known.map((key) => hex(hashOf(key)))).toMatchInlineSnapshot(`
      [
        "0a0dc345b350c644",
        "a7b4379b1938475b",
        "86a6f8a47cdd10d6",
        "043d4a24a68e6aec",
        "c66c438fbe3565db",
        "3d15fa8950bf0bae",
        "20ff3f76ef47687a",
        "9073ef14c1d02885",
        "50af404ed2434812",
      ]
    `);
  });

  it('differs where keys do, and not for zeros', () => {
    expect(hashOf(-0)).toEqual(hashOf(0));
    const different = new Set(keys);
    expect(new Set([...different].map((key) => hex(hashOf(key)))).size).toBe(different.size);
  });

  it('is one half, on average, wherever one bit of the key is', () => {
    for (const half of ['high', 'low'] as const) {
      const ones = new Float64Array(32);
      for (const key of keys) {
        const bits = hashOf(key)[half];
        for (let bit = 0; bit < 32; bit += 1) ones[bit] = (ones[bit] ?? 0) + ((bits >>> bit) & 1);
      }
      for (const count of ones) expect(Math.abs(count / keys.length - 0.5)).toBeLessThan(0.01);
    }
  });

  it('mixes one to one', () => {
    const values = Array.from({ length: 100_000 }, (_, place) => mixed(place * 40_503) >>> 0);
    expect(new Set(values).size).toBe(values.length);
  });
});

describe('jump', () => {
  it('stays in place or jumps to the new bucket, with every bucket as likely', () => {
    const hashes = keys.slice(0, 20_000).map(hashOf);
    let before = hashes.map(() => 0);
    for (let count = 1; count <= 40; count += 1) {
      const now = hashes.map((hash) => jump(hash, count));
      expect(now.every((bucket, at) => bucket === before[at] || bucket === count - 1)).toBe(true);
      const share = now.filter((bucket) => bucket === count - 1).length / hashes.length;
      expect(Math.abs(share - 1 / count)).toBeLessThan(0.015);
      before = now;
    }
  });

  it('takes few steps to 2^32 buckets, and is within them', () => {
    for (const key of keys.slice(0, 1000)) {
      const bucket = jump(hashOf(key), 2 ** 32 - 1);
      expect(Number.isInteger(bucket) && bucket >= 0 && bucket < 2 ** 32 - 1).toBe(true);
    }
  });
});

describe('Rendezvous', () => {
  const ids = Array.from({ length: 12 }, (_, place) => `gpu-${place}`);
  const weights = Float64Array.from(ids, (_, place) => place % 4);

  it('is as if devices that are closed, or take nothing, were not there', () => {
    const closed = new Rendezvous(ids, weights);
    closed.closeWhere((device) => device % 3 === 1);
    const refusing = new Rendezvous(ids, weights);
    const without = new Rendezvous(
      ids,
      weights.map((weight, device) => (device % 3 === 1 ? 0 : weight)),
    );
    for (const key of keys.slice(0, 5000)) {
      const expected = without.first(hashOf(key));
      expect(closed.first(hashOf(key))).toBe(expected);
      expect(refusing.first(hashOf(key), (device) => device % 3 !== 1)).toBe(expected);
    }
  });

  it('finds none where all are closed, or none has a weight', () => {
    const all = new Rendezvous(ids, weights);
    all.closeWhere(() => true);
    expect(all.first(hashOf('x'))).toBeUndefined();
    expect(new Rendezvous(ids, new Float64Array(ids.length)).first(hashOf('x'))).toBeUndefined();
    expect(new Rendezvous(ids, weights).first(hashOf('x'), () => false)).toBeUndefined();
  });

  it('takes weights at the ends of what doubles hold', () => {
    const ends = Float64Array.of(5e-324, 1e-300, Number.MAX_VALUE);
    const owners = keys.slice(0, 1000).map((key) => {
      return new Rendezvous(['a', 'b', 'c'], ends).first(hashOf(key));
    });
    expect(new Set(owners)).toEqual(new Set([2]));
  });
});
