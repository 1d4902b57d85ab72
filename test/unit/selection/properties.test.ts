// Whatever the devices and whatever the request: ranking, choosing and explaining agree, and what
// is broken does not win.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PolicyState } from '../../../lib/selection/policy-state.js';
import { policyNames, type SelectionRequest } from '../../../lib/selection/request.js';
import { SnapshotView } from '../../../lib/selection/snapshot-view.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';
import { gpu, numbers } from '../../support/cluster.js';
import { pipeline, type TestView, type ViewChanges, view } from '../../support/views.js';

const nowMs = 10_000;

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const whole = (max: number) => fc.integer({ min: 0, max });

/** A device that works, at any load. */
const sound: fc.Arbitrary<ViewChanges> = fc.record({
  about: fc.record({ memoryBytes: fc.constant(24e9), clockRateMhz: fc.constant(1800) }),
  sampled: fc.record({
    timestampMs: fc.integer({ min: 9000, max: nowMs }),
    memoryUsedBytes: whole(23e9),
    computeUtilizationPercent: whole(99),
    temperatureCelsius: fc.integer({ min: 20, max: 110 }),
    powerWatts: fc.integer({ min: 20, max: 700 }),
    clockRateMhz: fc.integer({ min: 200, max: 1800 }),
    clockEventReasons: whole(255),
  }),
  speed: fc.integer({ min: 1, max: 8 }).map((eighths) => eighths / 8),
  inFlight: whole(9),
  leaseCount: whole(9),
  leasedBytes: whole(20e9),
  slowdownMarginCelsius: maybe(fc.integer({ min: -5, max: 60 })),
  latencyMs: maybe(fc.integer({ min: 1, max: 900 })),
  load: maybe(fc.record({ queue: whole(20), kvCacheUtilizationPercent: whole(100) })),
});

const request: fc.Arbitrary<SelectionRequest> = fc.record(
  {
    policy: fc.constantFrom(...policyNames),
    minMemoryBytes: whole(20e9),
    maxUtilizationPercent: whole(100),
    maxInFlight: fc.integer({ min: 1, max: 12 }),
    maxAgeMs: whole(1500),
    staleness: fc.constantFrom('exclude', 'ledger-only', 'allow'),
    weight: fc.integer({ min: 1, max: 192 }).map((steps) => steps / 64),
    affinityKey: fc.constantFrom('x', 'y'),
    excludeDeviceIds: fc.constantFrom(['0'], ['1', '2']),
  },
  { requiredKeys: ['policy'] },
);

function viewsOf(all: readonly ViewChanges[]): TestView[] {
  return all.map((changes, index) => view(`${index}`, changes));
}

