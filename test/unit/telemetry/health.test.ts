import { describe, expect, it } from 'vitest';
import { HealthMonitor } from '../../../lib/telemetry/health.js';
import { conditions, lossConditions } from '../../../lib/telemetry/health-conditions.js';
import { healthStates } from '../../../lib/telemetry/health-state.js';
import { resolveXidPolicy } from '../../../lib/telemetry/xid-policy.js';
import { untyped } from '../../support/cluster.js';
import { bootMs, driverEvent, Patient } from '../../support/driver-log.js';
import { refusal } from '../../support/refusal.js';

const hour = 3_600_000;

describe('the health of a device', () => {
  it('is ok until something is wrong, and unknown for a device that nobody heard of', () => {
    const { monitor } = new Patient();
    expect(monitor.healthOf('GPU-1')).toEqual({ state: 'ok', sinceMs: bootMs });
    expect(monitor.healthOf('GPU-2')).toBeUndefined();
  });

  it('says why, since when, and what to do', () => {
    const patient = new Patient().after(500).xid(79);
    expect(patient.monitor.healthOf('GPU-1')).toEqual({
      state: 'lost',
      reason: 'xid-79',
      xid: 79,
      message: 'Xid 79: the device no longer answers on the bus',
      recovery: 'restart the host; if that does not help, check power and seating',
      leases: { newLeases: 'stop', runningLeases: 'revoke', scope: 'device' },
      sinceMs: bootMs + 500,
    });
  });

  it('changes exactly once for each other state or reason', () => {
    const patient = new Patient();
    for (let poll = 0; poll < 5; poll++) patient.after(100).is('device-lost', 15);
    patient.after(100).is('device-returned').after(100).is('device-returned');
    expect(patient.course).toEqual(['lost bus-lost', 'ok']);
    expect(patient.changes[0]?.previous.state).toBe('ok');
    expect(patient.changes[1]).toMatchObject({ previous: { state: 'lost' }, deviceId: 'GPU-1' });
  });

  it('is the worst of all that is wrong; of two alike the older', () => {
    const patient = new Patient().xid(48, 62, 46, 63);
    expect(patient.course).toEqual(['draining xid-48', 'needs-reset xid-62']);
    expect(patient.monitor.reasonsOf('GPU-1')).toEqual(['xid-48', 'xid-62', 'xid-46', 'xid-63']);
  });

  it('is never made better by a milder Xid that comes later', () => {
    for (const fatal of [46, 48, 62, 64, 79, 94, 95, 109, 119, 140]) {
      const patient = new Patient().xid(fatal);
      const { state } = patient;
      for (const mild of [13, 31, 43, 45, 63, 92, 94, 154, 999]) patient.after(2000).xid(mild);
      const ranks: readonly (string | undefined)[] = healthStates;
      const rank = (name: string | undefined) => ranks.indexOf(name);
      expect(rank(patient.state), `after Xid ${fatal}`).toBeGreaterThanOrEqual(rank(state));
      expect(patient.monitor.reasonsOf('GPU-1')).toContain(`xid-${fatal}`);
    }
  });

  it('is none of the other devices', () => {
    const { monitor } = new Patient();
    monitor.track('GPU-2', bootMs);
    const of = { deviceId: 'GPU-1', monotonicMs: 5 };
    expect(monitor.apply(driverEvent('xid', { ...of, code: 79 }))).toHaveLength(1);
    expect(monitor.apply(driverEvent('device-hung', of))).toHaveLength(0);
    expect(monitor.healthOf('GPU-2')?.state).toBe('ok');
  });
});

