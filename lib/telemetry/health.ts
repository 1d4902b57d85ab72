import { readNumber, readOptions } from '../arguments.js';
import type { DriverEvent } from './cluster-events.js';
import { conditionKinds, factConditions, lossConditions } from './health-conditions.js';
import { HealthRecord } from './health-record.js';
import type {
  DeviceFacts,
  DeviceHealth,
  HealthChange,
  HealthReason,
  HeldFact,
  Moment,
} from './health-state.js';
import { resolveXidPolicy, type XidPolicy, type XidRule, xidRule } from './xid-policy.js';

export interface HealthThresholds {
  /** Application faults (Xid 13, 31) within the window that make a device suspect. */
  readonly applicationFaults: number;
  readonly applicationFaultWindowMs: number;
  /** Losses within the window after which a device comes back degraded, as flapping. */
  readonly flaps: number;
  readonly flapWindowMs: number;
  /** How long nothing of the kind may come until a condition that quiet ends is over. */
  readonly quietHoldMs: number;
  /**
   * Faults of applications this close after the first count as one fault, as one crash reports
   * itself many times; an Xid 45 this close after another Xid follows that one.
   */
  readonly burstMs: number;
}

export const defaultHealthThresholds: HealthThresholds = Object.freeze({
  applicationFaults: 3,
  applicationFaultWindowMs: 600_000,
  flaps: 3,
  flapWindowMs: 600_000,
  quietHoldMs: 600_000,
  burstMs: 1_000,
});

export interface HealthMonitorOptions {
  readonly policy?: XidPolicy;
  readonly thresholds?: Partial<HealthThresholds>;
}

/** Removed devices that are remembered: MIG instances come and go with new ids for ever. */
const mostRemoved = 256;

const driverMismatch = 18;

/**
 * Makes the health of each device out of the driver's facts. Pure: no timer, no clock of its own;
 * whoever owns it applies each event in order and ticks about once a second.
 */
export class HealthMonitor {
  readonly #policy: XidPolicy;
  readonly #thresholds: HealthThresholds;
  readonly #records = new Map<string, HealthRecord>();
  readonly #removed = new Set<string>();
  constructor({ policy = resolveXidPolicy(), thresholds }: HealthMonitorOptions = {}) {
    this.#policy = policy;
    this.#thresholds = readHealthThresholds(thresholds);
  }

  /** Makes a device known, as ok since then; nothing for one that is known. */
  track(deviceId: string, nowMs: number): void {
    this.#recordOf(deviceId, nowMs);
  }

  /** Undefined for a device that was never heard of. */
  healthOf(deviceId: string): DeviceHealth | undefined {
    return this.#records.get(deviceId)?.health;
  }

  /** All that is wrong with a device, the oldest first; the worst of it is its health. */
  reasonsOf(deviceId: string): readonly HealthReason[] {
    return this.#records.get(deviceId)?.reasons ?? [];
  }

  /** What is wrong with it says that calls about it may hang (Xid 119, 120). */
  callsMayHang(deviceId: string): boolean {
    return this.#records.get(deviceId)?.callsMayHang ?? false;
  }

  /** The rule that held for the latest Xid of the device: Xid 45 has that of the Xid it follows. */
  latestXidRule(deviceId: string): XidRule | undefined {
    return this.#records.get(deviceId)?.reportedXid;
  }

  apply(event: DriverEvent): readonly HealthChange[] {
    if (event.deviceId === undefined) {
      this.#applyToAll(event);
      return this.#settleAll(event.timestampMs);
    }
    const record = this.#recordOf(event.deviceId, event.timestampMs);
    this.#applyTo(record, event);
    if (event.kind === 'device-removed') this.#forgetOldest(event.deviceId);
    if (event.kind === 'device-added') this.#removed.delete(event.deviceId);
    return this.#settle(event.deviceId, event.timestampMs);
  }

  /** Takes in facts; absent ones are unknown and change nothing. */
  observe(deviceId: string, facts: DeviceFacts, { timestampMs }: Moment): readonly HealthChange[] {
    const record = this.#recordOf(deviceId, timestampMs);
    for (const name of factNames) {
      const fact = facts[name];
      if (fact !== undefined) record.holdFact(name, fact);
    }
    if (facts.recoveryAction !== undefined) record.setRecoveryAction(facts.recoveryAction);
    return this.#settle(deviceId, timestampMs);
  }

  /** Ends what was quiet for the hold. */
  tick({ timestampMs, monotonicMs }: Moment): readonly HealthChange[] {
    for (const record of this.#records.values()) {
      record.clearQuiet(monotonicMs - this.#thresholds.quietHoldMs);
    }
    return this.#settleAll(timestampMs);
  }

  /**
   * An operator has seen to the device, or to one condition of it. Ends all but what is plainly
   * so still: a device that does not answer stays lost or hung. A fact that stays as it was opens
   * its condition no more; when it changes, it does.
   */
  clear(
    deviceId: string,
    options: { readonly timestampMs: number; readonly reason?: HealthReason | undefined },
  ): readonly HealthChange[] {
    this.#records.get(deviceId)?.acknowledge(options.reason);
    return this.#settle(deviceId, options.timestampMs);
  }

  #applyToAll({ kind, code, monotonicMs }: DriverEvent): void {
    for (const record of this.#records.values()) {
      if (kind === 'driver-restored') record.end(['driver-restart'], monotonicMs);
      if (kind !== 'driver-lost') continue;
      record.open(code === driverMismatch ? 'driver-mismatch' : 'driver-lost', monotonicMs);
    }
  }

