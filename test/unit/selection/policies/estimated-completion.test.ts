import { describe, expect, it } from 'vitest';
import { PolicyState } from '../../../../lib/selection/policy-state.js';
import type { SelectionRequest } from '../../../../lib/selection/request.js';
import { numbers } from '../../../support/cluster.js';
import { choices, pipeline, type ViewChanges, view } from '../../../support/views.js';

const policy = 'estimated-completion' as const;

function costs(
  views: readonly ReturnType<typeof view>[],
  request: SelectionRequest = {},
): Record<string, number> {
  const ranking = pipeline({ policy, ...request }).rank({ views, nowMs: 1000 });
  return Object.fromEntries(ranking.map(({ deviceId, cost }) => [deviceId, cost]));
}

const cost = (changes: ViewChanges, request: SelectionRequest = {}) =>
  costs([view('a', changes)], request).a;

describe('the estimate', () => {
  it('is outstanding work for what is left of the speed', () => {
    expect(cost({})).toBe(1);
    expect(cost({ inFlight: 3, speed: 0.5 }, { weight: 2 })).toBe(10);
    expect(cost({ load: { queue: 4 } })).toBe(5);
  });

  it.each([
    [0x8, 2],
    [0x40, 2],
    [0x80, 2],
    [2 ** 40 + 0x40, 2],
    [0x4, 1],
    [0x1, 1],
  ])('under clock event reasons %d at half the clock is %d', (clockEventReasons, expected) => {
    const sampled = { clockEventReasons, clockRateMhz: 900 };
    expect(cost({ sampled, about: { clockRateMhz: 1800 } })).toBe(expected);
    expect(cost({ sampled })).toBe(1);
  });

  it('counts use by others, of which at most nine tenths', () => {
    expect(cost({ sampled: { computeUtilizationPercent: 50 } })).toBe(2);
    expect(cost({ sampled: { computeUtilizationPercent: 100 } })).toBeCloseTo(10, 12);
    expect(cost({ sampled: { computeUtilizationPercent: 75 }, inFlight: 0.5 })).toBeCloseTo(2);
  });

  it('takes no use for that of others while work of ours explains it', () => {
    const state = new PolicyState({ seed: 1 });
    const chooser = pipeline({ policy }, { state });
    const busy = view('a', { sampled: { computeUtilizationPercent: 100, timestampMs: 1000 } });
    const costAt = (nowMs: number) => chooser.rank({ views: [busy], nowMs })[0]?.cost;
    busy.inFlight = 1;
    expect(costAt(1000)).toBe(2);
    chooser.choose({ views: [busy], nowMs: 1000 });
    busy.inFlight = 0;
    expect(costAt(1100)).toBe(1);
    busy.ageMs = () => 0;
    expect(costAt(2000)).toBe(1);
    expect(costAt(2001)).toBeCloseTo(10, 12);
  });

  it('knows nothing of old samples under ledger-only', () => {
    const sampled = { computeUtilizationPercent: 100, timestampMs: 0 };
    expect(cost({ sampled }, { staleness: 'ledger-only', maxAgeMs: 10 })).toBe(1);
    expect(cost({ sampled }, { staleness: 'allow', maxAgeMs: 10 })).toBeCloseTo(10, 12);
  });

  it('is in milliseconds where latencies are measured, carried over to those without', () => {
    const known = view('known', { latencyMs: 200, inFlight: 1 });
    const unknown = view('unknown', { speed: 0.5 });
    expect(costs([known, unknown])).toEqual({ known: 400, unknown: 400 });
    expect(cost({ load: { latencyMs: 30 } })).toBe(30);
    expect(cost({ load: { latencyMs: 30 }, latencyMs: 20 })).toBe(20);
  });
});

describe('a hot device', () => {
  const other = () => view('b', { inFlight: 5 });

  it.each<readonly [string, ViewChanges, SelectionRequest]>([
    ['near its slowdown temperature', { slowdownMarginCelsius: 4 }, {}],
    ['with its cache nearly full', { load: { kvCacheUtilizationPercent: 95 } }, {}],
    ['with hardly memory to spare', { freeMemoryBytes: 10.5e9 }, { minMemoryBytes: 10e9 }],
  ])('%s is taken only when all are hot', (_title, changes, request) => {
    const hot = view('a', changes);
    const chooser = pipeline({ policy, ...request });
    expect(choices(chooser, [hot, other()])).toEqual(['b']);
    const [explained] = chooser.explain({ views: [hot, other()], nowMs: 1000 });
    expect(explained).toMatchObject({ status: 'ranked', code: 'hot' });
    expect(choices(chooser, [hot, view('b', { ...changes, inFlight: 5 })])).toEqual(['a']);
  });

  it('is one with more work for its speed than most', () => {
    // The seventh of eight is at the quantile: only what is above it is hot.
    const views = numbers(8).map((index) => view(`${index}`, { latencyMs: 10, inFlight: index }));
    const last = views[7];
    if (last === undefined) throw new Error('no view');
    last.latencyMs = 0.1;
    const explained = pipeline({ policy }).explain({ views, nowMs: 1000 });
    expect(explained.map(({ code }) => code)).toEqual([
      'best',
      ...new Array(6).fill('behind'),
      'hot',
    ]);
  });

  it('when all are, is the one with the least work for its speed, any of equals', () => {
    const load = { kvCacheUtilizationPercent: 99 };
    const views = [
      view('a', { load, inFlight: 2, latencyMs: 1 }),
      view('b', { load, inFlight: 1, latencyMs: 50 }),
      view('c', { load, inFlight: 1, latencyMs: 90 }),
    ];
    expect(new Set(choices(pipeline({ policy }), views, 60))).toEqual(new Set(['b', 'c']));
  });
});

it('draws among estimates that differ by less than a twentieth', () => {
  const views = [view('a', { latencyMs: 100 }), view('b', { latencyMs: 104 })];
  expect(new Set(choices(pipeline({ policy }), views, 60)).size).toBe(2);
  expect(pipeline({ policy }).rank({ views: views.toReversed(), nowMs: 0 }).length).toBe(2);
});
