import { describe, expect, it, vi } from 'vitest';
import { BlockReader } from '../../../lib/telemetry/block.js';
import { openLive } from '../../../lib/telemetry/open.js';
import {
  FakeBlock,
  FakeNative,
  FakeSession,
  fakeLayout,
  fakeValueStates,
} from '../../support/fake-native.js';
import { liveParts } from '../../support/live-parts.js';

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

describe.each([
  ['in place', false],
  ['by native calls', true],
])('BlockReader, %s', (_, refuseExternal) => {
  function reader() {
    const block = new FakeBlock();
    return {
      block,
      reader: new BlockReader(new FakeSession({ block, refuseExternal }), fakeLayout),
    };
  }

  it('reads a published row whole', () => {
    const { block, reader: reads } = reader();
    block.publish(1, [7, 100, 200, 33, Number.NaN]);
    expect([...(reads.row(1) ?? [])].slice(2)).toEqual([7, 100, 200, 0, 33, Number.NaN]);
  });

  it('has nothing of a row that was never polled, or polled without a sample', () => {
    const { block, reader: reads } = reader();
    expect(reads.row(0)).toBeUndefined();
    expect(reads.status(0)).toBeUndefined();
    block.publish(0, [0, 0, 0, 0, 0]);
    expect(reads.row(0)).toBeUndefined();
    expect(reads.status(0)).toBe(0);
  });

  it('tells one write of a row from the next', () => {
    const { block, reader: reads } = reader();
    expect(reads.version(0)).toBe(0);
    block.publish(0, [1, 2, 3, 4, 5]);
    const first = reads.version(0);
    block.publish(0, [1, 2, 3, 4, 5]);
    expect(first).toBeGreaterThan(0);
    expect(reads.version(0)).toBeGreaterThan(first);
  });

  it('reads a row again after every write of it, and of no other', () => {
    const { block, reader: reads } = reader();
    block.publish(0, [1, 10, 20, 30, 40]);
    block.publish(1, [2, 11, 21, 31, 41]);
    expect([...(reads.row(0) ?? [])].slice(2, 5)).toEqual([1, 10, 20]);
    expect([...(reads.row(1) ?? [])].slice(2, 5)).toEqual([2, 11, 21]);
    expect([...(reads.row(0) ?? [])].slice(2, 5)).toEqual([1, 10, 20]);
    block.publish(0, [3, 12, 22, 32, 42], 5);
    expect([...(reads.row(1) ?? [])].slice(2, 5)).toEqual([2, 11, 21]);
    expect(reads.estimated()).toBe(0);
    expect([...(reads.row(0) ?? [])].slice(2, 5)).toEqual([3, 12, 22]);
    expect(reads.estimated()).toBe(5);
  });

  it('gives no copy that it keeps while the row is being written', () => {
    const { block, reader: reads } = reader();
    block.publish(0, [1, 2, 3, 4, 5]);
    expect(reads.row(0)).toBeDefined();
    block.beginWrite(0);
    expect(reads.row(0)).toBeUndefined();
  });

  it('gives up on a writer that never ends, rather than spin for ever', () => {
    const { block, reader: reads } = reader();
    block.publish(0, [1, 2, 3, 4, 5]);
    block.beginWrite(0);
    expect(reads.row(0)).toBeUndefined();
  });

  it('reads counts beyond 32 bits and doubles', () => {
    const { block, reader: reads } = reader();
    block.integers[fakeLayout.roundsWord] = 2n ** 40n + 3n;
    block.doubles[fakeLayout.periodMsWord] = 12.5;
    expect(reads.count(fakeLayout.roundsWord)).toBe(2 ** 40 + 3);
    expect(reads.double(fakeLayout.periodMsWord)).toBe(12.5);
  });
});

