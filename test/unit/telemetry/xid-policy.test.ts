import { describe, expect, it } from 'vitest';
import { HealthMonitor } from '../../../lib/telemetry/health.js';
import { healthStates } from '../../../lib/telemetry/health-state.js';
import { xidCatalogue, xidCatalogueVersion } from '../../../lib/telemetry/xid-catalogue.js';
import {
  actionAdvice,
  resolveXidPolicy,
  xidActions,
  xidRule,
} from '../../../lib/telemetry/xid-policy.js';
import { untyped } from '../../support/cluster.js';
import { refusal } from '../../support/refusal.js';

/** What one Xid alone must come to: action, new leases, running leases, whose, state, meanwhile. */
type Expected = readonly [
  xids: readonly number[],
  action: string,
  newLeases: string,
  runningLeases: string,
  scope: string,
  state: string,
];

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** NVIDIA's catalogue and our policy, written down beside the implementation, not from it. */
const table: readonly Expected[] = [
  [[13, 31], 'RESTART_APP', 'keep', 'notify', 'owner', 'ok'],
  [
    [8, 11, 25, 32, 39, 40, 41, 60, ...range(68, 72), 75, 76, 77, 80, ...range(82, 86), 88, 89],
    'RESTART_APP',
    'keep',
    'notify',
    'owner',
    'ok',
  ],
  [[...range(96, 105), ...range(126, 135), 139], 'RESTART_APP', 'keep', 'notify', 'owner', 'ok'],
  [
    [37, 38, 43, 44, 66, 67, 93, 106, 107, 121, 137, 141, 152, 153, 157, 160, 161],
    'IGNORE',
    'keep',
    'keep',
    'device',
    'ok',
  ],
  [[45], 'WORKFLOW_XID_45', 'keep', 'keep', 'device', 'ok'],
  [[63, 92], 'IGNORE', 'keep', 'keep', 'device', 'degraded'],
  [[64], 'RESET_GPU', 'stop', 'drain', 'device', 'needs-reset'],
  [[48], 'WORKFLOW_XID_48', 'stop', 'drain', 'device', 'draining'],
  [[94], 'RESTART_APP', 'pause', 'revoke', 'owner', 'draining'],
  [[95], 'RESET_GPU', 'stop', 'revoke', 'device', 'needs-reset'],
  [[74], 'WORKFLOW_NVLINK_ERR', 'stop', 'notify', 'links', 'degraded'],
  [range(144, 150), 'WORKFLOW_NVLINK5_ERR', 'stop', 'notify', 'links', 'degraded'],
  [
    [46, 62, 109, 110, 119, 120, 136, 140, 143, 155, 156, 158],
    'RESET_GPU',
    'stop',
    'revoke',
    'device',
    'needs-reset',
  ],
  [[79], 'RESTART_BM', 'stop', 'revoke', 'device', 'lost'],
  [[54], 'CHECK_MECHANICALS', 'keep', 'notify', 'device', 'degraded'],
  [[78], 'UPDATE_SWFW', 'keep', 'notify', 'device', 'degraded'],
  [[142], 'CONTACT_SUPPORT', 'keep', 'notify', 'device', 'degraded'],
  [[151], 'RESTART_VM', 'keep', 'notify', 'device', 'degraded'],
  [[154], 'XID_154', 'keep', 'notify', 'device', 'degraded'],
  [[159], 'CHECK_UVM', 'keep', 'notify', 'device', 'degraded'],
];
const listed = table.flatMap(([xids]) => xids);
const hazards = [119, 120];

function healthAfter(xid: number, policy = resolveXidPolicy()) {
  const monitor = new HealthMonitor({ policy });
  monitor.track('GPU-1', 0);
  const at = { sequence: 1, timestampMs: 1000, monotonicMs: 10, count: 1 };
  const changes = monitor.apply({ ...at, kind: 'xid', deviceId: 'GPU-1', code: xid });
  return { changes, monitor, health: monitor.healthOf('GPU-1') };
}

