import { afterEach, describe, expect, it } from 'vitest';
import type { NativeSession } from '../../lib/native.js';
import { BlockReader } from '../../lib/telemetry/block.js';
import {
  closeAll,
  command,
  driverState,
  events,
  header,
  history,
  layout,
  load,
  native,
  open,
  report,
  series,
  until,
} from '../support/native-session.js';

/** The same session where external memory is refused. */
function withoutMemory(session: NativeSession): NativeSession {
  return new Proxy(session, {
    get: (_, name: keyof NativeSession) =>
      name === 'block' ? () => undefined : session[name].bind(session),
  });
}

afterEach(closeAll);

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
    const told = events(session).map(({ kind, number }) => ({ kind, number }));
    expect(told).toContainEqual({ kind: 'device-lost', number: 0 });
    expect(told).toContainEqual({ kind: 'device-returned', number: 0 });
    expect(told).toContainEqual({ kind: 'device-added', number: 2 });
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
    const copying = new BlockReader(withoutMemory(session), layout);
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

describe('events of the driver', () => {
  it('come with their device, kind, code and count, after those before them', async () => {
    const session = await open([{ board: 'h100', count: 2, load }]);
    const newest = () => header(session, layout.eventsWord);
    const before = newest();
    command('event', { device: 1, type: 'xid', data: 79, count: 3 });
    const xids = () => events(session, before + 1).filter(({ kind }) => kind === 'xid');
    await until(() => xids().length === 2);
    const [xid, rest] = xids();
    expect(xid).toMatchObject({ number: 1, code: 79, count: 1 });
    expect(rest).toMatchObject({ number: 1, code: 79, count: 2 });
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
    const { uuid } = before[0] ?? {};
    expect(gpu).toMatchObject({ uuid, row: 0, present: true, migEnabled: true });
    expect(instance).toMatchObject({ parentUuid: uuid, row: 1, present: true });
    const kinds = events(session).map(({ kind }) => kind);
    expect(kinds).toContain('suspended');
    expect(kinds.indexOf('resumed')).toBeGreaterThan(kinds.indexOf('suspended'));
  });
});
