import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { loadNative, type NativeOpenOptions, type NativeSession } from '../../lib/native.js';
import { BlockReader } from '../../lib/telemetry/block.js';
import type { DriverEventKind } from '../../lib/telemetry/cluster-events.js';
import type { AnyMetricKey } from '../../lib/telemetry/metrics.generated.js';
import { ownSimulatedDriverPath } from '../../lib/testing/simulator.js';
import { untyped } from '../support/cluster.js';

const native = loadNative();
const { layout } = native;
const libraryPath = ownSimulatedDriverPath();
const load = { shape: 'constant', percent: 40 };
const sessions: NativeSession[] = [];

function start(devices: readonly object[], more: Partial<NativeOpenOptions> = {}): NativeSession {
  const session = native.openSession({
    libraryPath,
    scenario: JSON.stringify({ devices }),
    periodMs: 10,
    maxHistory: 1000,
    memoryLimitBytes: 2 ** 28,
    hangTimeoutMs: 2000,
    idleReleaseMs: 0,
    ...more,
  });
  sessions.push(session);
  return session;
}

/** Far longer than anything here takes. */
async function until(done: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 20_000; !done(); await sleep(2)) {
    if (performance.now() > deadline) throw new Error(`not within 20 s: ${done}`);
  }
}

async function open(devices: readonly object[]): Promise<NativeSession> {
  const session = start(devices);
  await until(() => session.state() !== 'opening');
  expect(session.failure()).toBeUndefined();
  session.watch(session.devices().map(({ row }) => row));
  return session;
}

function command(name: string, argument: object): string {
  const { reply, failure } = native.controlSimulator(libraryPath, name, JSON.stringify(argument));
  expect(failure).toBeUndefined();
  return reply;
}

function rowsOf(count: number, doubles: number, into: Float64Array): number[][] {
  return Array.from({ length: count }, (_, at) =>
    Array.from(into.subarray(at * doubles, (at + 1) * doubles)),
  );
}

/** Of a tier: the values of each sample and their states by metric, after its three numbers. */
function history(session: NativeSession, row: number, tier: number): number[][] {
  const begin = native.tierEnds[tier - 1] ?? 0;
  const doubles = 3 + 2 * ((native.tierEnds[tier] ?? 0) - begin);
  const into = new Float64Array(1000 * doubles);
  return rowsOf(session.readHistory({ row, which: tier, from: 1 }, into), doubles, into);
}

function series(session: NativeSession, row: number, which: number, from = 1): number[][] {
  const into = new Float64Array(4000);
  return rowsOf(session.readSeries({ row, which, from }, into), 4, into);
}

interface Event {
  readonly sequence: number;
  readonly kind: DriverEventKind;
  readonly row: number;
  readonly code: number;
  readonly count: number;
}

function events(session: NativeSession, from = 1): Event[] {
  const into = new Float64Array(7000);
  return rowsOf(session.readEvents(from, into), 7, into).map(
    ([sequence = 0, , , kind = 0, row = 0, code = 0, count = 0]) => ({
      sequence,
      kind: native.eventKinds[kind] as DriverEventKind,
      row,
      code,
      count,
    }),
  );
}

function report(session: NativeSession, row: number, metric: AnyMetricKey) {
  const into = new Float64Array(7 * native.metricKeys.length);
  expect(session.readReports(row, into)).toBe(true);
  const [value, knownMs, knownUnixMs, , , state = 0] = into.subarray(
    7 * native.metricKeys.indexOf(metric),
  );
  return { value, knownMs, knownUnixMs, state: native.valueStates[state] };
}

function header(session: NativeSession, word: number): number {
  const into = new BigUint64Array(1);
  session.readHeader(word, into);
  return Number(into[0]);
}

function driverState(session: NativeSession): string | undefined {
  return native.driverStates[header(session, layout.driverWord)];
}

afterEach(async () => {
  for (const session of sessions) session.close();
  await until(() => sessions.every((session) => session.closed()));
  sessions.splice(0);
});

