import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import type { WatchedWindow } from '../../../lib/aggregation/watched-window.js';
import { untyped } from '../../support/cluster.js';
import type { FakeWatchedWindow } from '../../support/fake-aggregation.js';
import { fakeMetricKeys } from '../../support/fake-native.js';
import { type LiveWindows, liveWindows, twoDevices } from '../../support/live-windows.js';
import { refusal } from '../../support/refusal.js';

const options = { windowMs: 1000, metrics: ['powerWatts', 'computeUtilizationPercent'] } as const;
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

type Key = (typeof options.metrics)[number];

interface Watching extends LiveWindows {
  readonly window: WatchedWindow<Key>;
  readonly board: FakeWatchedWindow;
}

function watching({ refusesExternal = false } = {}): Watching {
  const parts = liveWindows();
  parts.native.refusesExternal = refusesExternal;
  const window = parts.manager.watchWindow({ ...options, percentiles: [95] });
  const [board] = parts.native.windows;
  if (board === undefined) throw new Error('no window was asked for');
  return { ...parts, window, board };
}

const record = { count: 2, coveredMs: 500, mean: 7, fromMs: 100, toMs: 1100, percentiles: [8] };

describe.each([false, true])(
  'a watched window (external memory refused: %s)',
  (refusesExternal) => {
    it('gives the record of a device and metric, the same object until the next one', () => {
      const { window, board } = watching({ refusesExternal });
      expect(window.read('GPU-1', 'powerWatts')).toBeUndefined();
      board.publish(1, 0, record);
      const read = window.reader('GPU-1', 'powerWatts');
      const first = read();
      expect(first).toStrictEqual({
        metric: 'powerWatts',
        unit: 'W',
        count: 2,
        unknownCount: 0,
        coverage: 0.5,
        fromMs: 100,
        toMs: 1100,
        mean: 7,
        percentiles: { 95: 8 },
      });
      expect(Object.isFrozen(first)).toBe(true);
      expect(read()).toBe(first);
      expect(window.read('GPU-1', 'powerWatts')).toBe(first);
      expect(window.read('GPU-0', 'powerWatts')).toBeUndefined();
      board.publish(1, 0, { ...record, mean: 9 });
      expect(read()).toMatchObject({ mean: 9 });
      board.publish(1, 1, { ...record, mean: 3 });
      expect(window.read('GPU-1', 'computeUtilizationPercent')).toMatchObject({
        mean: 3,
        unit: '%',
      });
    });

    it('has nothing of a row that was cleared for another device', () => {
      const { window, board } = watching({ refusesExternal });
      board.publish(0, 0, record);
      expect(window.read('GPU-0', 'powerWatts')).toBeDefined();
      board.publish(0, 0, {});
      expect(window.read('GPU-0', 'powerWatts')).toBeUndefined();
      expect(window.read('GPU-0', 'powerWatts')).toBeUndefined();
    });

    it('serves devices that come later, and those that move to other rows', () => {
      const { window, board, session, manager } = watching({ refusesExternal });
      const [first] = twoDevices;
      const read = window.reader('GPU-0', 'powerWatts');
      board.publish(0, 0, record);
      expect(read()).toMatchObject({ mean: 7 });
      board.publish(5, 0, { ...record, mean: 5 });
      board.publish(6, 0, { ...record, mean: 6 });
      session.list([
        { uuid: 'GPU-9', name: 'fake', index: 1, row: 5 },
        { ...first, row: 6 } as never,
      ]);
      manager.listDevices();
      expect(read()).toMatchObject({ mean: 6 });
      expect(window.read('GPU-9', 'powerWatts')).toMatchObject({ mean: 5 });
    });

    it("notices at once that its row is another device's", () => {
      const { window, board, session } = watching({ refusesExternal });
      const read = window.reader('GPU-0', 'powerWatts');
      board.publish(0, 0, record);
      expect(read()).toMatchObject({ mean: 7 });
      session.list([{ uuid: 'GPU-9', name: 'fake', index: 0, row: 0 }]);
      board.publish(0, 0, { ...record, mean: 9 });
      expect(read()).toBeUndefined();
      expect(window.read('GPU-9', 'powerWatts')).toMatchObject({ mean: 9 });
    });

    it('has nothing of a device that is not there, and has it again when it is back', () => {
      const { window, board, session, manager } = watching({ refusesExternal });
      const read = window.reader('GPU-0', 'powerWatts');
      board.publish(0, 0, record);
      expect(read()).toBeDefined();
      session.list(twoDevices.slice(1));
      manager.listDevices();
      expect(read()).toBeUndefined();
      refusal('ERR_GPU_UNKNOWN_DEVICE', () => window.read('GPU-0', 'powerWatts'));
      session.list(twoDevices);
      manager.listDevices();
      expect(read()).toMatchObject({ mean: 7 });
    });

    it('refuses reading once it or its cluster was closed', async () => {
      const { window, board, manager } = watching({ refusesExternal });
      const other = manager.watchWindow(options);
      const readers = [window, other].map((one) => one.reader('GPU-0', 'powerWatts'));
      window.close();
      window.close();
      expect(board.isClosed).toBe(true);
      refusal('ERR_GPU_CLOSED', () => readers[0]?.());
      refusal('ERR_GPU_CLOSED', () => window.read('GPU-0', 'powerWatts'));
      refusal('ERR_GPU_CLOSED', () => window.reader('GPU-0', 'powerWatts'));
      expect(readers[1]?.()).toBeUndefined();
      await manager.shutdown();
      refusal('ERR_GPU_CLOSED', () => readers[1]?.());
      refusal('ERR_GPU_CLOSED', () => other.read('GPU-0', 'powerWatts'));
    });
  },
);

