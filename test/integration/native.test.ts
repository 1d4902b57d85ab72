import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../lib/errors.js';
import { loadNative } from '../../lib/native.js';
import { driverEventKinds } from '../../lib/telemetry/cluster-events.js';
import { detailTable, metricTable } from '../../lib/telemetry/metrics.generated.js';

describe('what C++ and TypeScript share', () => {
  const native = loadNative();
  const metrics = [...metricTable, ...detailTable];

  it('is one table of metrics, in one order', () => {
    expect(native.metricKeys).toEqual(metrics.map(({ key }) => key));
  });

  it('is one division of it into tiers', () => {
    const ends = ['fast', 'medium', 'slow'].map(
      (tier) => metrics.findLastIndex((metric) => metric.tier === tier) + 1,
    );
    expect(native.tierEnds).toEqual(ends);
  });

  it('is one choice of metrics that the driver buffers', () => {
    const buffered = metrics.filter((metric) => metric.buffered).map(({ key }) => key);
    expect(native.seriesMetrics.map((metric) => native.metricKeys[metric])).toEqual(buffered);
  });

  it('is one list of error codes', () => {
    const [ok, ...codes] = native.statusNames;
    expect(ok).toBe('');
    expect(errorCodes).toEqual(expect.arrayContaining(codes));
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('is one name for each kind of event, state of a value, state of the driver and link', () => {
    expect(native.eventKinds).toEqual(driverEventKinds);
    expect(native.valueStates).toEqual([
      'not-sampled',
      'known',
      'estimated',
      'unsupported',
      'denied',
      'invalid',
      'unavailable',
    ]);
    expect(native.driverStates).toEqual(['serving', 'lost', 'suspended', 'released']);
    expect(native.linkNames).toEqual([
      'unknown',
      'nvlink',
      'internal',
      'single-switch',
      'multi-switch',
      'host-bridge',
      'numa-node',
      'system',
    ]);
  });

  it('is one monotonic clock, by which samples age', () => {
    const before = Number(process.hrtime.bigint()) / 1e6;
    const now = native.monotonicMs();
    const after = Number(process.hrtime.bigint()) / 1e6;
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(after);
  });

  it('is one layout of the published block', () => {
    const { layout } = native;
    const { rowWords, rowMetricsWord, rowStrideWords, firstRowWord, ledgerLogWord } = layout;
    expect(rowWords).toBe(rowMetricsWord + (native.tierEnds[0] ?? 0));
    expect(rowStrideWords).toBeGreaterThanOrEqual(rowWords);
    expect(firstRowWord % 8).toBe(0);
    const words = Object.entries(layout).filter(([name]) => name.endsWith('Word'));
    const regions = ['firstRowWord', 'ledgerLogWord', 'firstLedgerWord'];
    const inRow = words.filter(([name]) => name.startsWith('row')).map(([, word]) => word);
    const header = words
      .filter(([name]) => !name.startsWith('row') && !regions.includes(name))
      .map(([, word]) => word);
    expect(Math.max(...inRow)).toBe(rowMetricsWord);
    expect(new Set(inRow).size).toBe(inRow.length);
    expect(header.length).toBeGreaterThan(8);
    expect(new Set(header).size).toBe(header.length);
    expect(Math.max(...header)).toBeLessThan(firstRowWord);
    expect(ledgerLogWord).toBeGreaterThan(firstRowWord);
  });

  it('lays the ledger out in cache lines', () => {
    const { layout } = native;
    const rows = layout.ledgerShardStrideWords / layout.ledgerRowStrideWords;
    expect(rows).toBe(256);
    expect(layout.ledgerShardCount).toBe(64);
    expect(layout.ledgerRowStrideWords).toBe(8);
    expect(layout.ledgerLogEntries).toBe(256);
    expect(layout.ledgerLogWord).toBe(layout.firstRowWord + rows * layout.rowStrideWords);
    expect(layout.firstLedgerWord).toBe(layout.ledgerLogWord + layout.ledgerLogEntries / 2);
    expect(layout.firstLedgerWord % 8).toBe(0);
    const ledger = [layout.ledgerClockWord, layout.ledgerSharesWord, layout.ledgerShardsWord];
    const lineOf = (word: number) => Math.floor(word / 8);
    expect(new Set(ledger.map(lineOf)).size).toBe(1);
    expect(lineOf(layout.changesWord)).not.toBe(lineOf(layout.ledgerClockWord));
  });
});
