import { afterEach, describe, expect, it } from 'vitest';
import { monotonicMs } from '../../../lib/telemetry/monotonic.js';
import { until } from '../../../lib/telemetry/until.js';
import { twoGpus } from '../../support/hub-host.js';
import { LiveBoard, type LiveBoardOptions } from '../../support/live-board.js';

const boards: LiveBoard[] = [];

function live(options?: LiveBoardOptions): LiveBoard {
  const made = new LiveBoard(options);
  boards.push(made);
  return made;
}

afterEach(() => {
  for (const made of boards.splice(0)) made.close();
});

/** GPU-0 is the better one. */
function two(options?: LiveBoardOptions): LiveBoard {
  const made = live(options);
  made.publish(0, 10);
  made.publish(1, 20);
  expect(made.board.best()).toBe('GPU-0');
  return made;
}

describe('a board over a live cluster', () => {
  it('goes by each sample as it comes', () => {
    const { board, ...made } = two();
    boards[0]?.publish(0, 30);
    expect(board.best()).toBe('GPU-1');
    boards[0]?.publish(1, 31);
    expect(board.best()).toBe('GPU-0');
    expect(board.views[1]?.metrics).toMatchObject({ computeUtilizationPercent: 31 });
    expect(made.host.session.isClosed).toBe(false);
  });

  it('looks at nothing but the word of changes while that is as it was', () => {
    const { board, host } = two({ refuseExternal: true });
    host.session.calls.length = 0;
    for (let call = 0; call < 10; call++) board.best();
    expect(host.session.calls).toEqual(Array.from({ length: 10 }, () => 'readHeader'));
  });

  it('drops a device whose reading failed, and takes it again', () => {
    const made = two();
    made.fail(0, 'ERR_GPU_DEVICE_ASLEEP');
    expect(made.board.best()).toBe('GPU-1');
    expect(made.board.views[0]?.failure()).toBe('ERR_GPU_DEVICE_ASLEEP');
    made.fail(1, 'ERR_GPU_SUSPENDED');
    expect(made.board.best()).toBeUndefined();
    expect(made.board.fastest()).toBe(-1);
    made.publish(0, 10);
    expect(made.board.best()).toBe('GPU-0');
  });

  it('drops a device that is not well, until somebody has seen to it', () => {
    const made = two();
    made.note('xid', 0, 48);
    expect(made.board.best()).toBe('GPU-1');
    expect(made.board.views[0]?.health?.state).not.toBe('ok');
    made.hub.clear('GPU-0');
    expect(made.board.best()).toBe('GPU-0');
  });

  it('takes devices as they come and go, and keeps the views of those that stay', () => {
    const made = two();
    const [, kept] = made.board.views;
    made.host.session.list([
      { uuid: 'GPU-1', name: 'fake', index: 0, row: 1 },
      { uuid: 'GPU-2', name: 'fake', index: 1, row: 2 },
    ]);
    expect(made.board.best()).toBe('GPU-1');
    expect(made.board.indexOf('GPU-0')).toBe(-1);
    expect(made.board.views[0]).toBe(kept);
    made.publish(2, 5);
    expect(made.board.best()).toBe('GPU-2');
    expect([made.board.rowOf(1), made.board.numberOf(1)]).toEqual([2, 2]);
  });

  it('takes no sample of a device for that of another that gets its row', () => {
    const made = two();
    made.host.session.list([{ uuid: 'GPU-9', name: 'fake', index: 0, row: 0, number: 9 }]);
    made.host.block.integers.fill(0n, 24, 32);
    made.host.block.changed();
    expect(made.board.best()).toBeUndefined();
    expect(made.board.views[0]?.metrics).toBeUndefined();
  });

  it('lets a sample count no longer than it may, though nothing happens', async () => {
    const made = two({ maxAgeMs: 60 });
    const gone = await until(() => (made.board.best() === undefined ? true : undefined), {
      timeoutMs: 5000,
    });
    expect(gone).toBe(true);
    made.publish(1, 20);
    expect(made.board.best()).toBe('GPU-1');
  });

  it('goes by the limit of age as it is now', () => {
    const made = live({ maxAgeMs: 1000 });
    made.publish(0, 10, { ageMs: 500 });
    made.publish(1, 20);
    expect(made.board.best()).toBe('GPU-0');
    made.maxAgeMs = 400;
    made.host.block.changed();
    expect(made.board.best()).toBe('GPU-1');
    made.maxAgeMs = 1000;
    made.host.block.changed();
    expect(made.board.best()).toBe('GPU-0');
  });

  it('shows a filter of the user a sample that is as old as it is', async () => {
    const made = two();
    const [view] = made.board.views;
    const ageMs = () => view?.metrics?.ageMs ?? NaN;
    const before = ageMs();
    const grew = () => (ageMs() > before + 5 ? true : undefined);
    expect(await until(grew, { timeoutMs: 5000 })).toBe(true);
    expect(view?.metrics?.computeUtilizationPercent).toBe(10);
  });

  it('lets telemetry grow old without keeping leases off the device', () => {
    const made = live({ maxAgeMs: 100 });
    made.publish(0, 10, { ageMs: 200 });
    expect(made.board.best()).toBeUndefined();
    expect(made.board.views[made.board.fastest()]).toBeDefined();
    made.fail(0, 'ERR_GPU_DEVICE_ASLEEP');
    made.fail(1, 'ERR_GPU_DEVICE_ASLEEP');
    made.board.refresh();
    expect(made.board.fastest()).toBe(-1);
  });

  it('sees a health that came to light by a slow reading', () => {
    const made = two();
    const known = { state: 'known', value: 1, knownMs: monotonicMs() };
    made.host.session.reports.set(0, new Map([['remappedRowsFailed', known]]));
    made.aheadMs = 2000;
    made.hub.refresh();
    expect(made.board.best()).toBe('GPU-1');
    expect(made.board.views[0]?.health?.reason).toBe('remap-failed');
  });
});