describe('ranking, choosing and explaining', () => {
  it('agree, again and again, and only choosing moves on', () => {
    fc.assert(
      fc.property(
        fc.array(sound, { maxLength: 12 }),
        fc.array(request, { minLength: 1, maxLength: 6 }),
        fc.integer(),
        (all, requests, seed) => {
          const views = viewsOf(all);
          const scene = { views, nowMs };
          const state = new PolicyState({ seed });
          for (const asked of requests) {
            const chooser = pipeline(asked, { state });
            const ranking = chooser.rank(scene);
            const explained = chooser.explain(scene);
            expect(chooser.rank(scene)).toEqual(ranking);
            expect(chooser.explain(scene)).toEqual(explained);
            const selected = explained.filter(({ status }) => status === 'selected');
            const passed = explained.filter(({ status }) => status !== 'rejected');
            expect(new Set(ranking.map(({ deviceId }) => deviceId))).toEqual(
              new Set(passed.map(({ deviceId }) => deviceId)),
            );
            for (const { score, cost } of ranking) {
              expect(cost >= 0 && cost < Infinity && score >= 0 && score <= 1).toBe(true);
            }
            const outlooks = chooser.outlook(scene);
            expect(explained.map(({ status }) => status !== 'rejected')).toEqual(
              outlooks.map((outlook) => outlook === 'passes'),
            );
            const chosen = views[chooser.choose(scene)];
            expect(selected.map(({ deviceId }) => deviceId)).toEqual(
              chosen === undefined ? [] : [chosen.device.deviceId],
            );
            if (chosen === undefined) continue;
            expect(ranking[0]?.deviceId).toBe(chosen.device.deviceId);
            chosen.inFlight += asked.weight ?? 1;
            chosen.leaseCount += 1;
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('keep to the constraints', () => {
    fc.assert(
      fc.property(fc.array(sound, { maxLength: 8 }), request, (all, asked) => {
        const views = viewsOf(all);
        const chosen = views[pipeline(asked).choose({ views, nowMs })];
        if (chosen === undefined) return;
        const { maxInFlight = Infinity, weight = 1, minMemoryBytes = 0 } = asked;
        expect(chosen.inFlight + weight).toBeLessThanOrEqual(maxInFlight);
        expect(asked.excludeDeviceIds ?? []).not.toContain(chosen.device.deviceId);
        const isOld = (chosen.ageMs(nowMs) ?? Infinity) > (asked.maxAgeMs ?? Infinity);
        if (isOld) expect(asked.staleness).not.toBe('exclude');
        const free = chosen.freeMemoryBytes ?? 24e9 - chosen.leasedBytes;
        expect(free).toBeGreaterThanOrEqual(minMemoryBytes);
      }),
      { numRuns: 500 },
    );
  });
});

const watched = [
  'temperatureCelsius',
  'powerWatts',
  'clockRateMhz',
  'memoryUsedBytes',
  'computeUtilizationPercent',
] as const;

const sentinels = [0xffff_ffff, 2 ** 63 - 1, 2 ** 64 - 1, NaN, Infinity, -1e9];

/** Samples of sensors that are broken; to a policy each looks better than most. */
const broken: fc.Arbitrary<Partial<GPUMetrics>> = fc.oneof(
  fc.constant(Object.fromEntries(watched.map((key) => [key, 0]))),
  fc
    .subarray([...watched], { minLength: 3 })
    .filter((keys) => keys.includes('temperatureCelsius') || keys.includes('powerWatts'))
    .map((keys) => Object.fromEntries(keys.map((key) => [key, 0]))),
  fc
    .tuple(fc.constantFrom(...watched, 'memoryFreeBytes' as const), fc.constantFrom(...sentinels))
    // Read as 4 GiB, which may be; the same of free memory.
    .filter(([key, value]) => !(key.startsWith('memory') && value === 0xffff_ffff))
    .map(([key, value]) => ({
      memoryTotalBytes: 24e9,
      memoryUsedBytes: 0,
      temperatureCelsius: 40,
      computeUtilizationPercent: 0,
      [key]: value,
    })),
);

function brokenView(sensed: Partial<GPUMetrics>): TestView {
  const metrics = { deviceId: 'broken', timestampMs: nowMs, ...sensed };
  const { sensor, freeMemoryBytes } = new SnapshotView({ device: gpu('broken'), metrics });
  return view('broken', { sensor, freeMemoryBytes, metrics, ageMs: () => 0 });
}

describe.each(policyNames)('under %s', (policy) => {
  const state = new PolicyState({ seed: 1 });

  function isNeverBest(views: TestView[], asked: SelectionRequest): void {
    const scene = { views, nowMs };
    const chooser = pipeline({ affinityKey: 'x', ...asked, policy }, { state });
    for (const _ of numbers(3)) {
      const chosen = views[chooser.choose(scene)];
      expect(chosen?.device.deviceId).not.toBe('broken');
      expect(chooser.rank(scene)[0]?.deviceId).not.toBe('broken');
    }
  }

  it('a broken sensor is never best, among others or alone', () => {
    fc.assert(
      fc.property(
        broken,
        fc.array(sound, { maxLength: 4 }),
        fc.constantFrom('exclude', 'ledger-only', 'allow'),
        (sensed, others, staleness) => {
          const bad = brokenView(sensed);
          expect(bad.sensor).toBe('implausible');
          isNeverBest([bad, ...viewsOf(others)], { staleness });
          isNeverBest([...viewsOf(others), bad], { staleness, minMemoryBytes: 1 });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('a frozen sensor is never best, however good it looks', () => {
    fc.assert(
      fc.property(sound, fc.array(sound, { maxLength: 4 }), (stuck, others) => {
        const bad = view('broken', { ...stuck, sensor: 'frozen', inFlight: 0, leaseCount: 0 });
        isNeverBest([bad, ...viewsOf(others)], {});
      }),
      { numRuns: 100 },
    );
  });

  it('what is not a number neither wins nor keeps others from it, though it is trusted', () => {
    const poisons: ViewChanges[] = [
      { inFlight: NaN },
      { freeMemoryBytes: NaN, inFlight: NaN },
      { latencyMs: NaN, inFlight: NaN },
      { latencyMs: 5, sampled: { computeUtilizationPercent: NaN } },
      { sampled: { computeUtilizationPercent: NaN, memoryUsedBytes: NaN }, freeMemoryBytes: NaN },
    ];
    for (const poison of poisons) {
      const bad = view('bad', poison);
      const good = view('good', { inFlight: 2, leaseCount: 2, latencyMs: 10 });
      const views = [bad, good, view('fresh', { inFlight: 2, leaseCount: 2 })];
      const chooser = pipeline({ policy, sensors: 'trust', minMemoryBytes: 1 });
      const ranking = chooser.rank({ views, nowMs });
      const ranked = ranking.map(({ deviceId }) => deviceId);
      expect(ranked).toEqual(expect.arrayContaining(['good', 'fresh']));
      for (const { cost } of ranking) expect(Number.isFinite(cost)).toBe(true);
    }
  });
});
