import { afterEach, describe, expect, it } from 'vitest';
import type { NativeSession } from '../../lib/native.js';
import type { NativeStatisticsRequest, NativeWindow } from '../../lib/native-aggregation.js';
import { detailTable, metricTable } from '../../lib/telemetry/metrics.generated.js';
import {
  type NaiveSample,
  type NaiveStatistics,
  type NaiveWindow,
  naivePool,
  naiveSlices,
} from '../support/naive-statistics.js';
import {
  closeAll,
  command,
  header,
  history,
  layout,
  load,
  native,
  open,
  until,
} from '../support/native-session.js';

afterEach(closeAll);

const periodMs = 10;
const percentiles = [0, 12.5, 50, 95, 99, 100];
const doubles = native.statisticsDoubles + percentiles.length;
const counters: ReadonlySet<string> = new Set(
  [...metricTable, ...detailTable].flatMap(({ key, kind }) => (kind === 'counter' ? [key] : [])),
);
const [wall, monotonic, last] = ['wall', 'monotonic', 'last'].map((kind) =>
  native.windowKinds.indexOf(kind),
) as [number, number, number];

const metric = (key: string): number => native.metricKeys.indexOf(key);
const tierOf = (place: number): number => native.tierEnds.findIndex((end) => place < end);

/** The history of a metric by one of the clocks. Samples have whole microseconds. */
function samplesOf(session: NativeSession, row: number, place: number, by: number): NaiveSample[] {
  const tier = tierOf(place);
  const at = 3 + place - (native.tierEnds[tier - 1] ?? 0);
  const holdMs = 3 * ([periodMs, 1000, 5000][tier] ?? 0);
  return history(session, row, tier).map((sample) => {
    const [, monotonicMs = 0, unixMs = 0] = sample;
    const value = sample[at] ?? Number.NaN;
    const timeMs = by === monotonic ? Math.floor(monotonicMs * 1000) / 1000 : unixMs;
    return { timeMs, value: Number.isNaN(value) ? undefined : value, holdMs };
  });
}

function request(by: number, window: NaiveWindow): NativeStatisticsRequest {
  const [from, to] = 'last' in window ? [window.last, 0] : [window.fromMs, window.toMs];
  const how = { linear: false, ewmaMs: 25, pooled: false };
  return { by, from, to, percentiles: Float64Array.from(percentiles), ...how };
}

const approximately = [
  ['mean', 7],
  ['standardDeviation', 9],
] as const;
const exactly = [
  ['first', 3],
  ['last', 4],
  ['min', 5],
  ['max', 6],
] as const;

function expectSame(record: Float64Array, naive: NaiveStatistics): void {
  expect(record[0]).toBe(naive.count);
  expect(record[1]).toBe(naive.unknownCount);
  for (const [name, at] of exactly) expect(record[at]).toBe(naive[name] ?? Number.NaN);
  for (const [name, at] of approximately) expectNear(record[at], naive[name], 1e-9);
  const ranks = naive.percentiles.map((value) => value ?? Number.NaN);
  expect(Array.from(record.subarray(native.statisticsDoubles))).toEqual(ranks);
  expect(record[17]).toBe(0);
}

/** What the monotonic clock decides: by the wall clock, samples lie elsewhere a little. */
function expectSameTime(record: Float64Array, naive: NaiveStatistics): void {
  expectNear(record[2], naive.coveredMs, 1e-9);
  expectNear(record[8], naive.timeWeightedMean, 1e-9);
  expectNear(record[10], naive.ewma, 1e-9);
  expectNear(record[11], naive.integral, 1e-9);
  expectNear(record[12], naive.increase, 1e-9);
}

function expectNear(actual = Number.NaN, expected = Number.NaN, relative: number): void {
  if (Number.isNaN(expected)) expect(actual).toBeNaN();
  else
    expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.abs(expected) + 1e-9);
}