describe('ends of conditions', () => {
  const fatal = [46, 48, 62, 64, 95, 119, 120];

  it('after a verified reset all is well again, after a mere return only the loss', () => {
    for (const xid of fatal) {
      const patient = new Patient().xid(xid).after(1000).is('device-lost', 16);
      patient.after(1000).is('device-returned', 0);
      expect(patient.reason, `Xid ${xid}`).toBe(`xid-${xid}`);
      patient.after(1000).is('device-lost', 15).after(1000).is('device-returned', 1);
      expect(patient.state, `Xid ${xid}`).toBe('ok');
    }
  });

  it('off the bus and back is enumerated anew', () => {
    const patient = new Patient().xid(79).after(50).is('device-lost', 15);
    expect(patient.after(hour).state).toBe('lost');
    expect(patient.is('device-returned').state).toBe('ok');
    expect(patient.course).toEqual(['lost xid-79', 'ok']);
  });

  it('a restart of the driver ends what a reset ends', () => {
    for (const xid of fatal) {
      const patient = new Patient().xid(xid).is('driver-lost', 9).after(10).is('driver-restored');
      expect(patient.state, `Xid ${xid}`).toBe('ok');
    }
  });

  it('quiet ends what may be over by itself, and nothing graver', () => {
    for (const [xid, state] of [
      [63, 'ok'],
      [92, 'ok'],
      [94, 'ok'],
      [999, 'ok'],
    ] as const) {
      expect(new Patient().xid(xid).after(599_999).state).not.toBe('ok');
      expect(new Patient().xid(xid).after(600_000).state, `Xid ${xid}`).toBe(state);
    }
    for (const xid of [...fatal, 74, 79]) {
      expect(new Patient().xid(xid).after(24 * hour).state, `Xid ${xid}`).not.toBe('ok');
    }
  });

  it('what comes again prolongs the hold', () => {
    const patient = new Patient().xid(63).after(400_000).xid(63).after(400_000);
    expect(patient.state).toBe('degraded');
    expect(patient.after(200_000).state).toBe('ok');
    expect(patient.course).toEqual(['degraded xid-63', 'ok']);
  });

  it('an operator ends all but what is plainly so', () => {
    const patient = new Patient().xid(95).is('device-hung').is('device-lost', 15).cleared();
    expect(patient.monitor.reasonsOf('GPU-1')).toEqual(['hung', 'bus-lost']);
    patient.is('device-answered').is('device-returned');
    expect(patient.state).toBe('ok');
  });

  it('an operator ends one condition and leaves the others', () => {
    const patient = new Patient().xid(48, 95).cleared('xid-95');
    expect(patient.reason).toBe('xid-48');
  });

  it('what comes to light late opens nothing that has ended since', () => {
    const patient = new Patient().after(1000).is('device-lost', 15);
    patient.after(100).is('device-returned').late(50, 'xid', 79);
    expect(patient.state).toBe('ok');
    patient.after(1000).xid(79);
    expect(patient.state).toBe('lost');
  });

  it('a reading from before a reset opens nothing after it', () => {
    const patient = new Patient().after(1000).reads({ remappedRowsPending: 1 });
    expect(patient.reason).toBe('remap-pending');
    patient.after(1000).is('device-lost', 15).after(1000).is('device-returned', 1);
    expect(patient.reads({ remappedRowsPending: 1 }, 1500).state).toBe('ok');
    expect(patient.reads({ remappedRowsPending: 1 }).state).toBe('needs-reset');
  });
});

describe('application faults', () => {
  it.each([13, 31])('three of Xid %i in ten minutes make a device suspect', (xid) => {
    const patient = new Patient().xid(xid).after(299_000).xid(xid).after(299_000);
    expect(patient.state).toBe('ok');
    patient.xid(xid);
    expect(patient.course).toEqual(['degraded suspect']);
    expect(patient.after(599_000).state).toBe('degraded');
    expect(patient.after(1000).state).toBe('ok');
  });

  it('three in more than ten minutes do not', () => {
    const patient = new Patient().xid(13).after(300_000).xid(31).after(300_000).xid(13);
    expect(patient.state).toBe('ok');
  });

  it('one crash that reports itself many times is one fault', () => {
    const patient = new Patient();
    for (let report = 0; report < 50; report++) patient.after(10).xid(13);
    expect(patient.state).toBe('ok');
  });

  it('an operator forgets them', () => {
    const patient = new Patient().xid(13).after(2000).xid(13).after(2000).cleared();
    patient.xid(13).after(2000).xid(13).after(2000);
    expect(patient.state).toBe('ok');
    expect(patient.xid(13).state).toBe('degraded');
  });

  it('thresholds can be others', () => {
    const patient = new Patient({ thresholds: { applicationFaults: 1 } }).xid(13);
    expect(patient.reason).toBe('suspect');
    refusal('ERR_GPU_OUT_OF_RANGE', () => new Patient({ thresholds: { flaps: 0 } }));
    refusal('ERR_GPU_OUT_OF_RANGE', () => new Patient({ thresholds: { burstMs: -1 } }));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => new Patient({ thresholds: untyped({ x: 1 }) }));
  });
});

