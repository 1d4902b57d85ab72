import { describe, expect, it } from 'vitest';
import { errorCodes, GPUError } from '../../lib/errors.js';

describe('errorCodes', () => {
  it('holds each code once, all of one form', () => {
    expect(new Set(errorCodes).size).toBe(errorCodes.length);
    for (const code of errorCodes) expect(code).toMatch(/^ERR_GPU_[A-Z]+(_[A-Z]+)*$/);
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
