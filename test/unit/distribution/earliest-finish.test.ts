import { describe, expect, it } from 'vitest';
import { EarliestFinish } from '../../../lib/distribution/earliest-finish.js';
import { randomFrom } from '../../support/random.js';

describe('EarliestFinish', () => {
  it('finds a device that finishes first of those that take it, whatever changed', () => {
    const random = randomFrom(2);
    const below = (end: number) => Math.floor(random() * end);
    for (let run = 0; run < 300; run += 1) {
      const count = below(40);
      const speeds = Float64Array.from({ length: count }, () => below(5));
      const loads = Float64Array.from({ length: count }, () => below(20));
      const earliest = new EarliestFinish(speeds, loads);
      for (let step = 0; step < 50; step += 1) {
        const cost = below(10);
        const isOpen = Uint8Array.from({ length: count }, () => (random() < 0.7 ? 1 : 0));
        const finishes = Array.from(speeds, (speed, device) =>
          speed === 0 || isOpen[device] === 0 ? Infinity : ((loads[device] ?? 0) + cost) / speed,
        );
        const least = Math.min(...finishes);
        const found = earliest.find(cost, (device) => isOpen[device] === 1);
        if (found === undefined) expect(least).toBe(Infinity);
        else expect(finishes[found]).toBe(least);
        if (count === 0) continue;
        const device = below(count);
        loads[device] = random() < 0.2 ? Infinity : below(20);
        earliest.setLoad(device, loads[device]);
      }
    }
  });

  it('takes the faster and then the earlier of equals', () => {
    const earliest = new EarliestFinish(Float64Array.of(1, 2, 2, 1), Float64Array.of(0, 1, 1, 0));
    expect(earliest.find(1, () => true)).toBe(1);
    expect(earliest.find(1, (device) => device !== 1)).toBe(2);
    expect(earliest.find(1, (device) => device === 0 || device === 3)).toBe(0);
  });
});
