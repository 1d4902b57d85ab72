import { describe, expect, it } from 'vitest';
import { metricStates } from '../../../lib/telemetry/describe.js';
import { LiveValues } from '../../../lib/telemetry/live-values.js';
import { monotonicMs } from '../../../lib/telemetry/monotonic.js';
import { FakeBlock, FakeSession, fakeStatusNames } from '../../support/fake-native.js';
import type { FakeReport } from '../../support/fake-report.js';
import { liveParts } from '../../support/live-parts.js';
import { refusal } from '../../support/refusal.js';

const maxAges = { fast: 500, medium: 5000, slow: 25_000 } as const;

function cluster(simulation?: string) {
  const block = new FakeBlock();
  const driver = { libraryPath: '', driverVersion: '', nvmlVersion: '' };
  const marked = { ...driver, ...(simulation !== undefined && { simulation }) };
  const session = new FakeSession({ block, driver: marked });
  const { native, devices, live } = liveParts(session);
  devices.begin(0);
  const maxAgeMs = (tier: keyof typeof maxAges) => maxAges[tier];
  const values = new LiveValues({ native, session, devices, telemetry: live, maxAgeMs });
  const report = (reports: Readonly<Record<string, FakeReport>>) => {
    session.reports.set(0, new Map(Object.entries(reports)));
  };
  const statusIs = (code: (typeof fakeStatusNames)[number]) => {
    block.fail(0, fakeStatusNames.indexOf(code));
  };
  return { block, session, values, report, statusIs };
}

/** A value that was read `ageMs` ago. */
function read(ageMs: number, more: Partial<FakeReport> = {}): FakeReport {
  const knownMs = monotonicMs() - ageMs;
  return { state: 'known', value: 300, knownMs, knownWallMs: 1e12, changedWallMs: 9e11, ...more };
}

describe('describe()', () => {
  const watts = { deviceId: 'GPU-1', metric: 'powerWatts', unit: 'W', invalidCount: 0 } as const;

  it.each(['known', 'estimated'])('gives a value that is %s, with its times', (state) => {
    const { values, report } = cluster();
    report({ powerWatts: read(20, { state, changedMs: 5 }) });
    const description = values.describe('GPU-1', 'powerWatts');
    expect(description).toEqual({
      ...watts,
      state,
      value: 300,
      sampledAtMs: 1e12,
      changedAtMs: 9e11,
      ageMs: expect.any(Number),
    });
    expect(description.ageMs).toBeGreaterThanOrEqual(20);
    expect(description.ageMs).toBeLessThan(500);
  });

  it.each(['unsupported', 'denied', 'invalid', 'unavailable'])(
    'says that it is %s, with what was known before, and never as a value',
    (state) => {
      const { values, report } = cluster();
      report({ powerWatts: { state } });
      expect(values.describe('GPU-1', 'powerWatts')).toEqual({ ...watts, state });
      report({ powerWatts: read(100, { state, invalidCount: 3 }) });
      expect(values.describe('GPU-1', 'powerWatts')).toEqual({
        ...watts,
        state,
        lastKnown: { value: 300, sampledAtMs: 1e12, ageMs: expect.any(Number) },
        invalidCount: 3,
      });
    },
  );

  it('knows nothing of what was not read yet', () => {
    const { values, report } = cluster();
    const nothing = { ...watts, state: 'not-sampled' };
    expect(values.describe('GPU-1', 'powerWatts')).toEqual(nothing);
    report({});
    expect(values.describe('GPU-1', 'powerWatts')).toEqual(nothing);
  });

  it.each([
    ['powerWatts', 450, 550],
    ['videoClockMhz', 4900, 5100],
    ['eccMode', 24_900, 25_100],
  ] as const)('calls %s stale after five periods of its tier', (metric, within, beyond) => {
    const { values, report } = cluster();
    report({ [metric]: read(within) });
    expect(values.describe('GPU-1', metric)).toMatchObject({ state: 'known', value: 300 });
    report({ [metric]: read(beyond) });
    const stale = values.describe('GPU-1', metric);
    expect(stale).toMatchObject({ state: 'stale', lastKnown: { value: 300 } });
    expect(stale).not.toHaveProperty('value');
  });

  it.each([
    ['ERR_GPU_DEVICE_LOST', 'lost'],
    ['ERR_GPU_DRIVER_GONE', 'lost'],
    ['ERR_GPU_DEVICE_HUNG', 'hung'],
    ['ERR_GPU_DEVICE_ASLEEP', 'asleep'],
    ['ERR_GPU_SUSPENDED', 'suspended'],
  ] as const)('after %s: %s, whatever was known a moment ago', (code, state) => {
    const { values, report, statusIs } = cluster();
    report({ powerWatts: read(1), eccMode: { state: 'unsupported' } });
    statusIs(code);
    const description = values.describe('GPU-1', 'powerWatts');
    expect(description).toMatchObject({ state, lastKnown: { value: 300 } });
    expect(description).not.toHaveProperty('value');
    expect(values.describe('GPU-1', 'eccMode').state).toBe(state);
  });

  it.each([
    ['lost', 'lost'],
    ['suspended', 'suspended'],
    ['released', 'asleep'],
  ] as const)('without a driver (%s): %s', (driver, state) => {
    const { session, values, report, statusIs } = cluster();
    report({ powerWatts: read(1) });
    session.driverIs(driver);
    expect(values.describe('GPU-1', 'powerWatts').state).toBe(state);
    statusIs('ERR_GPU_DEVICE_HUNG');
    expect(values.describe('GPU-1', 'powerWatts').state).toBe('hung');
  });

  it('lets each value speak for itself where only some could be read', () => {
    const { values, report, statusIs } = cluster();
    report({ powerWatts: read(1), eccMode: { state: 'denied' } });
    statusIs('ERR_GPU_TRY_AGAIN');
    expect(values.describe('GPU-1', 'powerWatts').state).toBe('known');
    statusIs('ERR_GPU_NO_PERMISSION');
    expect(values.describe('GPU-1', 'eccMode').state).toBe('denied');
  });

  it('marks what a simulated driver made up', () => {
    const { values } = cluster('{}');
    expect(values.describe('GPU-1', 'powerWatts').simulated).toBe(true);
  });

  it.each([['power'], ['simulated'], ['toString'], [undefined], [7]])('refuses %s', (metric) => {
    const { values } = cluster();
    refusal('ERR_GPU_UNKNOWN_METRIC', () => values.describe('GPU-1', metric));
  });

  it('has twelve states', () => {
    expect(new Set(metricStates).size).toBe(12);
  });
});

