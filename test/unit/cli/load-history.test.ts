import { describe, expect, it } from 'vitest';
import { foldMinute, historySeconds, LoadHistory } from '../../../lib/cli/load-history.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';

const deviceId = 'a';

function sample(second: number, computeUtilizationPercent?: number): GPUMetrics {
  const bare = { deviceId, timestampMs: second * 1000 };
  return computeUtilizationPercent === undefined ? bare : { ...bare, computeUtilizationPercent };
}

/** The places of the last minute that are known, as [seconds ago, mean]. */
function known(history: LoadHistory, second: number, periodMs = 100) {
  const percents = history.percents(deviceId, { unixMs: second * 1000, periodMs });
  expect(percents).toHaveLength(historySeconds);
  return percents.flatMap((percent, place) =>
    percent === undefined ? [] : [[historySeconds - 1 - place, percent]],
  );
}

describe('LoadHistory', () => {
  it('has the mean of each second', () => {
    const history = new LoadHistory();
    history.add(deviceId, [sample(1000, 10), sample(1000.5, 20), sample(1001, 40), sample(1002)]);
    expect(known(history, 1003)).toEqual([
      [3, 15],
      [2, 40],
    ]);
  });

  it('reaches back a minute, however little the sampler keeps', () => {
    const history = new LoadHistory();
    for (let second = 0; second < 100; second += 0.5) {
      history.add(deviceId, [sample(second - 0.5, 50), sample(second, 50)]);
    }
    expect(known(history, 99.9)).toHaveLength(historySeconds);
  });

  it('counts a sample once, and keeps a second that the sampler has dropped in part', () => {
    const history = new LoadHistory();
    history.add(deviceId, [sample(10, 0), sample(10.5, 30)]);
    history.add(deviceId, [sample(10, 0), sample(10.5, 30)]);
    history.add(deviceId, [sample(10.5, 30), sample(11, 7)]);
    expect(known(history, 11)).toEqual([
      [1, 15],
      [0, 7],
    ]);
  });

  it('leaves no gaps at periods above a second', () => {
    for (const periodMs of [1000, 1500, 2400, 5000, 59_000, 600_000]) {
      const history = new LoadHistory();
      const seconds = periodMs / 1000;
      const samples = Array.from({ length: 200 }, (_, index) => sample(0.999 + index * seconds, 5));
      history.add(deviceId, samples);
      expect(known(history, 190 * seconds, periodMs), `${periodMs} ms`).toHaveLength(60);
    }
  });

  it('ends with the samples, and shows an unknown value as unknown', () => {
    const history = new LoadHistory();
    history.add(deviceId, [sample(90, 5), sample(95), sample(100, 7)]);
    const shown = known(history, 120, 5000);
    expect(shown.map(([ago]) => ago)).toEqual([30, 29, 28, 27, 26, 20, 19, 18, 17, 16, 15]);
    expect(known(new LoadHistory(), 120, 5000)).toEqual([]);
  });

  it('forgets what is older than a minute', () => {
    const history = new LoadHistory();
    history.add(deviceId, [sample(10, 5)]);
    expect(known(history, 100)).toEqual([]);
    expect(known(history, 20)).toEqual([]);
  });
});

describe('foldMinute', () => {
  const minute = Array.from({ length: historySeconds }, (_, place) => place);

  it.each([
    [60, 60],
    [30, 30],
    [29, 20],
    [12, 12],
    [10, 10],
    [1, 1],
  ])('shows the whole minute in %d cells or fewer', (width, count) => {
    const cells = foldMinute(minute, { width, unixMs: 59_000 });
    expect(cells).toHaveLength(count);
    expect(cells[0]).toBe((60 / count - 1) / 2);
    expect(cells.at(-1)).toBe(59 - (60 / count - 1) / 2);
  });

  it('keeps a second in its cell as time goes on', () => {
    const peak = (newest: number, width: number) =>
      foldMinute(
        minute.map((place) => (newest - 59 + place === 1000 ? 100 : 0)),
        { width, unixMs: newest * 1000 },
      ).findLastIndex((percent) => percent !== undefined && percent > 0);
    const places = Array.from({ length: 30 }, (_, ago) => 11 - peak(1000 + ago, 12));
    expect(places).toEqual(Array.from({ length: 30 }, (_, ago) => Math.floor(ago / 5)));
  });

  it('leaves a cell blank where nothing is known', () => {
    const percents = minute.map((place) => (place < 30 ? undefined : 40));
    expect(foldMinute(percents, { width: 4, unixMs: 59_000 })).toEqual([
      undefined,
      undefined,
      40,
      40,
    ]);
  });
});