describe('LiveTelemetry', () => {
  function telemetry(simulated: boolean) {
    const block = new FakeBlock();
    const simulation = simulated ? { simulation: '{}' } : {};
    const driver = { libraryPath: '', driverVersion: '', nvmlVersion: '', ...simulation };
    const session = new FakeSession({ block, driver });
    const { live, devices } = liveParts(session);
    devices.begin(0);
    return { block, session, live, devices };
  }

  it('leaves an unknown value out and counts age from the start of the reading', () => {
    const { block, live } = telemetry(false);
    block.publish(0, [1, nowMs() - 50, 1_700_000_000_000, Number.NaN, 250.5]);
    const sample = live.getMetrics('GPU-1');
    expect(sample).toEqual({
      deviceId: 'GPU-1',
      timestampMs: 1_700_000_000_000,
      ageMs: expect.any(Number),
      powerWatts: 250.5,
    });
    expect(sample?.ageMs).toBeGreaterThanOrEqual(50);
    expect(sample?.ageMs).toBeLessThan(1000);
  });

  it('labels what a simulated driver made up', () => {
    const { block, live } = telemetry(true);
    block.publish(0, [1, nowMs(), 1, 2, 3]);
    expect(live.getMetrics('GPU-1')?.simulated).toBe(true);
  });

  it('says which values were worked out, in a sample and in the history', () => {
    const { block, session, live } = telemetry(false);
    block.publish(0, [2, nowMs(), 1, 2, 3], 0b10);
    expect(live.getMetrics('GPU-1')).toMatchObject({ powerWatts: 3, estimated: ['powerWatts'] });
    const [known, estimated] = ['known', 'estimated'].map((state) =>
      fakeValueStates.indexOf(state),
    );
    session.histories.set('0 0', [
      [1, nowMs(), 10, 4, 5, Number(known), Number(known)],
      [2, nowMs(), 20, Number.NaN, 7, 0, Number(estimated)],
    ]);
    expect(live.getMetricsHistory('GPU-1')).toEqual([
      {
        deviceId: 'GPU-1',
        timestampMs: 10,
        ageMs: expect.any(Number),
        computeUtilizationPercent: 4,
        powerWatts: 5,
      },
      {
        deviceId: 'GPU-1',
        timestampMs: 20,
        ageMs: expect.any(Number),
        powerWatts: 7,
        estimated: ['powerWatts'],
      },
    ]);
  });

  it('keeps to its own share of a longer history', () => {
    const { block, session, live } = telemetry(false);
    block.publish(0, [9, nowMs(), 1, 2, 3]);
    const records = Array.from({ length: 9 }, (_, index) => [index + 1, 1, index, 2, 3, 1, 1]);
    session.histories.set('0 0', records);
    const history = live.getMetricsHistory('GPU-1');
    expect(history.map(({ timestampMs }) => timestampMs)).toEqual([4, 5, 6, 7, 8]);
  });

  it('reads the latest sample without a native call', () => {
    const { block, session, live, devices } = telemetry(false);
    block.publish(0, [1, nowMs(), 1, 2, 3]);
    session.calls.length = 0;
    expect(devices.current.has('GPU-1')).toBe(true);
    expect(live.getMetrics('GPU-1')).toBeDefined();
    expect([live.driverState(), live.getFailure('GPU-1')]).toEqual(['serving', undefined]);
    expect(session.calls).toEqual([]);
  });

  it('gives an object of its own at every call, as old as it is then', () => {
    const { block, live } = telemetry(false);
    block.publish(0, [1, nowMs() - 50, 1, 2, 3]);
    const first = live.getMetrics('GPU-1');
    const startMs = nowMs();
    while (nowMs() - startMs < 2);
    Object.assign(first as object, { powerWatts: 0 });
    const second = live.getMetrics('GPU-1');
    expect(second).toMatchObject({ computeUtilizationPercent: 2, powerWatts: 3 });
    expect(Number(second?.ageMs) - Number(first?.ageMs)).toBeGreaterThanOrEqual(2);
    block.publish(0, [2, nowMs(), 1, Number.NaN, 4]);
    expect(live.getMetrics('GPU-1')).toEqual({
      deviceId: 'GPU-1',
      timestampMs: 1,
      ageMs: expect.any(Number),
      powerWatts: 4,
    });
    block.beginWrite(0);
    expect(live.getMetrics('GPU-1')).toBeUndefined();
  });

  it('finds each device in whatever order they are asked for, also when rows change hands', () => {
    const { block, session, live, devices } = telemetry(false);
    const gpus = [0, 1, 2].map((row) => ({ uuid: `GPU-${row}`, name: '', index: row, row }));
    session.list(gpus);
    expect(devices.current.size).toBe(3);
    const publish = (turn: number) => {
      for (const row of [0, 1, 2]) block.publish(row, [turn, nowMs(), 1, turn, 100 * row]);
    };
    const power = (deviceId: string) => live.getMetrics(deviceId)?.powerWatts;
    for (const turn of [1, 2, 3]) {
      publish(turn);
      for (const row of [0, 1, 2, 0, 1, 2, 2, 1, 0, 0, 2])
        expect(power(`GPU-${row}`)).toBe(100 * row);
    }
    session.list([
      { ...gpus[0], uuid: 'GPU-0', row: 1 } as (typeof gpus)[0],
      { uuid: 'GPU-9', name: '', index: 1, row: 0 },
    ]);
    expect([0, 1, 2, 9].map((row) => power(`GPU-${row}`))).toEqual([100, undefined, undefined, 0]);
  });

  it('lists the sample of each device that has one, all as of one time', () => {
    const { block, session, live } = telemetry(true);
    const gpus = [0, 1, 2].map((row) => ({ uuid: `GPU-${row}`, name: '', index: row, row }));
    session.list(gpus);
    block.publish(2, [1, nowMs() - 30, 1, 20, 200]);
    block.publish(0, [1, nowMs() - 30, 1, Number.NaN, 100], 0b10);
    const told = () => live.listMetrics().map(({ deviceId, powerWatts }) => [deviceId, powerWatts]);
    for (let times = 0; times < 2; times++) {
      const samples = live.listMetrics();
      const ages = samples.map(({ ageMs = Number.NaN }) => ageMs);
      for (const age of ages) expect(age).toBeGreaterThanOrEqual(30);
      expect(samples).toEqual(
        ['GPU-0', 'GPU-2'].map((deviceId) => ({
          ...live.getMetrics(deviceId),
          ageMs: expect.any(Number),
        })),
      );
      Object.assign(samples[0] as object, { powerWatts: -1 });
    }
    expect(told()).toEqual([
      ['GPU-0', 100],
      ['GPU-2', 200],
    ]);
    block.publish(1, [1, nowMs(), 1, 20, 150]);
    block.publish(2, [2, nowMs(), 1, 20, 201]);
    expect(told().map(([, power]) => power)).toEqual([100, 150, 201]);
    session.list([{ ...gpus[2], row: 0, uuid: 'GPU-9', name: '', index: 0 }]);
    expect(told()).toEqual([['GPU-9', 100]]);
    block.beginWrite(0);
    expect(told()).toEqual([]);
  });

  it('lists nothing under who had the row before, when another look took the list over', () => {
    const { block, session, live, devices } = telemetry(true);
    session.list([{ uuid: 'GPU-A', name: '', index: 0, row: 0 }]);
    block.publish(0, [1, nowMs(), 1, 20, 100]);
    const told = () => live.listMetrics().map(({ deviceId, powerWatts }) => [deviceId, powerWatts]);
    expect(told()).toEqual([['GPU-A', 100]]);
    session.list([{ uuid: 'GPU-B', name: '', index: 0, row: 0 }]);
    block.publish(0, [1, nowMs(), 1, 20, 99]);
    expect([...devices.current.keys()]).toEqual(['GPU-B']);
    expect(told()).toEqual([['GPU-B', 99]]);
    expect(live.getMetrics('GPU-B')?.deviceId).toBe('GPU-B');
    expect(live.getMetrics('GPU-A')).toBeUndefined();
  });

  it('keeps its clock when fake timers take the process over', () => {
    const { block, live } = telemetry(false);
    block.publish(0, [1, nowMs() - 5000, 1, 2, 3]);
    vi.useFakeTimers({ toFake: ['hrtime', 'performance', 'Date'], now: 0 });
    try {
      expect(live.getMetrics('GPU-1')?.ageMs).toBeGreaterThan(4000);
    } finally {
      vi.useRealTimers();
    }
  });

  it('counts the deadlines of a round that hangs', () => {
    const { block, live } = telemetry(false);
    block.integers[fakeLayout.roundsWord] = 7n;
    block.integers[fakeLayout.missedDeadlinesWord] = 3n;
    block.doubles[fakeLayout.periodMsWord] = 10;
    block.doubles[fakeLayout.roundLengthMsWord] = 2;
    block.doubles[fakeLayout.roundStartMsWord] = nowMs() - 8;
    expect(live.pace()).toEqual({ rounds: 7, roundLengthMs: 2, missedDeadlines: 3, periodMs: 10 });
    block.doubles[fakeLayout.roundStartMsWord] = nowMs() - 1000;
    expect(live.pace().missedDeadlines).toBeGreaterThanOrEqual(3 + 98);
  });

  it.each(['lost', 'suspended', 'released'] as const)(
    'counts no deadlines while there is no driver: %s',
    (state) => {
      const { block, session, live } = telemetry(false);
      block.integers[fakeLayout.roundsWord] = 7n;
      block.doubles[fakeLayout.periodMsWord] = 10;
      block.doubles[fakeLayout.roundStartMsWord] = nowMs() - 1000;
      session.driverIs(state);
      expect(live.pace().missedDeadlines).toBe(0);
    },
  );

  it('says why the latest reading failed', () => {
    const { block, live } = telemetry(false);
    block.publish(0, [1, nowMs(), 1, 2, 3]);
    expect(live.getFailure('GPU-1')).toBeUndefined();
    block.fail(0, 1);
    expect(live.getFailure('GPU-1')).toBe('ERR_GPU_DEVICE_LOST');
  });

  it('knows nothing of a device that it does not watch', () => {
    const { live } = telemetry(false);
    expect(live.getMetrics('GPU-2')).toBeUndefined();
    expect(live.getMetricsHistory('GPU-2')).toEqual([]);
  });
});

