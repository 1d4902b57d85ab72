import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../lib/errors.js';
import { loadNative } from '../../lib/native.js';
import { metricTable } from '../../lib/telemetry/metrics.generated.js';

describe('what C++ and TypeScript share', () => {
  const native = loadNative();

  it('is one table of metrics, in one order', () => {
    expect(native.metricKeys).toEqual(metricTable.map(({ key }) => key));
  });

  it('is one list of error codes', () => {
    const [ok, ...codes] = native.statusNames;
    expect(ok).toBe('');
    expect(errorCodes).toEqual(expect.arrayContaining(codes));
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('is one monotonic clock, by which samples age', () => {
    const before = Number(process.hrtime.bigint()) / 1e6;
    const now = native.monotonicMs();
    const after = Number(process.hrtime.bigint()) / 1e6;
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(after);
  });

  it('is one layout of the published block', () => {
    const { rowWords, rowMetricsWord, rowStrideWords, firstRowWord } = native.layout;
    expect(rowWords).toBe(rowMetricsWord + metricTable.length);
    expect(rowStrideWords).toBeGreaterThanOrEqual(rowWords);
    expect(firstRowWord % 8).toBe(0);
  });
});
