import { afterEach, describe, expect, it } from 'vitest';
import type { ClusterEvent } from '../../../lib/telemetry/cluster-events.js';
import { readEventsOptions } from '../../../lib/telemetry/event-options.js';
import { resolveXidPolicy } from '../../../lib/telemetry/xid-policy.js';
import { bootMs } from '../../support/driver-log.js';
import { told } from '../../support/events.js';
import { closeHubs, HubHost, joined, opened, twoGpus } from '../../support/hub-host.js';

afterEach(closeHubs);

const mig = { uuid: 'MIG-7', name: 'slice', index: 0, parentUuid: 'GPU-0', row: 2 };

describe('a hub', () => {
  it('makes health and events out of the log, in order', async () => {
    const { host, hub, all } = opened();
    expect(hub.healthOf('GPU-0')).toMatchObject({ state: 'ok' });
    host.note('xid', 0, { code: 79, count: 3 });
    host.note('device-lost', 1, { code: 15 });
    host.note('clock', 1, { code: 0 });
    expect(hub.healthOf('GPU-0')).toMatchObject({ state: 'lost', reason: 'xid-79' });
    expect(await all()).toMatchObject([
      {
        type: 'xid',
        deviceId: 'GPU-0',
        xid: 79,
        count: 3,
        timestampMs: bootMs + 1000,
        rule: { newLeases: 'stop', runningLeases: 'revoke', scope: 'device' },
      },
      { type: 'health', deviceId: 'GPU-0', health: { state: 'lost' }, previous: { state: 'ok' } },
      { type: 'health', deviceId: 'GPU-1', health: { state: 'lost', reason: 'bus-lost' } },
      { type: 'notice', kind: 'clock', deviceId: 'GPU-1' },
    ]);
  });

  it('gives one health event for each change, however often it is asked', async () => {
    const { host, hub, all } = opened();
    for (let poll = 0; poll < 4; poll++) {
      host.note('device-lost', 0, { code: 15 });
      hub.catchUp();
      hub.healthOf('GPU-0');
    }
    host.note('device-returned', 0);
    hub.catchUp();
    expect(told(await all())).toEqual(['GPU-0 lost', 'GPU-0 ok']);
  });

  it('calls into native code only where there is something new', () => {
    const { host, hub } = opened();
    host.session.calls.length = 0;
    for (let asked = 0; asked < 10; asked++) hub.healthOf('GPU-0');
    expect(host.session.calls).toEqual([]);
    host.note('clock', 0);
    for (let asked = 0; asked < 10; asked++) hub.healthOf('GPU-0');
    expect(host.session.calls).toEqual(['readEvents']);
  });

  it('works where external memory is refused', () => {
    const { host, hub } = opened({ refuseExternal: true });
    host.note('device-hung', 1);
    expect(hub.healthOf('GPU-1')?.state).toBe('hung');
  });

  it('reads more events than fit into one reading', async () => {
    const { host, hub, all } = opened();
    for (let event = 0; event < 600; event++) host.note('clock', 0, { code: event });
    hub.catchUp();
    expect(told(await all())).toEqual(Array.from({ length: 600 }, (_, code) => code));
  });

  it('tells nothing of devices that are not of this cluster', async () => {
    const { host, hub, all } = opened({ filter: ['GPU-1'] });
    for (const row of [0, 1]) host.note('xid', row, { code: 48 });
    hub.catchUp();
    expect(hub.healthOf('GPU-0')).toBeUndefined();
    expect(told(await all())).toEqual(['xid', 'GPU-1 draining']);
  });

  it('tells of an Xid of no known device', async () => {
    const { host, all } = opened();
    host.note('xid', -1, { code: 120 });
    const [event] = await all();
    expect(event).toMatchObject({ type: 'xid', xid: 120, rule: { stopCalls: true } });
    expect(event).not.toHaveProperty('deviceId');
  });

  it('gives an Xid 45 the rule of the one before it', async () => {
    const { host, all } = opened();
    host.note('xid', 0, { code: 94 });
    host.note('xid', 0, { code: 45 });
    expect((await all())[2]).toMatchObject({
      xid: 45,
      rule: { xid: 45, newLeases: 'pause', runningLeases: 'revoke', scope: 'owner' },
    });
  });

  it('goes by the policy and the thresholds that it was given', () => {
    const policy = resolveXidPolicy({ 79: { effect: 'degraded' } });
    const { host, hub } = opened({ policy, thresholds: { applicationFaults: 1 } });
    host.note('xid', 0, { code: 79 });
    host.note('xid', 1, { code: 13 });
    expect(hub.healthOf('GPU-0')?.state).toBe('degraded');
    expect(hub.healthOf('GPU-1')?.reason).toBe('suspect');
  });

  it('hands out events that nobody can change', async () => {
    const { host, all } = opened();
    host.note('xid', 0, { code: 79 });
    for (const event of await all()) expect(Object.isFrozen(event)).toBe(true);
  });
});