  #applyTo(record: HealthRecord, event: DriverEvent): void {
    const { kind, code, monotonicMs } = event;
    const name = conditionKinds.find((condition) => condition === kind);
    if (name !== undefined) record.open(name, monotonicMs);
    else if (kind === 'xid') this.#applyXid(record, event);
    else if (kind === 'recovery-action') record.open('recovery-unread', monotonicMs);
    else if (kind === 'device-lost') this.#lose(record, event);
    else if (kind === 'device-removed') this.#remove(record, monotonicMs);
    else if (kind === 'device-hung') record.open('hung', monotonicMs);
    else if (kind === 'device-answered') record.end(['answer'], monotonicMs);
    else if (kind === 'device-returned' || kind === 'device-added') {
      record.end(code === 1 ? ['return', 'reset'] : ['return'], monotonicMs);
    }
  }

  /** Lost at once; the loss that makes one too many is remembered beyond the return. */
  #lose(record: HealthRecord, { code, monotonicMs }: DriverEvent): void {
    const { flaps, flapWindowMs } = this.#thresholds;
    const wasLost = record.isLost;
    record.open(lossConditions.get(code) ?? 'no-answer', monotonicMs);
    if (wasLost) return;
    record.lossesMs = recent([...record.lossesMs, monotonicMs], monotonicMs - flapWindowMs, flaps);
    if (record.lossesMs.length >= flaps) record.open('flapping', monotonicMs);
  }

  /** A poll may have met it in the middle of that, which was no loss. */
  #remove(record: HealthRecord, monotonicMs: number): void {
    record.lossesMs = [];
    record.close('flapping');
    record.open('removed', monotonicMs);
  }

  #applyXid(record: HealthRecord, { code: xid, monotonicMs }: DriverEvent): void {
    const rule = xidRule(this.#policy, xid);
    record.reportedXid = rule;
    if (rule.effect === 'preceding') {
      this.#followXid(record, rule, monotonicMs);
      return;
    }
    record.latestXid = { rule, monotonicMs };
    if (rule.effect === 'suspect') this.#countFault(record, monotonicMs);
    else if (rule.effect === 'recovery-action') record.open('recovery-unread', monotonicMs);
    else record.openXid(rule, monotonicMs);
  }

  #followXid(record: HealthRecord, rule: XidRule, monotonicMs: number): void {
    const preceding = record.latestXid;
    if (preceding === undefined) return;
    if (monotonicMs - preceding.monotonicMs > this.#thresholds.burstMs) return;
    record.reportedXid = { ...preceding.rule, xid: rule.xid, meaning: rule.meaning };
    record.refresh(`xid-${preceding.rule.xid}`, monotonicMs);
  }

  #countFault(record: HealthRecord, monotonicMs: number): void {
    const { applicationFaults, applicationFaultWindowMs, burstMs } = this.#thresholds;
    const begins = record.applicationFaultsMs;
    const latestMs = begins.at(-1);
    record.refresh('suspect', monotonicMs);
    if (latestMs !== undefined && monotonicMs - latestMs < burstMs) return;
    const sinceMs = monotonicMs - applicationFaultWindowMs;
    record.applicationFaultsMs = recent([...begins, monotonicMs], sinceMs, applicationFaults);
    if (record.applicationFaultsMs.length >= applicationFaults) {
      record.open('suspect', monotonicMs);
    }
  }

  #recordOf(deviceId: string, nowMs: number): HealthRecord {
    const known = this.#records.get(deviceId);
    if (known !== undefined) return known;
    const record = new HealthRecord(nowMs);
    this.#records.set(deviceId, record);
    return record;
  }

  #forgetOldest(removedId: string): void {
    this.#removed.add(removedId);
    const [oldest] = this.#removed;
    if (oldest === undefined || this.#removed.size <= mostRemoved) return;
    this.#removed.delete(oldest);
    this.#records.delete(oldest);
  }

  #settleAll(nowMs: number): readonly HealthChange[] {
    return [...this.#records.keys()].flatMap((deviceId) => this.#settle(deviceId, nowMs));
  }

  #settle(deviceId: string, nowMs: number): readonly HealthChange[] {
    const record = this.#records.get(deviceId);
    const previous = record?.health;
    if (record === undefined || previous === undefined || !record.settle(nowMs)) return [];
    return [{ deviceId, health: record.health, previous, timestampMs: nowMs }];
  }
}

const factNames = Object.keys(factConditions) as HeldFact[];

/** Those after `sinceMs`, at most the newest `limit`. */
function recent(timesMs: readonly number[], sinceMs: number, limit: number): number[] {
  return timesMs.filter((timeMs) => timeMs > sinceMs).slice(-limit);
}

/** Those given, and the default of each other one. @throws TypeError, RangeError */
export function readHealthThresholds(
  thresholds: unknown,
  what = 'healthThresholds',
): HealthThresholds {
  const names = Object.keys(defaultHealthThresholds) as (keyof HealthThresholds)[];
  const given = readOptions(thresholds, names, what);
  const entries = names.map((name) => {
    const value = given.get(name) ?? defaultHealthThresholds[name];
    const rule = name.endsWith('Ms') ? { minimum: 0 } : { minimum: 1, integer: true as const };
    return [name, readNumber(value, `${what}.${name}`, rule)];
  });
  return Object.fromEntries(entries);
}
