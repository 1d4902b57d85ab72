import { afterEach, describe, expect, it } from 'vitest';
import { loadNative } from '../../lib/native.js';
import { type ClusterEvent, driverEventKinds } from '../../lib/telemetry/cluster-events.js';
import { SimulatedHost } from '../../lib/testing/simulated-host.js';
import { eventually } from '../support/patience.js';
import { runProgram } from '../support/program.js';
import { course, endWatched, watched } from '../support/watched-cluster.js';

const host = new SimulatedHost();

afterEach(endWatched);

describe('what C++ and TypeScript share of events', () => {
  it('is the list of kinds, in one order', () => {
    expect(loadNative().eventKinds).toEqual(driverEventKinds);
  });
});

describe('the events of a simulated driver', () => {
  it('a device that is lost and comes back makes one event each', async () => {
    const cluster = await watched();
    const [first, second] = cluster.ids;
    host.loseDevice(0);
    await eventually('lost', () => cluster.manager.getHealth(first ?? '')?.state === 'lost');
    const rounds = cluster.manager.status()?.rounds ?? 0;
    await eventually('more polls', () => (cluster.manager.status()?.rounds ?? 0) > rounds + 10);
    expect(cluster.manager.selectBestDevice()).toBe(second);
    host.restoreDevice(0);
    await eventually('well', () => cluster.manager.getHealth(first ?? '')?.state === 'ok');
    await eventually('told', () => course(cluster, first).length >= 2);
    expect(course(cluster, first)).toEqual(['lost', 'ok']);
    expect(course(cluster, second)).toEqual([]);
  });

  it('a device that falls off the bus is lost, and is itself when it is back', async () => {
    const cluster = await watched();
    const [first] = cluster.ids;
    host.removeDevice(0);
    await eventually('lost', () => cluster.manager.getHealth(first ?? '')?.state === 'lost');
    expect(cluster.manager.listDevices()).toHaveLength(3);
    host.restoreDevice(0);
    await eventually('told', () => course(cluster, first).length >= 2);
    expect(course(cluster, first)).toEqual(['lost', 'ok']);
  });

  it('instances that are made and destroyed are devices that come and go', async () => {
    const cluster = await watched();
    const { manager, heard } = cluster;
    host.setMig(0, ['3g.40gb']);
    await eventually('added', () => heard.some(({ type }) => type === 'device-added'));
    const [instance = ''] = heard.flatMap((one) =>
      one.type === 'device-added' ? one.deviceId : [],
    );
    expect(cluster.ids).not.toContain(instance);
    expect(manager.getHealth(instance)?.state).toBe('ok');
    host.disableMig(0);
    await eventually('removed', () => course(cluster, instance).length >= 1);
    const isRemoval = (event: ClusterEvent) =>
      event.type === 'health' && event.health.reason === 'removed';
    await eventually('told', () => heard.some(isRemoval));
    const sets = heard.filter(({ type }) => type === 'device-added' || type === 'device-removed');
    expect(sets.map((event) => [event.type, 'deviceId' in event && event.deviceId])).toEqual([
      ['device-added', instance],
      ['device-removed', instance],
    ]);
    expect(manager.listDevices()).toHaveLength(3);
  });

  it('a driver that is unloaded and loaded again takes all devices along and back', async () => {
    const cluster = await watched();
    const { manager, heard } = cluster;
    host.unloadDriver();
    await eventually('lost', () => manager.getHealth(cluster.ids[2] ?? '')?.state === 'lost');
    expect(manager.selectBestDevice()).toBeUndefined();
    host.loadDriver();
    await eventually('restored', () => heard.some(({ type }) => type === 'driver-restored'));
    await eventually('well', () => manager.selectBestDevice() !== undefined);
    for (const id of cluster.ids) expect(course(cluster, id)).toEqual(['lost', 'ok']);
    const types = heard.map(({ type }) => type).filter((type) => type !== 'health');
    expect(types).toEqual(['driver-lost', 'driver-restored']);
  });

  it('a device whose call does not return is hung, and no other', async () => {
    const cluster = await watched({ hangTimeoutMs: 200 });
    const [first, second = ''] = cluster.ids;
    host.inject([{ function: 'nvmlDeviceGet*', device: 1, delayMs: -1, calls: 1 }]);
    await eventually('hung', () => cluster.manager.getHealth(second)?.state === 'hung');
    expect(cluster.manager.selectBestDevice()).toBe(first);
    host.clearFaults();
    await eventually('answered', () => course(cluster, second).includes('ok'));
    expect(course(cluster, second)).toEqual(['hung', 'ok']);
    expect(course(cluster, first)).toEqual([]);
  });

  it('are there for an iterator until the cluster ends', async () => {
    const { manager } = await watched();
    const events = manager.events();
    const next = events.next();
    host.loseDevice(2);
    expect((await next).value).toMatchObject({ type: 'health', health: { state: 'lost' } });
    const last = events.next();
    await manager.shutdown();
    expect(await last).toEqual({ done: true, value: undefined });
  });
});

describe('a process', () => {
  it('is kept alive by an open iterator, and by no listener', async () => {
    const { stdout, code } = await runProgram('integration/programs/listening.cjs');
    const lines = stdout.trim().split('\n');
    expect(lines.toSorted()).toEqual(['exit 0', 'health lost', 'iterated health']);
    expect(lines.at(-1)).toBe('exit 0');
    expect(code).toBe(0);
  });
});