describe('the Xid policy', () => {
  it.each(table)('%j: %s, new leases %s, running %s of %s, %s', (xids, ...expected) => {
    const [action, newLeases, runningLeases, scope, state] = expected;
    for (const xid of xids) {
      const rule = xidRule(resolveXidPolicy(), xid);
      expect(rule, `Xid ${xid}`).toMatchObject({ xid, action, newLeases, runningLeases, scope });
      expect(rule.stopCalls === true, `Xid ${xid} stops calls`).toBe(hazards.includes(xid));
      const { health, changes, monitor } = healthAfter(xid);
      expect(health?.state, `Xid ${xid}`).toBe(state);
      expect(changes, `Xid ${xid}`).toHaveLength(state === 'ok' ? 0 : 1);
      expect(monitor.callsMayHang('GPU-1')).toBe(hazards.includes(xid));
      const told = { newLeases, runningLeases, scope };
      if (health?.reason === `xid-${xid}`) expect(health.leases, `Xid ${xid}`).toEqual(told);
    }
  });

  it('has each row of the reference once, and no other', () => {
    const rows = xidCatalogue.map(({ xid }) => xid);
    expect(new Set(listed).size).toBe(listed.length);
    expect(rows.toSorted((a, b) => a - b)).toEqual(listed.toSorted((a, b) => a - b));
    expect(resolveXidPolicy().version).toBe(xidCatalogueVersion);
  });

  it('has a row for all that it does not know: degraded, and never silent', () => {
    const unknown = [...range(0, 200), 999].filter((xid) => !listed.includes(xid));
    expect(unknown).toContain(14);
    for (const xid of unknown) {
      const rule = xidRule(resolveXidPolicy(), xid);
      expect(rule).toMatchObject({ xid, newLeases: 'keep', runningLeases: 'notify' });
      const { health } = healthAfter(xid);
      expect(health).toMatchObject({ state: 'degraded', reason: `xid-${xid}`, xid });
    }
  });

  it('gives every action an advice, and knows no state but those of health', () => {
    expect(Object.keys(actionAdvice).toSorted()).toEqual([...xidActions].toSorted());
    const states: readonly string[] = healthStates;
    for (const [, , , , , state] of table) expect(states).toContain(state);
  });

  it('cannot be changed by who got it', () => {
    const rule = xidRule(resolveXidPolicy(), 79);
    expect(() => Object.assign(rule, { effect: 'none' })).toThrow(TypeError);
    expect(() => Object.assign(rule.clearedBy, { 0: 'quiet' })).toThrow(TypeError);
  });
});

describe('overrides of the Xid policy', () => {
  it('replace columns of a row and leave the others', () => {
    const policy = resolveXidPolicy({ 63: { effect: 'none' }, 13: { newLeases: 'pause' } });
    expect(healthAfter(63, policy).health?.state).toBe('ok');
    expect(xidRule(policy, 13)).toMatchObject({ newLeases: 'pause', action: 'RESTART_APP' });
    expect(xidRule(policy, 79)).toEqual(xidRule(resolveXidPolicy(), 79));
  });

  it('bring the usual ends of another effect along, unless they name ends', () => {
    const policy = resolveXidPolicy({
      94: { effect: 'needs-reset' },
      95: { effect: 'degraded', clearedBy: ['operator'] },
    });
    expect(xidRule(policy, 94).clearedBy).not.toContain('quiet');
    expect(xidRule(policy, 95).clearedBy).toEqual(['operator']);
  });

  it('make rows for Xids that have none, from the row of unknown ones', () => {
    const policy = resolveXidPolicy({
      unknown: { effect: 'none', meaning: 'not ours' },
      162: { newLeases: 'stop' },
    });
    expect(healthAfter(170, policy).health?.state).toBe('ok');
    expect(xidRule(policy, 162)).toMatchObject({ newLeases: 'stop', meaning: 'not ours' });
  });

  it('are refused with the path of what is wrong', () => {
    const refused = (overrides: unknown) => () => resolveXidPolicy(untyped(overrides));
    expect(refusal('ERR_GPU_UNKNOWN_OPTION', refused({ seven: {} }))).toContain('"seven"');
    expect(refusal('ERR_GPU_UNKNOWN_OPTION', refused({ '-1': {} }))).toContain('"-1"');
    expect(refusal('ERR_GPU_UNKNOWN_OPTION', refused({ 79: { state: 'lost' } }))).toContain('.79');
    expect(refusal('ERR_GPU_OUT_OF_RANGE', refused({ 79: { effect: 'gone' } }))).toContain(
      'xidPolicy.79.effect',
    );
    expect(refusal('ERR_GPU_OUT_OF_RANGE', refused({ 8: { clearedBy: ['luck'] } }))).toContain(
      'xidPolicy.8.clearedBy[0]',
    );
    refusal('ERR_GPU_INVALID_TYPE', refused({ 79: { stopCalls: 1 } }));
    refusal('ERR_GPU_INVALID_TYPE', refused([]));
    refusal('ERR_GPU_INVALID_TYPE', refused({ 79: null }));
  });
});