describe('devices', () => {
  it('carry a row, MIG instances their GPU, and pairs how they hang together', async () => {
    const session = await open([
      { board: 'h100', count: 2, load },
      { board: 'h100', mig: ['1g.10gb', '3g.40gb'] },
      { board: 'gb10' },
    ]);
    const devices = session.devices();
    expect(devices.map(({ row }) => row)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(devices.every(({ present }) => present)).toBe(true);
    const [, , gpu, first, second, unified] = devices;
    expect(gpu).toMatchObject({ migEnabled: true, architecture: 'Hopper' });
    expect(first).toMatchObject({ parentUuid: gpu?.uuid, migProfile: '1g.10gb' });
    expect(second).toMatchObject({ parentUuid: gpu?.uuid, migProfile: '3g.40gb' });
    expect(first?.gpuInstanceId).not.toBe(second?.gpuInstanceId);
    expect(devices[0]).not.toHaveProperty('parentUuid');
    expect(devices[0]).not.toHaveProperty('migEnabled');
    expect(unified).toMatchObject({ unifiedMemory: true });
    const links = session.topology();
    expect(links).toHaveLength(devices.length ** 2);
    expect(native.linkNames[links[1]?.link ?? 0]).toBe('nvlink');
    expect(links[1]?.nvlinkCount).toBeGreaterThan(0);
    expect(links[1]?.peerAccess).toBe(true);
    expect(links[1]).toEqual(links[devices.length]);
  });

  it('keep their rows while others fall off the bus, come back and come anew', async () => {
    const session = await open([{ board: 'h100', count: 2, load }]);
    const [first, second] = session.devices();
    const generation = header(session, layout.devicesWord);
    command('devices', { remove: 0 });
    await until(() => header(session, layout.devicesWord) !== generation);
    expect(session.devices()).toEqual([
      { ...second, index: 0 },
      { ...first, present: false },
    ]);
    expect(session.topology()).toHaveLength(4);
    await until(() => events(session).some(({ kind }) => kind === 'device-lost'));
    command('devices', { restore: 0 });
    await until(() => session.devices().every(({ present }) => present));
    expect(session.devices()).toEqual([first, second]);
    command('devices', { add: { board: 'l4', load } });
    await until(() => session.devices().length === 3);
    const added = session.devices()[2];
    expect(added).toMatchObject({ row: 2, name: expect.stringContaining('L4') });
    expect(history(session, 2, 0)).toEqual([]);
    session.watch([2, 2, 77]);
    await until(() => history(session, 2, 0).length > 2);
    const told = events(session).map(({ kind, row }) => ({ kind, row }));
    expect(told).toContainEqual({ kind: 'device-lost', row: 0 });
    expect(told).toContainEqual({ kind: 'device-returned', row: 0 });
    expect(told).toContainEqual({ kind: 'device-added', row: 2 });
  });
});

describe('what is read', () => {
  const busy = {
    board: 'h100',
    load,
    processes: [{ pid: 4242, memoryMiB: 1024, kind: 'compute', smPercent: 40 }],
  };

  it('is a history for each tier, one sample after another', async () => {
    const session = await open([busy]);
    await until(() => [0, 1, 2].every((tier) => history(session, 0, tier).length > 0));
    await until(() => history(session, 0, 0).length > 4);
    for (const tier of [0, 1, 2]) {
      const samples = history(session, 0, tier);
      expect(samples.map(([sequence]) => sequence)).toEqual(samples.map((_, at) => at + 1));
      for (const [, monotonicMs = 0, unixMs = 0] of samples) {
        expect(Math.abs(native.monotonicMs() - monotonicMs)).toBeLessThan(60_000);
        expect(Math.abs(Date.now() - unixMs)).toBeLessThan(60_000);
      }
    }
    const power = native.metricKeys.indexOf('powerWatts');
    const [sample] = history(session, 0, 0);
    expect(sample?.[3 + power]).toBeGreaterThan(50);
    const state = sample?.[3 + (native.tierEnds[0] ?? 0) + power] ?? 0;
    expect(native.valueStates[state]).toBe('known');
    expect(history(session, 0, 3)).toEqual([]);
  });

  it('is what the driver measured between polls, in order and once', async () => {
    const session = await open([busy]);
    await until(() => series(session, 0, 2).length > 5);
    for (const which of native.seriesMetrics.keys()) {
      const records = series(session, 0, which);
      expect(records.map(([sequence]) => sequence)).toEqual(records.map((_, at) => at + 1));
      const times = records.map(([, unixMs = 0]) => unixMs);
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    }
    const [, next] = series(session, 0, 2);
    expect(series(session, 0, 2, 2)[0]).toEqual(next);
    expect(series(session, 0, native.seriesMetrics.length)).toEqual([]);
  });

  it('is a report on each metric: known and since when, or why not', async () => {
    const session = await open([busy]);
    await until(() => history(session, 0, 2).length > 0);
    const power = report(session, 0, 'powerWatts');
    expect(power).toMatchObject({ state: 'known' });
    expect(power.value).toBeGreaterThan(50);
    expect(Math.abs(native.monotonicMs() - (power.knownMs ?? 0))).toBeLessThan(60_000);
    expect(Math.abs(Date.now() - (power.knownUnixMs ?? 0))).toBeLessThan(60_000);
    const fan = report(session, 0, 'fanSpeedPercent');
    expect(fan).toEqual({ value: Number.NaN, knownMs: 0, knownUnixMs: 0, state: 'unsupported' });
    expect(session.readReports(0, new Float64Array(7 * native.metricKeys.length - 1))).toBe(false);
  });

  it('is a detail: processes, links, fans, each absent where the driver does not say', async () => {
    const session = await open([busy, { board: 'rtx4090', load }]);
    await until(() => [0, 1].every((row) => session.readDetail(row)?.processes !== undefined));
    const detail = session.readDetail(0);
    expect(detail).not.toHaveProperty('fans');
    expect(detail?.processesLeftOut).toBe(0);
    expect(detail?.processes).toContainEqual(
      expect.objectContaining({ pid: 4242, kinds: 1, memoryBytes: 2 ** 30 }),
    );
    expect(detail?.links?.length).toBeGreaterThan(0);
    expect(detail?.links?.every(({ active }) => active === 0 || active === 1)).toBe(true);
    const [fan] = session.readDetail(1)?.fans ?? [];
    expect(fan?.speedPercent).toBeGreaterThanOrEqual(0);
  });

  it('is the same row in place and as a copy, for where external memory is refused', async () => {
    const session = await open([busy]);
    const copying = new BlockReader({ ...methods(session), block: () => undefined }, layout);
    const inPlace = new BlockReader(session, layout);
    await until(() => inPlace.version(0) > 0);
    expect(session.block()).toBeInstanceOf(ArrayBuffer);
    expect(copying.double(layout.periodMsWord)).toBe(inPlace.double(layout.periodMsWord));
    let same = false;
    await until(() => {
      const before = inPlace.version(0);
      const copy = Array.from(copying.row(0) ?? []);
      const there = Array.from(inPlace.row(0) ?? []);
      if (inPlace.version(0) !== before) return false;
      expect(copy).toEqual(there);
      same = true;
      return true;
    });
    expect(same).toBe(true);
  });
});

/** A class's methods are not its object's own. */
function methods(session: NativeSession): NativeSession {
  return {
    ...untyped({}),
    readRow: session.readRow.bind(session),
    readHeader: session.readHeader.bind(session),
  };
}

describe('events of the driver', () => {
  it('come with their device, kind, code and count, after those before them', async () => {
    const session = await open([{ board: 'h100', count: 2, load }]);
    const newest = () => header(session, layout.eventsWord);
    const before = newest();
    command('event', { device: 1, type: 'xid', data: 79, count: 3 });
    await until(() => events(session, before + 1).some(({ kind }) => kind === 'xid'));
    const xid = events(session, before + 1).find(({ kind }) => kind === 'xid');
    expect(xid).toMatchObject({ row: 1, code: 79, count: 3 });
    expect(xid?.sequence).toBeGreaterThan(before);
    expect(newest()).toBeGreaterThanOrEqual(xid?.sequence ?? Infinity);
    expect(events(session, newest() + 1)).toEqual([]);
  });
});

describe('suspend and resume', () => {
  it('let go of the driver and take it up again, devices and rows kept', async () => {
    const session = await open([{ board: 'h100', load }]);
    const before = session.devices();
    await until(() => history(session, 0, 0).length > 2);
    session.suspend();
    session.suspend();
    await until(() => driverState(session) === 'suspended');
    const status = new BlockReader(session, layout).status(0) ?? 0;
    expect(native.statusNames[status]).toBe('ERR_GPU_SUSPENDED');
    const count = history(session, 0, 0).length;
    command('mig', { device: 0, instances: ['7g.80gb'] });
    session.resume();
    await until(() => driverState(session) === 'serving');
    await until(() => history(session, 0, 0).length > count);
    const [gpu, instance] = session.devices();
    expect(gpu).toEqual({ ...before[0], migEnabled: true });
    expect(instance).toMatchObject({ parentUuid: gpu?.uuid, row: 1, present: true });
    const kinds = events(session).map(({ kind }) => kind);
    expect(kinds).toContain('suspended');
    expect(kinds.indexOf('resumed')).toBeGreaterThan(kinds.indexOf('suspended'));
  });
});

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
  ];
  const plain = ['devices', 'topology', 'driver', 'block', 'failure', 'state', 'closed'] as const;

  /** Answers of everything that can be asked, with arguments that are none. */
  function provoke(session: NativeSession): void {
    for (const method of plain) (session[method] as () => unknown)();
    for (const first of nonsense) {
      session.watch(untyped(first));
      session.watch(untyped([first]));
      expect(session.readDetail(untyped(first))).toBeUndefined();
      for (const into of nonsense) {
        expect(session.readRow(untyped(first), untyped(into))).toBe(false);
        expect(session.readReports(untyped(first), untyped(into))).toBe(false);
        expect(session.readEvents(untyped(first), untyped(into))).toBe(0);
        session.readHeader(untyped(first), untyped(into));
        for (const range of [first, { row: first, which: 0, from: 1 }]) {
          expect(session.readHistory(untyped(range), untyped(into))).toBe(0);
          expect(session.readSeries(untyped(range), untyped(into))).toBe(0);
        }
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
    expect(session.devices()).toHaveLength(1);
    expect(history(session, 0, 0)).toEqual([]);
    expect(block?.byteLength).toBeGreaterThan(0);
    expect(Array.from(new BigUint64Array(block ?? new ArrayBuffer(0), 0, 1))).not.toEqual([0n]);
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