describe('Xid 45', () => {
  it('follows the Xid just before it', () => {
    const patient = new Patient().xid(79).after(500).xid(45);
    const rule = patient.monitor.latestXidRule('GPU-1');
    expect(rule).toMatchObject({ xid: 45, action: 'RESTART_BM', runningLeases: 'revoke' });
    expect(patient.course).toEqual(['lost xid-79']);
  });

  it('alone, or too late, means nothing', () => {
    expect(new Patient().xid(45).state).toBe('ok');
    const patient = new Patient().xid(95).after(1001).xid(45);
    const rule = patient.monitor.latestXidRule('GPU-1');
    expect(rule).toMatchObject({ action: 'WORKFLOW_XID_45', runningLeases: 'keep' });
  });

  it('follows no Xid 45', () => {
    const patient = new Patient().xid(95).after(900).xid(45).after(900).xid(45);
    expect(patient.monitor.latestXidRule('GPU-1')?.action).toBe('WORKFLOW_XID_45');
  });
});

describe('the recovery action', () => {
  it.each([
    [1, 'needs-reset', 'recovery-reset'],
    [2, 'needs-reset', 'recovery-reboot'],
    [3, 'draining', 'recovery-drain-peers'],
    [4, 'draining', 'recovery-drain-and-reset'],
    [5, 'degraded', 'recovery-domain'],
    [6, 'degraded', 'recovery-other'],
  ])('%i: %s', (recoveryAction, state, reason) => {
    const patient = new Patient().reads({ recoveryAction });
    expect(patient.course).toEqual([`${state} ${reason}`]);
    expect(patient.reads({ recoveryAction: 0 }).state).toBe('ok');
  });

  it.each([
    ['Xid 154', 'xid', 154],
    ['the event', 'recovery-action', 0],
  ] as const)('%s says that it changed: it is read, and till then not known', (_, kind, code) => {
    const patient = new Patient()
      .after(5000)
      .reads({ recoveryAction: 0 })
      .after(100)
      .is(kind, code);
    expect(patient.reason).toBe('recovery-unread');
    expect(patient.reads({ recoveryAction: 0 }, 50).reason).toBe('recovery-unread');
    patient.after(1000).reads({ recoveryAction: 4 });
    expect(patient.course).toEqual([
      'degraded recovery-unread',
      'draining recovery-drain-and-reset',
    ]);
  });

  it('that is no longer asked for ends what made the driver ask', () => {
    const patient = new Patient()
      .xid(48)
      .is('recovery-action')
      .after(10)
      .reads({ recoveryAction: 1 });
    expect(patient.reason).toBe('recovery-reset');
    expect(patient.after(10).reads({ recoveryAction: 0 }).state).toBe('ok');
    expect(new Patient().xid(48).reads({ recoveryAction: 0 }).reason).toBe('xid-48');
  });

  it('that an operator has seen to counts again when it changes', () => {
    const patient = new Patient().reads({ recoveryAction: 1 }).cleared();
    expect(patient.reads({ recoveryAction: 1 }).state).toBe('ok');
    expect(patient.reads({ recoveryAction: 2 }).state).toBe('needs-reset');
  });
});

describe('facts', () => {
  it.each([
    ['remappedRowsPending', 'needs-reset remap-pending'],
    ['remappedRowsFailed', 'needs-reset remap-failed'],
    ['retiredPagesPending', 'needs-reset retirement-pending'],
    ['eccVolatileUncorrectedCount', 'degraded ecc-uncorrected'],
  ] as const)('%s holds a condition open while it is so', (fact, course) => {
    const patient = new Patient()
      .reads({ [fact]: 0 })
      .reads({ [fact]: 1 })
      .after(24 * hour);
    patient.reads({}).reads({ [fact]: 1 });
    expect(patient.course).toEqual([course]);
    expect(patient.reads({ [fact]: 0 }).state).toBe('ok');
  });

  it('that an operator has seen to count again when they grow', () => {
    const patient = new Patient().reads({ eccVolatileUncorrectedCount: 2 }).cleared();
    expect(patient.reads({ eccVolatileUncorrectedCount: 2 }).state).toBe('ok');
    expect(patient.reads({ eccVolatileUncorrectedCount: 3 }).state).toBe('degraded');
  });
});

