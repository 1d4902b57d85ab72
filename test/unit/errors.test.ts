import { describe, expect, it } from 'vitest';
import { errorCodes, GPUError } from '../../lib/errors.js';
import { errorOf } from '../../lib/native.js';
import { refusal } from '../support/refusal.js';

describe('errorCodes', () => {
  it('holds each code once, all of one form', () => {
    expect(new Set(errorCodes).size).toBe(errorCodes.length);
    for (const code of errorCodes) expect(code).toMatch(/^ERR_GPU_[A-Z]+(_[A-Z]+)*$/);
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(errorCodes)).toBe(true);
  });
});

describe('GPUError', () => {
  it('carries code, hint, driver code and cause, each absent when not given', () => {
    const cause = new Error('deeper');
    const details = { hint: 'load the driver', nvmlReturn: 9, cause };
    const error = new GPUError('ERR_GPU_DRIVER_NOT_LOADED', 'no driver', details);
    expect(error).toMatchObject({ code: 'ERR_GPU_DRIVER_NOT_LOADED', ...details });
    const plain = new GPUError('ERR_GPU_CLOSED', 'closed');
    expect('hint' in plain || 'nvmlReturn' in plain || 'cause' in plain).toBe(false);
  });
});

describe('a native failure', () => {
  const failure = (code: string, hint: string, nvmlReturn: number) =>
    errorOf({ code, message: 'what happened', hint, nvmlReturn });

  it('is a GPUError with hint and driver code, each absent when there is none', () => {
    const error = failure('ERR_GPU_DRIVER_NOT_LOADED', 'what to do', 9);
    expect(error).toBeInstanceOf(GPUError);
    expect(error).toMatchObject({
      code: 'ERR_GPU_DRIVER_NOT_LOADED',
      message: 'what happened',
      hint: 'what to do',
      nvmlReturn: 9,
    });
    const bare = failure('ERR_GPU_TIMEOUT', '', 0);
    expect('hint' in bare || 'nvmlReturn' in bare).toBe(false);
  });

  it('is a RangeError that names the option when the history is too large for this host', () => {
    const message = refusal('ERR_GPU_OUT_OF_RANGE', () => {
      throw failure('ERR_GPU_OUT_OF_RANGE', 'maxHistory may be at most 5 here', 0);
    });
    expect(message).toBe('options.maxHistory: what happened; maxHistory may be at most 5 here');
  });
});