describe('what a live board reads of slow metrics', () => {
  const reports = (values: Readonly<Record<string, number>>, changedMs = monotonicMs()) =>
    new Map(
      Object.entries(values).map(([key, value]) => [
        key,
        { state: 'known', value, knownMs: monotonicMs(), changedMs },
      ]),
    );

  it('has the margin to the slowdown point as the device states it', () => {
    const made = live({ devices: twoGpus });
    made.host.session.reports.set(
      0,
      reports({ thermalMarginCelsius: 30, slowdownMarginCelsius: -2 }),
    );
    made.host.session.reports.set(1, reports({ slowdownTemperatureCelsius: 90 }));
    made.publish(0, 10);
    made.board.refresh();
    expect(made.board.views.map((view) => view.slowdownMarginCelsius)).toEqual([32, undefined]);
  });

  it('takes sensors for stuck that have not moved in a minute and thirty samples', () => {
    const frozen = (changedAgoMs: number, samples: number, powerWatts = 100.4) => {
      const made = live();
      const now = monotonicMs();
      made.host.session.reports.set(
        0,
        reports({ powerWatts, computeUtilizationPercent: 5 }, now - changedAgoMs),
      );
      made.host.session.histories.set(
        '0 0',
        Array.from({ length: samples }, (_, index) => {
          const atMs = now - (samples - 1 - index) * 2500;
          return [index + 1, atMs, 0, 5, powerWatts, 1, 1];
        }),
      );
      made.host.block.publish(0, [samples, now, Date.now(), 5, powerWatts]);
      made.board.refresh();
      return made.board.views[0]?.sensor;
    };
    expect(frozen(75_000, 30)).toBe('frozen');
    expect(frozen(75_000, 29)).toBe('ok');
    expect(frozen(59_000, 30)).toBe('ok');
    expect(frozen(70_000, 30)).toBe('ok');
    expect(frozen(75_000, 30, 100)).toBe('ok');
  });
});
