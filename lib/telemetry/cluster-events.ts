import type { ErrorCode } from '../errors.js';
import type { HealthChange, Moment } from './health-state.js';
import type { XidRule } from './xid-policy.js';

export const driverEventKinds = [
  'device-lost',
  'device-returned',
  'device-hung',
  'device-answered',
  'device-added',
  'device-removed',
  'driver-lost',
  'driver-restored',
  'suspended',
  'resumed',
  'xid',
  'ecc-single-bit',
  'ecc-double-bit',
  'performance-state',
  'clock',
  'power-source',
  'mig-configuration',
  'ecc-storm',
  'dram-retirement',
  'retirement-failure',
  'poison',
  'fatal-poison',
  'unavailable',
  'recovery-action',
  'events-dropped',
  'other',
] as const;
Object.freeze(driverEventKinds);

export type DriverEventKind = (typeof driverEventKinds)[number];

/** A fact of the native side, which holds no policy. Facts come in the order of `sequence`. */
export interface DriverEvent extends Moment {
  /** 1, 2, ... What lies in a gap was lost. */
  readonly sequence: number;
  readonly kind: DriverEventKind;
  /** Absent: about the driver as a whole. */
  readonly deviceId?: string;
  /**
   * What the kind says it is: the Xid; the nvmlReturn of device-lost (0: gone from the driver's
   * count) and driver-lost; 1 where device-returned or device-added follows a reset, 0 where that
   * is not known. Of the driver's other events it is 0 by NVML's word: that a recovery action has
   * changed is told, and what it is now is to be read.
   */
  readonly code: number;
  /** Equal ones that became this one, at least 1. */
  readonly count: number;
}

interface EventBase {
  /** Unix. */
  readonly timestampMs: number;
}

/** The state of a device, or the reason for it, is another one now. */
export interface HealthEvent extends EventBase, HealthChange {
  readonly type: 'health';
}

/**
 * The driver reported an Xid. The rule says what becomes of leases; whether the device's health is
 * another one now, a 'health' event after this one.
 */
export interface XidEvent extends EventBase {
  readonly type: 'xid';
  /** Absent: the driver named no device that it lists. */
  readonly deviceId?: string;
  readonly xid: number;
  /** What the policy says; for an Xid that follows another one, what it says of that. */
  readonly rule: XidRule;
  readonly count: number;
}

export interface DeviceSetEvent extends EventBase {
  readonly type: 'device-added' | 'device-removed';
  readonly deviceId: string;
}

export interface DriverLostEvent extends EventBase {
  readonly type: 'driver-lost';
  /** Absent when the driver gave none. */
  readonly nvmlReturn?: number;
}

export interface LifecycleEvent extends EventBase {
  readonly type: 'driver-restored' | 'suspended' | 'resumed';
}

/**
 * A lease of this manager ended because of one of its devices. Its `signal` is aborted with an
 * error of the same code.
 */
export interface LeaseRevokedEvent extends EventBase {
  readonly type: 'lease-revoked';
  /** All devices of the lease. */
  readonly deviceIds: readonly string[];
  readonly code: ErrorCode;
  readonly message: string;
}

/** A lease of this manager was collected as garbage without having been released. It is now. */
export interface LeaseLeakedEvent extends EventBase {
  readonly type: 'lease-leaked';
  readonly deviceIds: readonly string[];
  readonly message: string;
}

/** Events were lost here, at this place of the order. */
export interface DroppedEvent extends EventBase {
  readonly type: 'dropped';
  readonly count: number;
}

/** What the driver mentions besides. */
export type NoticeKind = Exclude<
  DriverEventKind,
  | 'device-lost'
  | 'device-returned'
  | 'device-hung'
  | 'device-answered'
  | 'xid'
  | 'events-dropped'
  | DeviceSetEvent['type']
  | DriverLostEvent['type']
  | LifecycleEvent['type']
>;

export interface NoticeEvent extends EventBase {
  readonly type: 'notice';
  readonly kind: NoticeKind;
  readonly deviceId?: string;
  /** What the driver gave, 0 when nothing. */
  readonly code: number;
  readonly count: number;
}

export type ClusterEvent =
  | HealthEvent
  | XidEvent
  | DeviceSetEvent
  | DriverLostEvent
  | LifecycleEvent
  | LeaseRevokedEvent
  | LeaseLeakedEvent
  | DroppedEvent
  | NoticeEvent;

export type ClusterEventOf<T extends ClusterEvent['type']> = Extract<
  ClusterEvent,
  { readonly type: T }
>;