/** From now on no more samples of these rows come. */
async function quiet(session: NativeSession, rows: readonly number[]): Promise<void> {
  session.unwatch(rows);
  const rounds = header(session, layout.roundsWord);
  await until(() => header(session, layout.roundsWord) > rounds + 2);
}

async function sampled(): Promise<NativeSession> {
  const session = await open([
    { board: 'h100', load: { shape: 'sine', minPercent: 10, maxPercent: 90, periodSeconds: 0.2 } },
    { board: 'l4', load },
  ]);
  await until(() => history(session, 0, 0).length > 80 && history(session, 1, 2).length > 0);
  await quiet(session, [0, 1]);
  return session;
}

describe('a question to a session', () => {
  it('is answered as its history says: every metric, clock and kind of window', async () => {
    const session = await sampled();
    const into = new Float64Array(doubles);
    for (const place of native.metricKeys.keys()) {
      const key = native.metricKeys[place] ?? '';
      for (const by of [wall, monotonic, last]) {
        const samples = samplesOf(session, 0, place, by);
        const times = samples.map(({ timeMs }) => timeMs);
        const [first = 0, end = 0] = [times[0], times.at(-1)];
        const third = times[Math.floor(times.length / 3)] ?? 0;
        const windows: NaiveWindow[] =
          by === last
            ? [{ last: 1 }, { last: 7 }, { last: 1e6 }]
            : [
                { fromMs: first, toMs: end },
                { fromMs: third, toMs: third },
                { fromMs: third - 1, toMs: end + 7 },
                { fromMs: first - 1000, toMs: third + 3 },
                { fromMs: first - 1000, toMs: first - 1 },
              ];
        for (const window of windows) {
          const what = { ...request(by, window), rows: [0], metrics: [place] };
          expect(session.aggregate(what, into), key).toBe(1);
          const counter = counters.has(key);
          const asked = { window, percentiles, linear: false, ewmaMs: 25, counter };
          const naive = naivePool([samples], asked);
          expectSame(into, naive);
          if (by === monotonic) expectSameTime(into, naive);
        }
      }
    }
  });

  it('is answered row by row and metric by metric, or for all rows as one', async () => {
    const session = await sampled();
    const metrics = ['powerWatts', 'graphicsClockMhz', 'temperatureCelsius'].map(metric);
    const what = { ...request(last, { last: 50 }), metrics };
    const each = new Float64Array(6 * doubles);
    expect(session.aggregate({ ...what, rows: [1, 0] }, each)).toBe(6);
    const one = new Float64Array(doubles);
    for (const [place, row] of [1, 0].entries()) {
      for (const [slot, place2] of metrics.entries()) {
        session.aggregate({ ...what, rows: [row], metrics: [place2] }, one);
        const at = (place * metrics.length + slot) * doubles;
        expect(each.slice(at, at + doubles)).toEqual(one);
      }
    }
    const pooled = new Float64Array(3 * doubles);
    expect(session.aggregate({ ...what, rows: [0, 1], pooled: true }, pooled)).toBe(3);
    for (const [slot, place] of metrics.entries()) {
      const histories = [0, 1].map((row) => samplesOf(session, row, place, wall));
      const asked = { window: { last: 50 }, percentiles, linear: false, ewmaMs: 0, counter: false };
      expectSame(pooled.subarray(slot * doubles, (slot + 1) * doubles), {
        ...naivePool(histories, asked),
      });
    }
  });

  it('of no row is answered with nothing known, and of nonsense with nothing', async () => {
    const session = await sampled();
    const into = new Float64Array(doubles);
    const good = { ...request(last, { last: 5 }), rows: [7], metrics: [0] };
    expect(session.aggregate(good, into)).toBe(1);
    expect(into[0]).toBe(0);
    expect(into.subarray(3, 17).every(Number.isNaN)).toBe(true);
    const nonsense: readonly object[] = [
      { rows: 'all' },
      { rows: new Array(300).fill(0) },
      { metrics: [native.metricKeys.length] },
      { metrics: [-1] },
      { by: 3 },
      { by: monotonic, from: 2, to: 1 },
      { by: wall, from: Number.NaN },
      { from: 0 },
      { percentiles: new Float64Array(33) },
      { percentiles: [50] },
      { percentiles: Float64Array.of(101) },
      { percentiles: Float64Array.of(Number.NaN) },
    ];
    for (const wrong of nonsense) {
      expect(session.aggregate({ ...good, rows: [0], ...wrong } as never, into)).toBe(0);
    }
    expect(session.aggregate({ ...good, rows: [0, 1] }, into)).toBe(0); // no room for two
    for (const what of [undefined, null, 7, {}]) {
      expect(session.aggregate(what as never, into)).toBe(0);
      expect(session.downsample(what as never, into)).toBe(0);
      expect(session.watchWindow(what as never)).toBeUndefined();
    }
    const closing = Object.defineProperty({ ...good }, 'metrics', {
      get: () => {
        session.close();
        return [0];
      },
    });
    session.aggregate(closing, into);
    await until(() => session.closed());
    expect(session.aggregate({ ...good, rows: [0] }, into)).toBe(0);
  });

  it('about a series gives slices of equal time with extremes kept', async () => {
    const session = await sampled();
    const place = metric('powerWatts');
    const samples = samplesOf(session, 0, place, wall);
    const times = samples.map(({ timeMs }) => timeMs);
    const [fromMs = 0, toMs = 0] = [times[3], times.at(-2)];
    const into = new Float64Array(5 * 16);
    const what = { row: 0, metric: place, by: wall, from: fromMs, to: toMs };
    const count = session.downsample(what, into);
    const naive = naiveSlices(samples, { fromMs, toMs }, 16);
    expect(count).toBe(naive.length);
    for (const [slice, expected] of naive.entries()) {
      const [sliceMs, min, max, mean, known] = into.subarray(5 * slice);
      expectNear(sliceMs, expected.fromMs, 1e-14);
      expect([min, max, known]).toEqual([expected.min, expected.max, expected.count]);
      expectNear(mean, expected.mean, 1e-12);
    }
    expect(session.downsample({ ...what, row: 9 }, into)).toBe(0);
    expect(session.downsample({ ...what, metric: 9999 }, into)).toBe(0);
    expect(session.downsample(what, new Float64Array(4))).toBe(0);
    expect(session.downsample(what, new Float64Array(5 * 65_537))).toBe(0);
  });
});

