import { describe, expect, it } from 'vitest';
import { metricTable, putKnown } from '../../../lib/telemetry/metrics.generated.js';

describe('putKnown', () => {
  it('names each number as the table does, and leaves out what is unknown', () => {
    const unknown = metricTable.length - 2;
    const words = Float64Array.from({ length: metricTable.length + 1 }, (_, at) => at - 1);
    words[unknown + 1] = Number.NaN;
    const sample = {};
    putKnown(sample, words, 1);
    const known = metricTable.map(({ key }, at) => [key, at]).filter(([, at]) => at !== unknown);
    expect(Object.entries(sample)).toEqual(known);
  });
});
