import { describe, expect, it } from 'vitest';
import { assignByScan, noOwner } from '../../lib/distribution/earliest.js';
import { findAssign } from '../../lib/native-earliest.js';
import { native } from '../support/native-session.js';
import { randomFrom } from '../support/random.js';

/** What TypeScript would refuse. */
const wrong = <T>(value: unknown): T => value as T;

const two = {
  costs: Float64Array.of(1, 3, 2),
  speeds: Float64Array.of(1, 2),
  order: 'descending',
} as const;

describe('assignEarliest', () => {
  it('gives item after item to the device that has finished it first', () => {
    const owners = new Uint32Array(3);
    expect(native.assignEarliest(two, owners)).toBe(3);
    // 3 to the faster one: 1.5; 2 to the slower one: 2, not (3 + 2) / 2; 1: 2 before 3.
    expect([...owners]).toEqual([1, 1, 0]);
    expect(native.assignEarliest({ ...two, itemLimits: Float64Array.of(1, 0) }, owners)).toBe(1);
    expect([...owners]).toEqual([noOwner, 0, noOwner]);
    expect(native.noOwner).toBe(noOwner);
  });

  it('agrees with the scan that stands in for it', () => {
    const random = randomFrom(7);
    const numbers = (length: number, most: number) =>
      Float64Array.from({ length }, () => Math.floor(random() * most) / 4);
    const assign = findAssign(() => native);
    for (let round = 0; round < 300; round += 1) {
      const count = Math.floor(random() * 300);
      const devices = Math.floor(random() * 90);
      const what = {
        costs: numbers(count, 40),
        bytes: numbers(count, 40),
        speeds: numbers(devices, 20),
        loads: numbers(devices, 100),
        order: random() < 0.5 ? 'given' : 'descending',
        ...(random() < 0.5 && { itemLimits: numbers(devices, 100) }),
        ...(random() < 0.5 && { costLimits: numbers(devices, 300) }),
        ...(random() < 0.5 && { byteLimits: numbers(devices, 300) }),
      } as const;
      expect(assign(what)).toEqual(assignByScan(what));
    }
  });

  it.each([
    ['no object', undefined],
    ['an order that is none', { ...two, order: 'ascending' }],
    ['a plain array', { ...two, speeds: [1, 2] }],
    ['an array of other numbers', { ...two, loads: Float32Array.of(0, 0) }],
    ['no costs', { ...two, costs: undefined }],
    ['null for a limit', { ...two, itemLimits: null }],
    ['limits of another length', { ...two, itemLimits: Float64Array.of(1) }],
    ['a negative cost', { ...two, costs: Float64Array.of(1, -1, 2) }],
    ['a load that is no number', { ...two, loads: Float64Array.of(0, Number.NaN) }],
  ])('refuses %s, and writes nothing', (_, what) => {
    const owners = new Uint32Array(3).fill(9);
    expect(native.assignEarliest(wrong(what), owners)).toBe(-1);
    expect([...owners]).toEqual([9, 9, 9]);
  });

  it('refuses owners that have no room, and lists whose memory is gone', () => {
    expect(native.assignEarliest(two, new Uint32Array(2))).toBe(-1);
    expect(native.assignEarliest(two, wrong(new Int32Array(3)))).toBe(-1);
    const gone = new Float64Array(2);
    structuredClone(gone, { transfer: [gone.buffer] });
    expect(native.assignEarliest({ ...two, loads: gone }, new Uint32Array(3))).toBe(-1);
  });
});