describe('getDetails()', () => {
  it('has nothing before anything was read', () => {
    const { values, report } = cluster();
    expect(values.details('GPU-1')).toBeUndefined();
    report({ powerWatts: read(1), eccMode: { state: 'unsupported' } });
    expect(values.details('GPU-1')).toBeUndefined();
  });

  it('holds what is known and recent of the slower tiers, and says when', () => {
    const { values, report } = cluster('{}');
    report({
      powerWatts: read(1),
      videoClockMhz: read(10, { value: 1500, knownWallMs: 1e12 + 7 }),
      recoveryAction: read(20_000, { value: 1 }),
      eccMode: read(3000, { value: 1 }),
      persistenceMode: { state: 'denied' },
      pcieTransmitBytes: read(30, { state: 'estimated', value: 5 }),
    });
    const details = values.details('GPU-1');
    expect(details).toEqual({
      deviceId: 'GPU-1',
      timestampMs: 1e12 + 7,
      ageMs: expect.any(Number),
      videoClockMhz: 1500,
      eccMode: 1,
      pcieTransmitBytes: 5,
      estimated: ['pcieTransmitBytes'],
      simulated: true,
    });
    expect(details?.ageMs).toBeLessThan(3000);
  });

  it('lists fans, links and processes as the driver has them', () => {
    const { session, values } = cluster();
    session.details.set(0, {
      monotonicMs: monotonicMs() - 40,
      timestampMs: 1e12,
      fans: [{ speedPercent: 30 }],
      links: [{ active: 1, version: 4 }, { active: 0 }, {}],
      processes: [
        { pid: 4, kinds: 1, memoryBytes: 2048 },
        { pid: 5, kinds: 3, gpuInstanceId: 1 },
      ],
      processesLeftOut: 2,
      processRecordBytes: 24,
    });
    expect(values.details('GPU-1')).toEqual({
      deviceId: 'GPU-1',
      timestampMs: 1e12,
      ageMs: expect.any(Number),
      fans: [{ speedPercent: 30 }],
      nvlinks: [{ active: true, version: 4 }, { active: false }, {}],
      processes: [
        { pid: 4, kinds: ['compute'], memoryBytes: 2048 },
        { pid: 5, kinds: ['compute', 'graphics'], gpuInstanceId: 1 },
      ],
      processRecordBytes: 24,
      processesLeftOut: 2,
    });
  });

  it('has no list that the driver does not give', () => {
    const { session, values } = cluster();
    const detail = { monotonicMs: monotonicMs(), timestampMs: 1e12, processesLeftOut: 0 };
    session.details.set(0, detail);
    expect(Object.keys(values.details('GPU-1') ?? {})).toEqual([
      'deviceId',
      'timestampMs',
      'ageMs',
    ]);
  });

  it('ages, and holds nothing of a device that is gone or was not read for long', () => {
    const { session, values, report, statusIs } = cluster();
    const detail = { timestampMs: 1e12, fans: [], processesLeftOut: 0 };
    report({ eccMode: read(30_000, { value: 1 }) });
    session.details.set(0, { ...detail, monotonicMs: monotonicMs() - 30_000 });
    const empty = { deviceId: 'GPU-1', timestampMs: 1e12, ageMs: expect.any(Number) };
    expect(values.details('GPU-1')).toEqual(empty);
    report({ eccMode: read(10, { value: 1 }) });
    session.details.set(0, { ...detail, monotonicMs: monotonicMs() });
    expect(values.details('GPU-1')).toMatchObject({ eccMode: 1, fans: [] });
    statusIs('ERR_GPU_DEVICE_LOST');
    expect(values.details('GPU-1')).toEqual(empty);
  });
});

