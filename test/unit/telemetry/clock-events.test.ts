import { describe, expect, it } from 'vitest';
import { clockEventReasonNames } from '../../../lib/telemetry/clock-events.js';

describe('clockEventReasonNames', () => {
  it('spells every bit that NVML defines, lowest first', () => {
    expect(clockEventReasonNames(0x1ff)).toEqual([
      'gpu_idle',
      'applications_clocks_setting',
      'sw_power_cap',
      'hw_slowdown',
      'sync_boost',
      'sw_thermal_slowdown',
      'hw_thermal_slowdown',
      'hw_power_brake_slowdown',
      'display_clock_setting',
    ]);
  });

  it('says nothing when no bit is set', () => {
    expect(clockEventReasonNames(0)).toEqual([]);
  });

  it('keeps bits it does not know, those above 32 bits too', () => {
    expect(clockEventReasonNames(0x204)).toEqual(['sw_power_cap', '0x200']);
    expect(clockEventReasonNames(2 ** 40 + 1)).toEqual(['gpu_idle', '0x10000000000']);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses %s', (bits) => {
    expect(() => clockEventReasonNames(bits)).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_GPU_OUT_OF_RANGE' }),
    );
  });

  it('refuses what is no number', () => {
    const text: unknown = '4';
    expect(() => clockEventReasonNames(text as number)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_GPU_INVALID_TYPE' }),
    );
  });
});
