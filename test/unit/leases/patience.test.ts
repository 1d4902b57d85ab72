import { describe, expect, it } from 'vitest';
import { readPatience } from '../../../lib/leases/patience.js';

const read = (given: Readonly<Record<string, unknown>>) =>
  readPatience(new Map(Object.entries(given)));

describe('patience', () => {
  it('has no end unless one is asked for', () => {
    const endless = { priority: 0, timeoutMs: Infinity, signal: undefined };
    expect(read({})).toEqual(endless);
    const { signal } = new AbortController();
    const given = { priority: -1.5, timeoutMs: 0, signal };
    expect(read(given)).toEqual(given);
    expect(read({ timeoutMs: Infinity })).toEqual(endless);
  });

  it.each([
    [{ priority: Number.NaN }, 'ERR_GPU_OUT_OF_RANGE', /^request\.priority:/],
    [{ priority: 'high' }, 'ERR_GPU_INVALID_TYPE', /^request\.priority:/],
    [{ timeoutMs: -1 }, 'ERR_GPU_OUT_OF_RANGE', /^request\.timeoutMs:/],
    [{ timeoutMs: null }, 'ERR_GPU_INVALID_TYPE', /^request\.timeoutMs:/],
    [{ signal: {} }, 'ERR_GPU_INVALID_TYPE', /^request\.signal:/],
  ])('%j is refused: %s', (given, code, message) => {
    expect(() => read(given)).toThrow(expect.objectContaining({ code }));
    expect(() => read(given)).toThrow(message);
  });
});