describe('getSeries()', () => {
  const records = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => {
      const sequence = from + index;
      return [sequence, 1000 + sequence, sequence / 2, sequence % 2];
    });

  it('reads all there is, each value at its own time, from page to page', () => {
    const { session, values } = cluster('{}');
    session.series.set('0 1', records(11, 9000));
    const series = values.series('GPU-1', 'powerWatts', undefined);
    expect(series).toMatchObject({ unit: 'W', next: 9001, lost: 0, simulated: true });
    expect(series.timestampsMs).toHaveLength(8990);
    expect(Array.from(series.timestampsMs.slice(0, 2))).toEqual([1011, 1012]);
    expect(Array.from(series.values.slice(0, 2))).toEqual([5.5, 6]);
    expect(Array.from(series.polled.slice(0, 3))).toEqual([1, 0, 1]);
    expect(series.values.at(-1)).toBe(4500);
  });

  it('goes on where the last one ended, and tells what was overwritten meanwhile', () => {
    const { session, values } = cluster();
    session.series.set('0 0', records(1, 5));
    const { next } = values.series('GPU-1', 'computeUtilizationPercent', { from: 3 });
    expect(next).toBe(6);
    const nothing = values.series('GPU-1', 'computeUtilizationPercent', { from: next });
    expect(nothing).toMatchObject({ next: 6, lost: 0, values: new Float64Array() });
    session.series.set('0 0', [...records(9, 10), ...records(13, 13)]);
    const gap = values.series('GPU-1', 'computeUtilizationPercent', { from: next });
    expect(gap).toMatchObject({ next: 14, lost: 5 });
    expect(Array.from(gap.timestampsMs)).toEqual([1009, 1010, 1013]);
  });

  it('gives the newest ones, which loses none', () => {
    const { session, values } = cluster();
    session.series.set('0 1', records(1, 50));
    const series = values.series('GPU-1', 'powerWatts', { last: 2 });
    expect(series).toMatchObject({ next: 51, lost: 0 });
    expect(Array.from(series.values)).toEqual([24.5, 25]);
  });

  it('is empty where the driver measured nothing', () => {
    const { values } = cluster();
    const series = values.series('GPU-1', 'powerWatts', { from: 7 });
    expect(series).toMatchObject({ next: 7, lost: 0, polled: new Uint8Array() });
  });

  it('refuses metrics without a buffer and options that cannot be', () => {
    const { values } = cluster();
    const read = (metric: string, options?: unknown) => () => {
      values.series('GPU-1', metric, options);
    };
    expect(refusal('ERR_GPU_UNKNOWN_METRIC', read('energyJoules'))).toContain('powerWatts');
    refusal('ERR_GPU_UNKNOWN_METRIC', read('nothing'));
    refusal('ERR_GPU_OUT_OF_RANGE', read('powerWatts', { from: 0 }));
    refusal('ERR_GPU_OUT_OF_RANGE', read('powerWatts', { last: 1.5 }));
    refusal('ERR_GPU_INVALID_TYPE', read('powerWatts', { last: '3' }));
    refusal('ERR_GPU_UNKNOWN_OPTION', read('powerWatts', { first: 1 }));
  });
});

describe('getTopology()', () => {
  it('says how each device hangs together with each', () => {
    const block = new FakeBlock();
    const devices = [0, 1, 2].map((index) => ({ uuid: `GPU-${index}`, name: '', index }));
    const session = new FakeSession({ block, devices });
    const parts = liveParts(session);
    parts.devices.begin(0);
    const maxAgeMs = () => 500;
    const { native, devices: current, live: telemetry } = parts;
    const values = new LiveValues({ native, session, devices: current, telemetry, maxAgeMs });
    const self = { link: 0, nvlinkCount: 0 };
    const near = { link: 1, nvlinkCount: 18, peerAccess: true };
    const far = { link: 2, nvlinkCount: 0, peerAccess: false };
    session.links = [self, near, far, near, self, self, far, self, self];
    const [to, away] = [
      { link: 'nvlink', nvlinkCount: 18, peerAccess: true },
      { link: 'system', nvlinkCount: 0, peerAccess: false },
    ];
    expect(values.topology()).toEqual({
      deviceIds: ['GPU-0', 'GPU-1', 'GPU-2'],
      links: [
        [{ link: 'self' }, to, away],
        [to, { link: 'self' }, {}],
        [away, {}, { link: 'self' }],
      ],
    });
  });
});
