import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StepSignal } from '../../../lib/replay/step-signal.js';

/** 2 for a second, then 4 for three, over and over. */
const signal = new StepSignal([0, 1000], [2, 4], { periodMs: 4000 });

describe('StepSignal', () => {
  it('holds each value until the next and comes round again', () => {
    expect([0, 999, 1000, 3999, 4000, 5000, 8500].map((ms) => signal.at(ms))).toEqual([
      2, 2, 4, 4, 2, 4, 2,
    ]);
    expect(signal.mean()).toBe(3.5);
  });

  it('begins where it is told to', () => {
    const later = new StepSignal([0, 1000], [2, 4], { periodMs: 4000, offsetMs: 1500 });
    expect([0, 2499, 2500, 3500].map((ms) => later.at(ms))).toEqual([4, 4, 2, 4]);
    expect(later.integral(0, 3500)).toBe(2500 * 4 + 1000 * 2);
  });

  it('knows what it does not know, and adds nothing for it', () => {
    const gap = new StepSignal([0, 1000], [undefined, 4], { periodMs: 2000 });
    expect([gap.at(0), gap.at(1000)]).toEqual([undefined, 4]);
    expect(gap.integral(0, 1500)).toBe(2000);
  });

  it('integrates over many turns as it does by small steps', () => {
    let sum = 0;
    for (let ms = 700; ms < 13_300; ms += 100) sum += (signal.at(ms) ?? 0) * 100;
    expect(signal.integral(700, 13_300)).toBeCloseTo(sum, 6);
  });

  it('tells when an integral is reached, for any steps', () => {
    const steps = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 40 })),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(steps, fc.nat(500), fc.nat(5000), fc.nat(90), (drawn, from, amount, offset) => {
        let at = 0;
        const starts = drawn.map(([gap], place) => (at += place === 0 ? 0 : gap));
        const values = drawn.map(([, value]) => value / 10);
        const drawnOne = new StepSignal(starts, values, { periodMs: at + 7, offsetMs: offset });
        const when = drawnOne.whenReached(from, amount);
        expect(when).toBeGreaterThanOrEqual(from - 1e-6);
        expect(drawnOne.integral(from, when)).toBeCloseTo(amount, 6);
      }),
    );
  });
});
