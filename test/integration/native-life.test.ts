import { afterEach, describe, expect, it } from 'vitest';
import type { NativeSession } from '../../lib/native.js';
import { BlockReader } from '../../lib/telemetry/block.js';
import { untyped } from '../support/cluster.js';
import {
  closeAll,
  command,
  driverState,
  events,
  history,
  layout,
  libraryPath,
  load,
  native,
  open,
  start,
  until,
} from '../support/native-session.js';

afterEach(closeAll);

describe('a session', () => {
  const nonsense = [
    undefined,
    null,
    -1,
    0.5,
    256,
    2 ** 32,
    2 ** 53,
    Number.NaN,
    Infinity,
    '0',
    {},
    [],
    new Float64Array(0),
    new Float64Array(3),
    new BigUint64Array(0),
    new BigUint64Array(1),
    new Float32Array(9),
    new DataView(new ArrayBuffer(64)),
    Object.assign([], { length: 2 ** 32 - 1 }),
  ];
  const plain = ['devices', 'topology', 'driver', 'block', 'failure', 'state', 'closed'] as const;

  /** Answers of everything that can be asked, with arguments that are none. */
  function provoke(session: NativeSession): void {
    for (const method of plain) (session[method] as () => unknown)();
    for (const first of nonsense) {
      session.watch(untyped(first));
      session.watch(untyped([first]));
      expect(session.readDetail(untyped(first))).toBeUndefined();
      session.storeLedger(untyped(first), untyped(first));
      expect(session.addLedger(untyped(first), untyped(first))).toBe(0);
      expect(session.loadLedger(untyped(first))).toBe(0);
      for (const into of nonsense) {
        expect(session.readRow(untyped(first), untyped(into))).toBe(false);
        expect(session.readReports(untyped(first), untyped(into))).toBe(false);
        expect(session.readEvents(untyped(first), untyped(into))).toBe(0);
        session.readHeader(untyped(first), untyped(into));
        for (const range of [first, { row: first, which: 0, from: 1 }]) {
          expect(session.readHistory(untyped(range), untyped(into))).toBe(0);
          expect(session.readSeries(untyped(range), untyped(into))).toBe(0);
        }
        expect(session.aggregate(untyped(first), untyped(into))).toBe(0);
        expect(session.downsample(untyped(first), untyped(into))).toBe(0);
        expect(session.watchWindow(untyped({ metrics: first, windowMs: into }))).toBeUndefined();
        const range = { row: 0, which: first, from: into };
        expect(session.readHistory(untyped(range), untyped(into))).toBe(0);
        expect(session.readSeries(untyped(range), untyped(into))).toBe(0);
      }
    }
  }

  it('has nothing to give before it runs, and does not mind being asked', async () => {
    const session = start([{ board: 'h100' }]);
    const failed = start([{ board: 'h100', count: 2 }]);
    expect(failed.state()).toBe('failed');
    expect(failed.failure()?.code).toBe('ERR_GPU_ALREADY_OPEN');
    for (const one of [session, failed]) provoke(one);
    for (const method of [failed.suspend, failed.resume, failed.close]) method.call(failed);
    expect(failed.devices()).toEqual([]);
    expect(failed.topology()).toEqual([]);
    expect(failed.block()).toBeUndefined();
    await until(() => session.state() !== 'opening');
    expect(session.state()).toBe('running');
  });

  it('answers nothing where a row, a tier or an array is none', async () => {
    const session = await open([{ board: 'h100' }]);
    await until(() => history(session, 0, 0).length > 0 && session.readDetail(0) !== undefined);
    provoke(session);
    expect(session.state()).toBe('running');
  });

  /** The same argument; whoever reads its first property closes the session. */
  function closing<T extends object>(session: NativeSession, argument: T): T {
    const get = () => {
      session.close();
      while (!session.closed());
      return 0;
    };
    return Object.defineProperty(argument, Object.keys(argument)[0] ?? '', { get });
  }

  it('is not harmed by arguments that close it while they are read', async () => {
    const into = new Float64Array(100);
    const range = () => ({ row: 0, which: 0, from: 1 });
    const question = () => ({
      ...{ metrics: [0], metric: 0, by: 0, from: 0, to: 2e12, windowMs: 100 },
      ...{ percentiles: Float64Array.of(50), linear: false, ewmaMs: 0, pooled: false },
    });
    const uses: ((session: NativeSession) => unknown)[] = [
      (session) => session.watch(closing(session, [0])),
      (session) => session.unwatch(closing(session, [0])),
      (session) => session.readHistory(closing(session, range()), into),
      (session) => session.readSeries(closing(session, range()), into),
      (session) => session.aggregate(closing(session, { rows: [0], ...question() }), into),
      (session) => session.downsample(closing(session, { row: 0, ...question() }), into),
      (session) => session.watchWindow(closing(session, question())),
    ];
    for (const use of uses) {
      const session = await open([{ board: 'h100' }]);
      await until(() => history(session, 0, 0).length > 0);
      expect(use(session)).toBeOneOf([undefined, 0]);
      expect(session.state()).toBe('stopped');
    }
  });

  it('is not harmed by use after close', async () => {
    const session = await open([{ board: 'h100' }]);
    const other = await open([{ board: 'h100' }]);
    const block = session.block();
    await until(() => history(session, 0, 0).length > 0);
    session.suspend();
    session.close();
    session.suspend();
    session.resume();
    session.watch([0]);
    session.close();
    expect(session.closed()).toBe(true);
    await until(() => driverState(other) === 'serving');
    const count = history(other, 0, 0).length;
    await until(() => history(other, 0, 0).length > count);
    other.close();
    await until(() => other.closed());
    provoke(session);
    provoke(other);
    expect([session.state(), other.state()]).toEqual(['stopped', 'stopped']);
    expect(session.failure()).toBeUndefined();
    expect(session.devices()).toEqual([]);
    expect(history(session, 0, 0)).toEqual([]);
    expect(block?.byteLength).toBeGreaterThan(0);
    expect(Array.from(new BigUint64Array(block ?? new ArrayBuffer(0), 0, 1))).not.toEqual([0n]);
  });
});

