import { describe, expect, it } from 'vitest';
import { BlockReader } from '../../../lib/telemetry/block.js';
import { LiveTelemetry } from '../../../lib/telemetry/live.js';
import { openLive } from '../../../lib/telemetry/open.js';
import { FakeBlock, FakeNative, FakeSession, fakeLayout } from '../../support/fake-native.js';

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
    expect([...(reads.row(1) ?? [])].slice(2)).toEqual([7, 100, 200, 33, Number.NaN]);
  });

  it('has nothing of a row that was never polled, or polled without a sample', () => {
    const { block, reader: reads } = reader();
    expect(reads.row(0)).toBeUndefined();
    expect(reads.status(0)).toBeUndefined();
    block.publish(0, [0, 0, 0, 0, 0]);
    expect(reads.row(0)).toBeUndefined();
    expect(reads.status(0)).toBe(0);
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
    const session = new FakeSession({ block });
    const rows = new Map([['GPU-1', 0]]);
    const native = new FakeNative(session);
    return {
      block,
      live: new LiveTelemetry({ native, session, rows, simulated, maxHistory: 5 }),
    };
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

  it('knows nothing of a device that it does not watch', () => {
    const { live } = telemetry(false);
    expect(live.getMetrics('GPU-2')).toBeUndefined();
    expect(live.getMetricsHistory('GPU-2')).toEqual([]);
  });
});

describe('openLive', () => {
  it('waits for the driver, watches the devices and closes its session', async () => {
    const block = new FakeBlock();
    block.publish(0, [1, nowMs(), 1, 2, 3]);
    const session = new FakeSession({ block, states: ['opening', 'opening', 'running'] });
    const opened = await openLive({ libraryPath: 'some.so' }, new FakeNative(session));
    expect([...opened.devices.keys()]).toEqual(['GPU-1']);
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
    const block = new FakeBlock();
    block.publish(0, [1, nowMs(), 1, 2, 3]);
    const session = new FakeSession({ block });
    const opened = await openLive({}, new FakeNative(session));
    expect(opened.devices.get('GPU-1')).toEqual({
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
