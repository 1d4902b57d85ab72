import { describe, expect, it } from 'vitest';
import { planAndReserve, type ReserveAnswer } from '../../../lib/distribution/reserving.js';

const refused: ReserveAnswer<string> = { granted: false, deviceId: 'b', reason: 'it is full' };

describe('a plan that is reserved', () => {
  it('is made again where somebody else was faster', () => {
    let plans = 0;
    const answers = [
      refused,
      refused,
      { granted: true, leases: new Map([['a', 'lease']]) } as const,
    ];
    const { planned, leases } = planAndReserve(
      () => {
        plans += 1;
        return { planned: plans, shares: [] };
      },
      () => answers.shift() ?? refused,
    );
    expect(planned).toBe(3);
    expect(leases.get('a')).toBe('lease');
  });

  it('fails after a few times, and says at which device', () => {
    let plans = 0;
    const attempt = () =>
      planAndReserve(
        () => {
          plans += 1;
          return { planned: undefined, shares: [] };
        },
        () => refused,
      );
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'ERR_GPU_RESERVATION_FAILED',
        message: expect.stringContaining('"b": it is full'),
      }),
    );
    expect(plans).toBe(4);
  });
});
