import { describe, expect, it, vi } from 'vitest';
import { BlockReader } from '../../../lib/telemetry/block.js';
import { openLive } from '../../../lib/telemetry/open.js';
import { FakeBlock, FakeNative, FakeSession, fakeLayout } from '../../support/fake-native.js';
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