describe('devices that come and go', () => {
  it('names those that came since it looked, and those that left the list', async () => {
    const { host, hub, all } = opened();
    host.session.list([...twoGpus, mig]);
    host.note('device-added', 2);
    host.note('xid', 2, { code: 13 });
    expect(hub.healthOf('MIG-7')?.state).toBe('ok');
    host.session.list(twoGpus);
    host.note('device-removed', 2);
    hub.catchUp();
    host.note('clock', 2, { code: 5 });
    expect(await all()).toMatchObject([
      { type: 'device-added', deviceId: 'MIG-7' },
      { type: 'xid', deviceId: 'MIG-7' },
      { type: 'device-removed', deviceId: 'MIG-7' },
      { type: 'health', deviceId: 'MIG-7', health: { reason: 'removed' } },
      { type: 'notice', deviceId: 'MIG-7' },
    ]);
  });

  it('do not flap by that, though a poll may meet them in the middle of it', () => {
    const { host, hub } = opened({ thresholds: { flaps: 2 } });
    host.session.list([...twoGpus, mig]);
    for (const kind of ['lost', 'removed', 'added', 'lost', 'removed', 'added'] as const) {
      host.note(`device-${kind}`, 2);
    }
    expect(hub.healthOf('MIG-7')?.state).toBe('ok');
  });

  it('tells nobody of what befell the device that had the row before', async () => {
    const { host, hub, all } = opened();
    const before = { ...mig, row: 2, number: 2 };
    host.session.list([...twoGpus, before]);
    host.note('device-added', 2);
    host.note('xid', 2, { code: 79 });
    host.note('device-removed', 2);
    host.session.list([...twoGpus, { ...before, uuid: 'MIG-8', number: 3 }]);
    host.note('device-added', 3);
    expect(hub.healthOf('MIG-8')?.state).toBe('ok');
    expect(told(await all())).toEqual(['device-added']);
  });

  it('says nothing of one that came and went unseen', async () => {
    const { host, hub, all } = opened();
    host.note('device-added', 5);
    host.note('device-removed', 5);
    hub.catchUp();
    expect(await all()).toEqual([]);
  });
});

describe('a driver as a whole', () => {
  it('that goes takes all devices along, and brings them back', async () => {
    const { host, hub, all } = opened();
    host.note('driver-lost', -1, { code: 18 });
    expect(hub.healthOf('GPU-1')?.reason).toBe('driver-mismatch');
    host.note('driver-restored');
    expect(hub.healthOf('GPU-1')?.state).toBe('ok');
    const list = await all();
    expect(told(list)).toEqual([
      'driver-lost',
      'GPU-0 lost',
      'GPU-1 lost',
      'driver-restored',
      'GPU-0 ok',
      'GPU-1 ok',
    ]);
    expect(list[0]).toMatchObject({ nvmlReturn: 18 });
  });

  it('that is let go of leaves health as it is', async () => {
    const { host, hub, all } = opened();
    host.note('suspended');
    host.note('resumed');
    expect(hub.healthOf('GPU-0')?.state).toBe('ok');
    expect(told(await all())).toEqual(['suspended', 'resumed']);
  });
});