describe('losses', () => {
  it.each([
    [0, 'lost', 'vanished'],
    [4, 'lost', 'no-permission'],
    [8, 'needs-reset', 'power-missing'],
    [11, 'needs-reset', 'interrupt-failed'],
    [14, 'degraded', 'inforom-corrupt'],
    [15, 'lost', 'bus-lost'],
    [16, 'needs-reset', 'reset-required'],
    [17, 'lost', 'access-blocked'],
    [28, 'lost', 'not-found'],
    [999, 'lost', 'unknown-error'],
    [7, 'lost', 'no-answer'],
  ])('nvmlReturn %i: %s', (code, state, reason) => {
    const patient = new Patient().is('device-lost', code);
    expect(patient.course).toEqual([`${state} ${reason}`]);
    expect(patient.cleared().state).toBe(state);
    expect(patient.is('device-returned').state).toBe('ok');
  });

  it('of another kind replace each other', () => {
    const patient = new Patient().is('device-lost', 4).is('device-lost', 15).is('device-returned');
    expect(patient.course).toEqual(['lost no-permission', 'lost bus-lost', 'ok']);
  });

  it('that come three times in a while leave the device degraded for a while', () => {
    const patient = new Patient();
    for (let loss = 0; loss < 3; loss++) {
      patient.after(1000).is('device-lost', 15).after(1000).is('device-returned');
    }
    expect(patient.course).toEqual([
      'lost bus-lost',
      'ok',
      'lost bus-lost',
      'ok',
      'lost bus-lost',
      'degraded flapping',
    ]);
    expect(patient.after(599_000).state).toBe('ok');
  });

  it('are every state that the driver can name, each with its advice', () => {
    for (const name of lossConditions.values()) expect(conditions[name].group).toBe('loss');
    for (const { message, recovery, clearedBy } of Object.values(conditions)) {
      expect(message.length * recovery.length * clearedBy.length).toBeGreaterThan(0);
    }
  });
});

describe('hangs, drivers and removals', () => {
  it('a hung device is hung until its call is back', () => {
    const patient = new Patient().is('device-hung').after(24 * hour);
    expect(patient.state).toBe('hung');
    expect(patient.is('device-answered').course).toEqual(['hung hung', 'ok']);
  });

  it.each([
    [9, 'driver-lost'],
    [18, 'driver-mismatch'],
  ])('a driver that is lost (%i) takes all devices along', (code, reason) => {
    const monitor = new HealthMonitor();
    for (const id of ['GPU-1', 'GPU-2']) monitor.track(id, bootMs);
    const lost = monitor.apply(driverEvent('driver-lost', { monotonicMs: 1, code }));
    expect(lost.map(({ deviceId, health }) => [deviceId, health.state, health.reason])).toEqual([
      ['GPU-1', 'lost', reason],
      ['GPU-2', 'lost', reason],
    ]);
    expect(monitor.apply(driverEvent('driver-lost', { monotonicMs: 2, code }))).toEqual([]);
    expect(monitor.apply(driverEvent('driver-restored', { monotonicMs: 3 }))).toHaveLength(2);
    expect(monitor.healthOf('GPU-2')?.state).toBe('ok');
  });

  it('a driver that is let go of says nothing about health', () => {
    const patient = new Patient().xid(48).is('suspended').is('resumed');
    expect(patient.course).toEqual(['draining xid-48']);
  });

  it('a removed device is lost, and well when it comes back', () => {
    const patient = new Patient().is('device-removed').is('device-added');
    expect(patient.course).toEqual(['lost removed', 'ok']);
  });

  it('remembers the latest 256 devices that went', () => {
    const monitor = new HealthMonitor();
    for (let index = 0; index < 300; index++) {
      const deviceId = `MIG-${index}`;
      monitor.apply(driverEvent('device-added', { deviceId, monotonicMs: index }));
      monitor.apply(driverEvent('device-removed', { deviceId, monotonicMs: index }));
    }
    const known = Array.from({ length: 300 }, (_, index) => monitor.healthOf(`MIG-${index}`));
    expect(known.filter((health) => health !== undefined)).toHaveLength(256);
    expect(monitor.healthOf('MIG-299')?.reason).toBe('removed');
  });

  it.each([
    ['ecc-double-bit', 'draining'],
    ['ecc-storm', 'degraded'],
    ['dram-retirement', 'degraded'],
    ['retirement-failure', 'needs-reset'],
    ['poison', 'degraded'],
    ['fatal-poison', 'needs-reset'],
    ['unavailable', 'needs-reset'],
  ] as const)('the event %s: %s', (kind, state) => {
    const patient = new Patient().is(kind);
    expect(patient.course).toEqual([`${state} ${kind}`]);
    expect(patient.is('device-returned', 1).state).toBe('ok');
  });

  it('other events say nothing about health', () => {
    const patient = new Patient();
    for (const kind of ['clock', 'power-source', 'mig-configuration', 'other'] as const) {
      patient.is(kind, 7);
    }
    expect(patient.changes).toEqual([]);
  });

  it('goes by a policy of its own', () => {
    const policy = resolveXidPolicy({ 79: { effect: 'degraded' } });
    expect(new Patient({ policy }).xid(79).state).toBe('degraded');
  });
});