describe('a watched window', () => {
  it('crosses into native code only where memory cannot be looked at', () => {
    const { window, board, session } = watching();
    const read = window.reader('GPU-0', 'powerWatts');
    board.publish(0, 0, record);
    const before = session.calls.length;
    for (let times = 0; times < 5; times++) expect(read()).toBeDefined();
    expect([board.reads, session.calls.length - before]).toEqual([0, 0]);
    board.beginWrite(0, 0);
    expect(read()).toBeUndefined();
    expect(board.reads).toBe(1);
  });

  it('asks for what it was asked, without percentiles where none were named', () => {
    const { manager, native } = liveWindows();
    using window = manager.watchWindow({ ...options, ewmaMs: 5 });
    const [board] = native.windows;
    const metrics = options.metrics.map((key) => fakeMetricKeys.indexOf(key));
    expect(board?.asked).toMatchObject({ metrics, windowMs: 1000, linear: false, ewmaMs: 5 });
    expect(board?.asked.percentiles).toHaveLength(0);
    expect(window.read('GPU-0', 'powerWatts')).toBeUndefined();
  });

  it('is closed at the end of its block', () => {
    const { manager, native } = liveWindows();
    {
      using window = manager.watchWindow(options);
      expect(window.read('GPU-0', 'powerWatts')).toBeUndefined();
    }
    expect(native.windows[0]?.isClosed).toBe(true);
  });

  it('ends once nobody holds it, and not while a reader does', async () => {
    const { manager, native } = liveWindows();
    let read: (() => unknown) | undefined;
    (() => {
      read = manager.watchWindow(options).reader('GPU-0', 'powerWatts');
      manager.watchWindow(options);
    })();
    const [held, forgotten] = native.windows;
    await vi.waitFor(
      () => {
        collectGarbage();
        expect(forgotten?.isClosed).toBe(true);
      },
      { timeout: 10_000, interval: 5 },
    );
    expect(read?.()).toBeUndefined();
    expect(held?.isClosed).toBe(false);
  });

  it('has a length, metrics, and no more to look at than it can keep up with', () => {
    const { manager, native } = liveWindows();
    const refused = (code: Parameters<typeof refusal>[0], given: object) =>
      refusal(code, () => manager.watchWindow(untyped({ ...options, ...given })));
    for (const windowMs of [0, -1, NaN, Infinity]) refused('ERR_GPU_OUT_OF_RANGE', { windowMs });
    refused('ERR_GPU_INVALID_TYPE', { windowMs: undefined });
    refused('ERR_GPU_INVALID_TYPE', { metrics: undefined });
    refused('ERR_GPU_OUT_OF_RANGE', { metrics: [] });
    refused('ERR_GPU_UNKNOWN_METRIC', { metrics: ['watts'] });
    refused('ERR_GPU_UNKNOWN_OPTION', { last: 5 });
    const windowMs = 655_360.001;
    expect(refused('ERR_GPU_OUT_OF_RANGE', { windowMs, percentiles: [50] })).toBe(
      'options.windowMs: expected at most 655360 with percentiles (65536 periods), got 655360.001',
    );
    expect(refused('ERR_GPU_OUT_OF_RANGE', { windowMs, ewmaMs: 15_604 })).toBe(
      'options.windowMs: expected at most 655360 with ewmaMs 15604 (65536 periods), got 655360.001',
    );
    manager.watchWindow({ ...options, windowMs, ewmaMs: 15_603 });
    manager.watchWindow({ ...options, windowMs: 655_360, ewmaMs: 15_604 });
    native.refusesWindows = true;
    expect(refused('ERR_GPU_OUT_OF_RANGE', {})).toContain('memory');
  });

  it('knows its own metrics only', () => {
    const { window } = watching();
    const message = refusal('ERR_GPU_UNKNOWN_METRIC', () => window.read('GPU-0', untyped('watts')));
    expect(message).toBe(
      'metric: expected one of powerWatts, computeUtilizationPercent, got "watts"',
    );
    refusal('ERR_GPU_UNKNOWN_METRIC', () => window.reader('GPU-0', untyped('smActivityPercent')));
    refusal('ERR_GPU_UNKNOWN_DEVICE', () => window.reader('GPU-7', 'powerWatts'));
    refusal('ERR_GPU_INVALID_TYPE', () => window.read(untyped(7), 'powerWatts'));
  });
});