describe('an operator', () => {
  it('clears what was seen to, and is told in the order of events', async () => {
    const { host, hub, all } = opened();
    host.note('xid', 0, { code: 95 });
    host.note('xid', 0, { code: 48 });
    expect(hub.clear('GPU-0', 'xid-95')).toMatchObject({ state: 'draining' });
    expect(hub.clear('GPU-0')).toMatchObject({ state: 'ok' });
    expect(hub.clear('GPU-9')).toBeUndefined();
    expect(told(await all())).toEqual([
      'xid',
      'GPU-0 needs-reset',
      'xid',
      'GPU-0 draining',
      'GPU-0 ok',
    ]);
  });
});

describe('leases that end otherwise than by their holders', () => {
  it('are told after what befell the device, and by an open hub only', async () => {
    const { host, hub, all } = opened();
    const revoked = {
      type: 'lease-revoked',
      deviceIds: ['GPU-0'],
      code: 'ERR_GPU_DEVICE_LOST',
      message: 'GPU-0 is lost',
    } as const;
    host.note('device-lost', 0, { code: 15 });
    hub.tell(revoked);
    const heard = new Promise((resolve) => hub.emitter.once('lease-leaked', resolve));
    hub.tell({ type: 'lease-leaked', deviceIds: ['GPU-1'], message: 'forgotten' });
    expect(await heard).toMatchObject({ deviceIds: ['GPU-1'] });
    const list = await all();
    expect(told(list)).toEqual(['GPU-0 lost', 'lease-revoked', 'lease-leaked']);
    expect(list[1]).toEqual({ ...revoked, timestampMs: bootMs + host.nowMs });
    hub.tell(revoked);
    const kept: ClusterEvent[] = [];
    for await (const event of hub.events(readEventsOptions({ since: 'start' }))) kept.push(event);
    expect(kept).toEqual(list);
  });
});

describe('several clusters, iterators and listeners', () => {
  it('one that joins later is of the same mind, and gets only what is new', async () => {
    const { host, hub } = opened();
    host.note('xid', 0, { code: 48 });
    hub.catchUp();
    const second = joined(host);
    expect(second.hub.healthOf('GPU-0')).toEqual(hub.healthOf('GPU-0'));
    host.note('clock', 0, { code: 1 });
    expect(told(await second.all())).toEqual([1]);
  });

  it('since the start: all that there is to be had', async () => {
    const host = new HubHost();
    host.note('xid', 0, { code: 48 });
    const { hub } = joined(host);
    const events = hub.events(readEventsOptions({ since: 'start' }));
    host.note('clock', 0, { code: 1 });
    hub.close();
    const list: ClusterEvent[] = [];
    for await (const event of events) list.push(event);
    expect(told(list)).toEqual(['xid', 'GPU-0 draining', 1]);
  });

  it('each reads at its own pace', async () => {
    const { host, hub, all } = opened();
    const small = hub.events(readEventsOptions({ bufferSize: 1 }));
    const gone = hub.events(readEventsOptions({}));
    for (const code of [1, 2, 3]) host.note('clock', 0, { code });
    hub.catchUp();
    await gone.return?.();
    expect(told(await all())).toEqual([1, 2, 3]);
    const list: ClusterEvent[] = [];
    for await (const event of small) list.push(event);
    expect(told(list)).toEqual([-2, 3]);
    expect(await gone.next()).toEqual({ done: true, value: undefined });
  });

  it('listeners hear of events without being asked for', async () => {
    const { host, hub } = opened();
    const heard = new Promise<ClusterEvent>((resolve) => hub.emitter.once('health', resolve));
    host.note('device-lost', 0, { code: 15 });
    expect(told([await heard])).toEqual(['GPU-0 lost']);
  });

  it('an iterator that waits gets what comes', async () => {
    const { host, hub } = opened();
    const next = hub.events(readEventsOptions({})).next();
    host.note('clock', 0, { code: 4 });
    expect(told([(await next).value])).toEqual([4]);
  });

  it('of a closed hub an iterator is at its end', async () => {
    const { hub } = opened();
    hub.close();
    const events = hub.events(readEventsOptions({}));
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });
});