describe('a watched window', () => {
  const spec: NativeWindow = {
    metrics: ['powerWatts', 'graphicsClockMhz', 'memoryUsedBytes'].map(metric),
    windowMs: 200,
    percentiles: Float64Array.from(percentiles),
    linear: false,
    ewmaMs: 0,
  };

  it('says in place and as a copy what a question would, as of the newest sample', async () => {
    const session = await open([{ board: 'h100', count: 2, load }]);
    await until(() => history(session, 1, 0).length > 3);
    const window = session.watchWindow(spec);
    if (window === undefined) throw new Error('no window');
    await until(() => history(session, 1, 0).length > 40);
    await quiet(session, [0, 1]);
    const block = window.block();
    expect(block?.byteLength).toBe(256 * window.rowWords * 8);
    expect(window.slotWords).toBe(1 + doubles);
    const copy = new Float64Array(doubles);
    const into = new Float64Array(doubles);
    for (const row of [0, 1]) {
      for (const [slot, place] of spec.metrics.entries()) {
        expect(window.read(row, slot, copy)).toBe(true);
        const toMs = samplesOf(session, row, place, monotonic).at(-1)?.timeMs ?? 0;
        const between = { fromMs: (toMs * 1000 - 200_000) / 1000, toMs };
        const what = { ...request(monotonic, between), ewmaMs: 0 };
        expect(session.aggregate({ ...what, rows: [row], metrics: [place] }, into)).toBe(1);
        expect(copy).toEqual(into);
        const at = row * window.rowWords + slot * window.slotWords;
        const inPlace = new Float64Array(block ?? new ArrayBuffer(0)).subarray(at + 1);
        expect(inPlace.subarray(0, doubles)).toEqual(copy);
        expect(copy[0]).toBeGreaterThan(0);
      }
    }
    expect(window.read(2, 0, copy)).toBe(false);
    expect(window.read(0, 3, copy)).toBe(false);
    expect(window.read(0, 0, new Float64Array(doubles - 1))).toBe(false);
  });

  it('is as long as it was asked to be, years as well', async () => {
    const session = await open([{ board: 'h100', load }]);
    await until(() => history(session, 0, 0).length > 3);
    const window = session.watchWindow({ ...spec, windowMs: 1e11 });
    const record = new Float64Array(doubles);
    expect(window?.read(0, 0, record)).toBe(true);
    expect((record[16] ?? 0) - (record[15] ?? 0)).toBe(1e11);
  });

  it('stops when it is closed, or its session; what it said can still be read', async () => {
    const session = await open([{ board: 'h100', load }]);
    const other = await open([{ board: 'h100', load }]);
    const windows = [session, session, other].map((one) => one.watchWindow(spec));
    const [closed, abandoned, kept] = windows;
    const copy = new Float64Array(doubles);
    const toMs = (window = kept) => (window?.read(0, 0, copy) === true ? copy[16] : undefined);
    await until(() => windows.every((one) => toMs(one) !== undefined));
    const isStill = async (window: typeof kept) => {
      const before = toMs(window);
      const [keptBefore, count] = [toMs(), history(other, 0, 0).length];
      await until(() => toMs() !== keptBefore && history(other, 0, 0).length > count + 5);
      return toMs(window) === before;
    };
    closed?.close();
    closed?.close();
    expect(await isStill(closed)).toBe(true);
    expect(await isStill(abandoned)).toBe(false);
    session.close();
    expect(session.watchWindow(spec)).toBeUndefined();
    expect(await isStill(abandoned)).toBe(true);
    expect(await isStill(kept)).toBe(false);
    other.close();
    await until(() => session.closed() && other.closed());
    expect(toMs()).toBeGreaterThan(0);
    kept?.close();
    expect(other.watchWindow(spec)).toBeUndefined();
  });

  it('begins anew with the device that comes to a row', async () => {
    const session = await open([{ board: 'h100', mig: ['1g.10gb'] }]);
    const window = session.watchWindow(spec);
    const memory = 2;
    const copy = new Float64Array(doubles);
    const count = () => (window?.read(1, memory, copy) === true ? (copy[0] ?? 0) : 0);
    await until(() => count() > 5);
    command('mig', { device: 0, instances: [] });
    await until(() => count() === 0);
    expect(copy[16]).toBeNaN();
    command('mig', { device: 0, instances: ['1g.10gb'] });
    await until(() => session.devices().some(({ row, present }) => row === 1 && present));
    await until(() => count() > 5);
    expect((copy[16] ?? 0) - (copy[15] ?? 0)).toBeCloseTo(200);
  });

  it('is refused where it says nothing, and made by nobody else', async () => {
    const session = await open([{ board: 'h100', load }]);
    const wrong: readonly object[] = [
      { metrics: [] },
      { metrics: [9999] },
      { windowMs: 0 },
      { windowMs: Number.NaN },
      { percentiles: new Float64Array(33) },
    ];
    for (const part of wrong) expect(session.watchWindow({ ...spec, ...part })).toBeUndefined();
    const window = session.watchWindow(spec);
    const Window = window?.constructor as new (share?: unknown) => NonNullable<typeof window>;
    for (const share of [undefined, {}, window]) {
      const empty = new Window(share);
      expect([empty.slotWords, empty.rowWords, empty.block()]).toEqual([0, 0, undefined]);
      expect(empty.read(0, 0, new Float64Array(doubles))).toBe(false);
      empty.close();
    }
  });
});
