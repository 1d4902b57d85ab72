import { describe, expectTypeOf, it } from 'vitest';
import type {
  ClusterEvent,
  ClusterEventOf,
  DeviceHealth,
  ErrorCode,
  GPUClusteringManager,
  HealthState,
  LeaseTreatment,
  OpenOptions,
  SelectionReasonCode,
  XidRule,
} from '../../lib/index.js';

type Manager = GPUClusteringManager;

describe('events', () => {
  it('are told apart by their type', () => {
    expectTypeOf<ReturnType<Manager['events']>>().toEqualTypeOf<
      AsyncIterableIterator<ClusterEvent>
    >();
    expectTypeOf<ClusterEventOf<'health'>['health']>().toEqualTypeOf<DeviceHealth>();
    expectTypeOf<ClusterEventOf<'health'>['deviceId']>().toEqualTypeOf<string>();
    expectTypeOf<ClusterEventOf<'xid'>['rule']>().toEqualTypeOf<XidRule>();
    expectTypeOf<XidRule>().toExtend<LeaseTreatment>();
    expectTypeOf<ClusterEventOf<'lease-revoked'>['code']>().toEqualTypeOf<ErrorCode>();
    expectTypeOf<ClusterEventOf<'lease-leaked'>['deviceIds']>().toEqualTypeOf<readonly string[]>();
    expectTypeOf<ClusterEventOf<'dropped'>['count']>().toEqualTypeOf<number>();
  });

  it('reach listeners of their own type', (_context, manager?: Manager) => {
    manager?.emitter.on('xid', (event) => {
      expectTypeOf(event).toEqualTypeOf<ClusterEventOf<'xid'>>();
    });
    manager?.emitter.once('event', (event) => {
      expectTypeOf(event).toEqualTypeOf<ClusterEvent>();
    });
    // @ts-expect-error: there is no such event
    manager?.emitter.on('error', () => {});
  });
});

describe('health', () => {
  it('is unknown on a manual cluster, and says what it means', () => {
    expectTypeOf<ReturnType<Manager['getHealth']>>().toEqualTypeOf<DeviceHealth | undefined>();
    expectTypeOf<HealthState>().toEqualTypeOf<
      'ok' | 'degraded' | 'draining' | 'needs-reset' | 'hung' | 'lost'
    >();
    expectTypeOf<DeviceHealth['leases']>().toEqualTypeOf<LeaseTreatment | undefined>();
  });

  it('goes by a policy that can be overridden', () => {
    expectTypeOf<{
      xidPolicy: { 79: { effect: 'degraded' }; unknown: { effect: 'none' } };
      healthThresholds: { flaps: 5 };
    }>().toExtend<OpenOptions>();
    expectTypeOf<{ xidPolicy: { 79: { effect: 'gone' } } }>().not.toExtend<OpenOptions>();
  });

  it('bars from selection with a reason', () => {
    expectTypeOf<'unhealthy' | 'unavailable' | 'mig-parent'>().toExtend<SelectionReasonCode>();
  });
});
