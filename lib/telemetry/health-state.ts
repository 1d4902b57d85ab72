/** From best to worst. Of several open conditions the worst one is the device's state. */
export const healthStates = ['ok', 'degraded', 'draining', 'needs-reset', 'hung', 'lost'] as const;
Object.freeze(healthStates);

/**
 * - `degraded`: works, with something to look after.
 * - `draining`: running work may end, no new work should begin.
 * - `needs-reset`: nothing to be expected of it before a reset.
 * - `hung`: a driver call about it does not return.
 * - `lost`: the driver does not answer for it.
 */
export type HealthState = (typeof healthStates)[number];

/**
 * What ends a condition.
 * - `answer`: the call that hung returned. `return`: the device answers again.
 * - `reset`: it does so after a reset that was verified. `driver-restart`: the driver is back.
 * - `recovery-action`: the driver had asked for a recovery action and no longer does.
 * - `quiet`: nothing of the kind for the hold. `operator`: `clear()`.
 */
export const clearings = [
  'answer',
  'return',
  'reset',
  'driver-restart',
  'recovery-action',
  'quiet',
  'operator',
] as const;
Object.freeze(clearings);

export type Clearing = (typeof clearings)[number];

export const newLeaseWords = ['keep', 'pause', 'stop'] as const;
export const runningLeaseWords = ['keep', 'notify', 'drain', 'revoke'] as const;
export const leaseScopes = ['owner', 'device', 'links'] as const;
Object.freeze(newLeaseWords);
Object.freeze(runningLeaseWords);
Object.freeze(leaseScopes);

/** What becomes of the right to use a device. */
export interface LeaseTreatment {
  /** `pause`: none until the trouble is over, which it may soon be. */
  readonly newLeases: (typeof newLeaseWords)[number];
  /** `drain`: told to come to an end in their own time. */
  readonly runningLeases: (typeof runningLeaseWords)[number];
  /**
   * Whose leases: of the one whose work failed (new ones: of the device), of all on the device, or
   * only those, running and new, that span several devices.
   */
  readonly scope: (typeof leaseScopes)[number];
}

export type ConditionName =
  | 'vanished'
  | 'bus-lost'
  | 'not-found'
  | 'no-permission'
  | 'access-blocked'
  | 'unknown-error'
  | 'no-answer'
  | 'reset-required'
  | 'interrupt-failed'
  | 'power-missing'
  | 'inforom-corrupt'
  | 'removed'
  | 'hung'
  | 'driver-lost'
  | 'driver-mismatch'
  | 'flapping'
  | 'suspect'
  | 'recovery-unread'
  | 'recovery-reset'
  | 'recovery-reboot'
  | 'recovery-drain-peers'
  | 'recovery-drain-and-reset'
  | 'recovery-domain'
  | 'recovery-other'
  | 'ecc-uncorrected'
  | 'ecc-double-bit'
  | 'ecc-storm'
  | 'remap-pending'
  | 'remap-failed'
  | 'retirement-pending'
  | 'dram-retirement'
  | 'retirement-failure'
  | 'poison'
  | 'fatal-poison'
  | 'unavailable';

/** Stable; `xid-79` is an Xid that the policy gives a state of its own. */
export type HealthReason = ConditionName | `xid-${number}`;

export interface DeviceHealth {
  readonly state: HealthState;
  /** Absent: ok. So are message, recovery and leases. */
  readonly reason?: HealthReason;
  readonly message?: string;
  /** What an operator can do about it. */
  readonly recovery?: string;
  readonly leases?: LeaseTreatment;
  /** Unix: since when it is in this state for this reason. */
  readonly sinceMs: number;
  /** The Xid, where one is the reason. */
  readonly xid?: number;
}

/** Exactly one for each change of the state or of the reason. */
export interface HealthChange {
  readonly deviceId: string;
  readonly health: DeviceHealth;
  readonly previous: DeviceHealth;
  /** Unix. */
  readonly timestampMs: number;
}

/** One time on two clocks. */
export interface Moment {
  /** Unix, a label. */
  readonly timestampMs: number;
  /** CLOCK_MONOTONIC: what durations are counted in. */
  readonly monotonicMs: number;
}

/** What a slow reading says; a flag counts as 1. */
export interface Fact {
  readonly value: number;
  /** When it was read, on the monotonic clock. */
  readonly monotonicMs: number;
}

/**
 * Slow facts of a device, absent where unknown. No rule reads the count of corrected errors: a rate
 * too high is the driver's to tell, by Xid 92 or ecc-storm.
 */
export interface DeviceFacts {
  readonly recoveryAction?: Fact | undefined;
  readonly remappedRowsPending?: Fact | undefined;
  readonly remappedRowsFailed?: Fact | undefined;
  readonly retiredPagesPending?: Fact | undefined;
  /** Since the last reset. */
  readonly eccVolatileUncorrectedCount?: Fact | undefined;
}

export type HeldFact = Exclude<keyof DeviceFacts, 'recoveryAction'>;