describe('openLive', () => {
  it('waits for the driver, watches the devices and closes its session', async () => {
    const session = new FakeSession({
      block: new FakeBlock(),
      states: ['opening', 'opening', 'running'],
      firstSample: [1, nowMs(), 1, 2, 3],
    });
    const opened = await openLive({ libraryPath: 'some.so' }, new FakeNative(session));
    expect([...opened.devices().keys()]).toEqual(['GPU-1']);
    expect(session.watched).toEqual([0]);
    await opened.close();
    expect(session.isClosed).toBe(true);
  });

  it('hands its options on to the sampler, and what follows from them to the cluster', async () => {
    const session = new FakeSession({
      block: new FakeBlock(),
      firstSample: [1, nowMs() - 4000, 1, 2, 3],
    });
    const native = new FakeNative(session);
    const opened = await openLive({ lowPower: { idleMs: 500 }, hangTimeoutMs: 700 }, native);
    expect(native.opened).toMatchObject({ hangTimeoutMs: 700, idleReleaseMs: 500, periodMs: 100 });
    expect(opened.defaultMaxAgeMs()).toBe(500);
    const report = (key: string) => {
      const known = { state: 'known', value: 1, knownMs: nowMs() - 4000 };
      session.reports.set(0, new Map([[key, known]]));
      return opened.values.describe('GPU-1', key).state;
    };
    expect(report('powerWatts')).toBe('stale');
    expect(report('videoClockMhz')).toBe('known');
    expect(report('eccMode')).toBe('known');
  });

  it('says how the driver does', async () => {
    const block = new FakeBlock();
    const session = new FakeSession({ block, firstSample: [1, nowMs(), 1, 2, 3] });
    const opened = await openLive({}, new FakeNative(session));
    expect(opened.status()).toMatchObject({ driver: 'serving', driverVersion: '1.2', failing: [] });
    session.driverIs('lost');
    block.fail(0, 5);
    session.currentDriver = { ...session.currentDriver, driverVersion: '2.0' };
    session.list([{ uuid: 'GPU-1', name: 'fake', index: 0 }]);
    expect(opened.status()).toMatchObject({
      driver: 'lost',
      driverVersion: '2.0',
      failing: [{ deviceId: 'GPU-1', code: 'ERR_GPU_DRIVER_GONE' }],
    });
  });

  it('refuses a history that cannot fit, before it opens anything', async () => {
    const native = new FakeNative(new FakeSession({ block: new FakeBlock() }));
    const most = 2 ** 30 / native.sampleBytes;
    await expect(openLive({ maxHistory: most + 1 }, native)).rejects.toMatchObject({
      code: 'ERR_GPU_OUT_OF_RANGE',
      message: expect.stringContaining(`at most ${most} samples`),
    });
    expect(native.opened).toBeUndefined();
  });

  it('turns a native failure into an error with code, hint and driver return', async () => {
    const failure = {
      code: 'ERR_GPU_DRIVER_MISMATCH',
      message: 'differs',
      hint: 'reboot',
      nvmlReturn: 18,
    };
    const session = new FakeSession({ block: new FakeBlock(), states: ['failed'], failure });
    await expect(openLive({}, new FakeNative(session))).rejects.toMatchObject({
      name: 'GPUError',
      ...failure,
    });
    expect(session.isClosed).toBe(true);
  });

  it('describes a device with unknown memory as such', async () => {
    const session = new FakeSession({
      block: new FakeBlock(),
      firstSample: [1, nowMs(), 1, 2, 3],
    });
    const opened = await openLive({}, new FakeNative(session));
    expect(opened.devices().get('GPU-1')).toEqual({
      deviceId: 'GPU-1',
      name: 'fake',
      vendor: 'nvidia',
      backend: 'cuda',
      memoryBytes: 0,
      memoryUnknown: true,
      index: 0,
      cudaIndex: 0,
      driverVersion: '1.2',
    });
  });
});
