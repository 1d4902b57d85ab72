import { describe, expect, it } from 'vitest';
import { revokeFor } from '../../../lib/leases/revocation.js';
import type { ClusterEvent } from '../../../lib/telemetry/cluster-events.js';
import type { LeaseTreatment } from '../../../lib/telemetry/health-state.js';
import { resolveXidPolicy, xidRule } from '../../../lib/telemetry/xid-policy.js';
import { LeaseRig } from '../../support/lease-rig.js';
import { SharedLedger } from '../../support/shared-ledger.js';

function healthOf(deviceId: string, leases: Partial<LeaseTreatment>): ClusterEvent {
  const treatment = { newLeases: 'stop', runningLeases: 'revoke', scope: 'device' } as const;
  const previous = { state: 'ok', sinceMs: 0 } as const;
  const health = {
    state: 'lost',
    reason: 'vanished',
    message: 'gone',
    sinceMs: 1,
    leases: { ...treatment, ...leases },
  } as const;
  return { type: 'health', deviceId, health, previous, timestampMs: 1 };
}

function xid(deviceId: string, code: number): ClusterEvent {
  const rule = xidRule(resolveXidPolicy(), code);
  return { type: 'xid', deviceId, xid: code, rule, count: 1, timestampMs: 1 };
}

function held() {
  const rig = new LeaseRig();
  for (const id of ['a', 'b', 'c']) rig.record(id, 10);
  return {
    rig,
    alone: rig.acquire({ deviceIds: ['a'] }),
    gang: rig.acquire({ deviceIds: ['a', 'b'], count: 2 }),
    other: rig.acquire({ deviceIds: ['c'] }),
    token: rig.desk.tryAcquireToken({ deviceIds: ['a'] }),
  };
}

describe('what happens to a device', () => {
  it.each([
    ['ends every lease on it', healthOf('a', {}), [true, true, false, true]],
    ['ends those over several', healthOf('a', { scope: 'links' }), [false, true, false, false]],
    ['ends none', healthOf('a', { runningLeases: 'drain' }), [false, false, false, false]],
    ['ends none', healthOf('a', { runningLeases: 'notify' }), [false, false, false, false]],
    ['does not say whose', healthOf('a', { scope: 'owner' }), [false, false, false, false]],
    ['leaves no doubt whose', healthOf('c', { scope: 'owner' }), [false, false, true, false]],
    ['is none of ours', healthOf('z', {}), [false, false, false, false]],
    ['is Xid 79', xid('a', 79), [true, true, false, true]],
    ['is Xid 95', xid('b', 95), [false, true, false, false]],
    ['is Xid 13', xid('a', 13), [false, false, false, false]],
  ])('%s', (_, event, expected) => {
    const { rig, alone, gang, other, token } = held();
    revokeFor(event, rig.desk.book);
    const hasToken = rig.desk.book.live.tokens.get(token) !== undefined;
    const over = [alone.released, gang.released, other.released, !hasToken];
    expect(over).toEqual(expected);
    const revoked = over.slice(0, 3).filter((isOver) => isOver).length;
    expect(rig.told.filter(({ type }) => type === 'lease-revoked')).toHaveLength(revoked);
    expect(rig.desk.book.live.count).toBe(over.filter((isOver) => !isOver).length);
    // Told again, it ends nothing more.
    revokeFor(event, rig.desk.book);
    expect(rig.told).toHaveLength(revoked);
  });

  it('leaves doubt whose where another environment has leases as well', () => {
    const shared = new SharedLedger();
    const [rig, other] = [new LeaseRig({ shared }), new LeaseRig({ shared })];
    const lease = rig.acquire({ deviceIds: ['a'] });
    expect(rig.desk.status().devices[0]?.leaseCount).toBe(1);
    const others = other.acquire({ deviceIds: ['a'] });
    revokeFor(healthOf('a', { scope: 'owner' }), rig.desk.book);
    expect(lease.released).toBe(false);
    others.release();
    revokeFor(healthOf('a', { scope: 'owner' }), rig.desk.book);
    expect(lease.released).toBe(true);
  });

  it('takes a gang from all of its devices', () => {
    const { rig } = held();
    revokeFor(healthOf('b', {}), rig.desk.book);
    rig.expectRow('b', { leaseCount: 0, inFlight: 0 });
    rig.expectRow('a', { leaseCount: 2, inFlight: 128 });
  });
});
