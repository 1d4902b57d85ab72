import { afterEach, describe, expect, it } from 'vitest';
import type { EventHub } from '../../../lib/telemetry/event-hub.js';
import { told } from '../../support/events.js';
import { fakeStatusNames } from '../../support/fake-native.js';
import { closeHubs, type HubHost, opened } from '../../support/hub-host.js';

afterEach(closeHubs);

function fails(host: HubHost, row: number, code: (typeof fakeStatusNames)[number]): void {
  host.block.fail(row, fakeStatusNames.indexOf(code));
}

function refreshed(host: HubHost, hub: EventHub): void {
  host.nowMs += 1000;
  hub.refresh();
}

describe('facts', () => {
  const report = (value: number, knownMs: number) => ({ state: 'known', value, knownMs });

  it('are read about once a second, and change health', async () => {
    const { host, hub, all } = opened();
    host.session.reports.set(0, new Map([['remappedRowsPending', report(1, 900)]]));
    hub.refresh();
    expect(hub.healthOf('GPU-0')?.state).toBe('ok');
    host.nowMs += 1000;
    hub.refresh();
    expect(hub.healthOf('GPU-0')).toMatchObject({ state: 'needs-reset', reason: 'remap-pending' });
    expect(told(await all())).toEqual(['GPU-0 needs-reset']);
  });

  it('that are not known say nothing', () => {
    const { host, hub } = opened();
    const unknown = { state: 'unsupported', value: 1, knownMs: 900 };
    host.session.reports.set(0, new Map([['recoveryAction', unknown]]));
    host.nowMs += 1000;
    hub.refresh();
    expect(hub.healthOf('GPU-0')?.state).toBe('ok');
  });

  it('tell what the driver asks for, once they were read after Xid 154', () => {
    const { host, hub } = opened();
    host.session.reports.set(0, new Map([['recoveryAction', report(0, 900)]]));
    host.note('xid', 0, { code: 154 });
    host.nowMs += 1000;
    hub.refresh();
    expect(hub.healthOf('GPU-0')?.reason).toBe('recovery-unread');
    host.session.reports.set(0, new Map([['recoveryAction', report(4, 1500)]]));
    host.nowMs += 1000;
    hub.refresh();
    expect(hub.healthOf('GPU-0')).toMatchObject({ state: 'draining' });
  });

  it('and quiet: what may be over by itself is over after the hold', () => {
    const { host, hub } = opened();
    host.note('xid', 0, { code: 63 });
    expect(hub.healthOf('GPU-0')?.state).toBe('degraded');
    host.nowMs += 600_000;
    hub.refresh();
    expect(hub.healthOf('GPU-0')?.state).toBe('ok');
  });
});

describe('events that were lost', () => {
  it('are counted in their place', async () => {
    const { host, hub, all } = opened();
    host.note('clock', 0, { code: 1 });
    hub.catchUp();
    host.overwrite(5000);
    host.note('clock', 0, { code: 2 });
    host.note('events-dropped', -1, { count: 7 });
    host.note('clock', 0, { code: 3 });
    expect(told(await all())).toEqual([1, -5000, 2, -7, 3]);
  });

  it('do not leave health wrong: rows and driver are looked at', async () => {
    const { host, hub, all } = opened();
    host.note('device-lost', 0, { code: 15 });
    hub.catchUp();
    host.overwrite(10);
    host.block.publish(0, [1, 1, 1, 1, 1]);
    fails(host, 1, 'ERR_GPU_DEVICE_HUNG');
    host.note('clock', 0, { code: 1 });
    refreshed(host, hub);
    expect(hub.healthOf('GPU-0')?.state).toBe('ok');
    expect(hub.healthOf('GPU-1')?.state).toBe('hung');
    host.overwrite(1);
    host.session.driverIs('lost');
    host.note('clock', 0, { code: 2 });
    refreshed(host, hub);
    expect(hub.healthOf('GPU-0')?.reason).toBe('driver-lost');
    host.overwrite(1);
    host.session.driverIs('serving');
    host.block.publish(1, [1, 1, 1, 1, 1]);
    host.note('clock', 0, { code: 3 });
    refreshed(host, hub);
    expect(['GPU-0', 'GPU-1'].map((id) => hub.healthOf(id)?.state)).toEqual(['ok', 'ok']);
    expect(told(await all())).toEqual([
      'GPU-0 lost',
      -10,
      1,
      'GPU-0 ok',
      'GPU-1 hung',
      -1,
      2,
      'GPU-0 lost',
      'GPU-1 lost',
      -1,
      3,
      'GPU-0 ok',
      'GPU-1 ok',
    ]);
  });

  it('a device of which loss or return was lost is lost or back', () => {
    const { host, hub } = opened();
    host.overwrite(1);
    fails(host, 0, 'ERR_GPU_DEVICE_LOST');
    host.note('clock', 0);
    refreshed(host, hub);
    expect(hub.healthOf('GPU-0')?.reason).toBe('no-answer');
  });

  it('what a row told before its event was written is put right by the second look', () => {
    const { host, hub } = opened();
    host.overwrite(1);
    host.block.publish(0, [1, 1, 1, 1, 1]);
    host.note('device-lost', 0, { code: 15 });
    refreshed(host, hub);
    fails(host, 0, 'ERR_GPU_DEVICE_LOST');
    refreshed(host, hub);
    expect(hub.healthOf('GPU-0')?.state).toBe('lost');
  });
});

describe('a driver that is not there', () => {
  it('is not there for another reason amid an upgrade, which is told once', async () => {
    const { host, hub, all } = opened();
    const fail = (code: (typeof fakeStatusNames)[number]) => {
      for (const row of [0, 1]) fails(host, row, code);
      refreshed(host, hub);
      refreshed(host, hub);
      return hub.healthOf('GPU-1')?.reason;
    };
    host.note('driver-lost', -1, { code: 9 });
    host.session.driverIs('lost');
    expect(fail('ERR_GPU_DRIVER_NOT_LOADED')).toBe('driver-lost');
    expect(fail('ERR_GPU_DRIVER_MISMATCH')).toBe('driver-mismatch');
    expect(fail('ERR_GPU_DRIVER_GONE')).toBe('driver-mismatch');
    expect(fail('ERR_GPU_DRIVER_NOT_LOADED')).toBe('driver-lost');
    expect(told(await all())).toEqual([
      'driver-lost',
      ...['GPU-0 lost', 'GPU-1 lost', 'GPU-0 lost', 'GPU-1 lost', 'GPU-0 lost', 'GPU-1 lost'],
    ]);
  });
});

describe('calls that may never return', () => {
  it.each([119, 120])('after Xid %i the device is asked nothing until it is there anew', (code) => {
    const { host, hub } = opened();
    expect(host.session.watched).toEqual([0, 1]);
    host.note('xid', 1, { code });
    hub.catchUp();
    host.note('xid', 1, { code: 63 });
    hub.catchUp();
    expect(host.session.watched).toEqual([0]);
    host.note('device-returned', 1);
    hub.catchUp();
    expect(host.session.watched).toEqual([0, 1]);
  });

  it('a driver that is taken up again, or an operator, lets it be asked again', () => {
    const { host, hub } = opened();
    for (const row of [0, 1]) host.note('xid', row, { code: 119 });
    hub.clear('GPU-1', 'xid-48');
    expect(host.session.watched).toEqual([]);
    hub.clear('GPU-1');
    expect(host.session.watched).toEqual([1]);
    host.note('resumed');
    hub.catchUp();
    expect(host.session.watched).toEqual([1, 0]);
  });
});