describe('options of a session', () => {
  it('hangTimeoutMs: a call that takes longer makes its device hung, and no other', async () => {
    const session = await open([{ board: 'h100', count: 2, load }], { hangTimeoutMs: 100 });
    const block = new BlockReader(session, layout);
    const status = (row: number) => native.statusNames[block.status(row) ?? 0];
    await until(() => history(session, 1, 0).length > 0);
    command('inject', [{ function: 'nvmlDeviceGetP*', device: 1, delayMs: -1 }]);
    await until(() => status(1) === 'ERR_GPU_DEVICE_HUNG');
    const count = history(session, 0, 0).length;
    await until(() => history(session, 0, 0).length > count + 2);
    expect(status(0)).toBe('');
    command('inject', []);
    await until(() => status(1) === '');
    const told = events(session).map(({ kind, number }) => ({ kind, number }));
    expect(told).toContainEqual({ kind: 'device-hung', number: 1 });
    expect(told).toContainEqual({ kind: 'device-answered', number: 1 });
  });

  it('idleReleaseMs: the driver is let go of once every device is idle', async () => {
    const session = await open([{ board: 'h100' }], { idleReleaseMs: 50 });
    await until(() => driverState(session) === 'released');
    expect(session.devices()).toHaveLength(1);
  });
});

describe('the control of the simulated driver', () => {
  it('tells why it refuses, and never steers anything else', () => {
    const asked = (path: string, name: string) => native.controlSimulator(path, name, '');
    expect(asked(libraryPath, 'calls').failure).toBeUndefined();
    expect(asked(libraryPath, 'sing').failure).toMatchObject({ code: 'ERR_GPU_SCENARIO_INVALID' });
    const { execPath } = process;
    expect(asked(execPath, 'calls').failure?.message).toContain('is not the simulated driver');
    expect(asked('libnvidia-ml.so.1', 'calls').failure?.message).toContain('not the simulated');
    expect(asked('/nowhere', 'calls').failure?.code).toBe('ERR_GPU_LIBRARY_NOT_FOUND');
    expect(asked(untyped(7), untyped({})).failure?.message).toContain('not the simulated');
  });
});
