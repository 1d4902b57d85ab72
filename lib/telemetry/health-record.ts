import {
  type Condition,
  conditions,
  factConditions,
  recoveryConditions,
  usualLeases,
} from './health-conditions.js';
import {
  type Clearing,
  type ConditionName,
  type DeviceHealth,
  type Fact,
  type HealthReason,
  type HeldFact,
  healthStates,
  type LeaseTreatment,
} from './health-state.js';
import { actionAdvice, type XidRule } from './xid-policy.js';

interface OpenCondition extends Condition {
  readonly reason: HealthReason;
  readonly leases: LeaseTreatment;
  readonly xid?: number;
  readonly stopCalls?: boolean | undefined;
  /** When it was last heard of; what quiet is counted from. */
  lastMonotonicMs: number;
}

type FactName = HeldFact | 'recoveryAction';

/** The Xid that an Xid 45 after it follows. */
export interface LatestXid {
  readonly rule: XidRule;
  readonly monotonicMs: number;
}

type XidState = Condition['state'] & XidRule['effect'];

const xidStates: readonly XidRule['effect'][] = ['degraded', 'draining', 'needs-reset', 'lost'];

function isState(effect: XidRule['effect']): effect is XidState {
  return xidStates.includes(effect);
}

function recoveryCondition(action: number): ConditionName {
  return recoveryConditions[action] ?? 'recovery-other';
}

function severity({ state }: Condition): number {
  return healthStates.indexOf(state);
}

/** What is known about the health of one device: its open conditions, and what may open more. */
export class HealthRecord {
  readonly #open = new Map<HealthReason, OpenCondition>();
  #health: DeviceHealth;
  /** Begins of episodes of application faults, oldest first. */
  applicationFaultsMs: number[] = [];
  lossesMs: number[] = [];
  latestXid: LatestXid | undefined;
  /** The rule that held for the latest Xid of all, those that follow another included. */
  reportedXid: XidRule | undefined;
  readonly #facts = new Map<FactName, number>();
  /** The values at which an operator cleared them: they open nothing until they change. */
  readonly #acknowledged = new Map<FactName, number>();
  /** When each kind of end came last. What is older and comes to light later opens nothing. */
  readonly #endsMs = new Map<Clearing, number>();

  constructor(nowMs: number) {
    this.#health = Object.freeze({ state: 'ok', sinceMs: nowMs });
  }

  get health(): DeviceHealth {
    return this.#health;
  }

  /** What is wrong says that calls about the device may hang. */
  get callsMayHang(): boolean {
    return [...this.#open.values()].some(({ stopCalls }) => stopCalls === true);
  }

  get isLost(): boolean {
    return [...this.#open.values()].some(({ group }) => group === 'loss');
  }

  /** For tests and for people: the reasons of all open conditions, the oldest first. */
  get reasons(): readonly HealthReason[] {
    return [...this.#open.keys()];
  }

  open(name: ConditionName, monotonicMs: number): void {
    const condition = conditions[name];
    if (this.#isOver(condition, monotonicMs)) return;
    if (condition.group !== undefined && !this.#open.has(name)) this.#closeGroup(condition.group);
    const { leases = usualLeases[condition.state] } = condition;
    this.#add({ ...condition, leases, reason: name, lastMonotonicMs: monotonicMs });
  }

  /** Only for effects that are a state of health; others open nothing. */
  openXid(rule: XidRule, monotonicMs: number): void {
    const { xid, meaning, action, effect, clearedBy, stopCalls } = rule;
    const { newLeases, runningLeases, scope } = rule;
    if (!isState(effect) || this.#isOver(rule, monotonicMs)) return;
    this.#add({
      reason: `xid-${xid}`,
      xid,
      state: effect,
      message: `Xid ${xid}: ${meaning}`,
      recovery: actionAdvice[action],
      clearedBy,
      stopCalls,
      leases: Object.freeze({ newLeases, runningLeases, scope }),
      lastMonotonicMs: monotonicMs,
    });
  }

  /** The condition was heard of again, if it is open. */
  refresh(reason: HealthReason, monotonicMs: number): void {
    const condition = this.#open.get(reason);
    if (condition === undefined) return;
    condition.lastMonotonicMs = Math.max(condition.lastMonotonicMs, monotonicMs);
  }

  close(reason: HealthReason): void {
    this.#open.delete(reason);
  }

  /** A count or flag that holds its condition open while it is above 0. */
  holdFact(fact: HeldFact, { value, monotonicMs }: Fact): void {
    const isNews = this.#setFact(fact, value);
    if (value > 0 && isNews) this.open(factConditions[fact], monotonicMs);
    else this.close(factConditions[fact]);
  }

  /**
   * What the driver asks for. When it no longer asks, what made it ask is over. A reading from
   * before the driver said that the action has changed tells nothing.
   */
  setRecoveryAction({ value: action, monotonicMs }: Fact): void {
    const unread = this.#open.get('recovery-unread');
    if (unread !== undefined && monotonicMs < unread.lastMonotonicMs) return;
    const was = this.#facts.get('recoveryAction') ?? 0;
    const isNews = this.#setFact('recoveryAction', action);
    this.close('recovery-unread');
    if (action > 0 && isNews) {
      this.open(recoveryCondition(action), monotonicMs);
    } else {
      this.#closeGroup('recovery');
    }
    if (action === 0 && was > 0) this.end(['recovery-action'], monotonicMs);
  }

  /** An operator has seen to the condition, or to all that an operator may end. */
  acknowledge(only?: HealthReason): void {
    for (const [fact, value] of this.#facts) {
      const name = fact === 'recoveryAction' ? recoveryCondition(value) : factConditions[fact];
      if (only === undefined || name === only) this.#acknowledged.set(fact, value);
    }
    this.#clear(['operator'], only);
    const isMeant = (name: ConditionName) => only === undefined || only === name;
    if (isMeant('suspect')) this.applicationFaultsMs = [];
    if (isMeant('flapping')) this.lossesMs = [];
  }

  /** Something came about, at that time, that ends conditions. */
  end(ends: readonly Clearing[], monotonicMs: number): void {
    for (const clearing of ends) {
      const latestMs = this.#endsMs.get(clearing) ?? -Infinity;
      this.#endsMs.set(clearing, Math.max(latestMs, monotonicMs));
    }
    this.#clear(ends);
  }

  #clear(ends: readonly Clearing[], only?: HealthReason): void {
    for (const { reason, clearedBy } of [...this.#open.values()]) {
      const isMeant = only === undefined || only === reason;
      if (isMeant && clearedBy.some((clearing) => ends.includes(clearing))) this.close(reason);
    }
  }

  /** Ends what nothing was heard of since then and that quiet ends. */
  clearQuiet(sinceMonotonicMs: number): void {
    for (const { reason, clearedBy, lastMonotonicMs } of [...this.#open.values()]) {
      if (clearedBy.includes('quiet') && lastMonotonicMs <= sinceMonotonicMs) this.close(reason);
    }
  }

  /** Takes the worst open condition for the health; of equals the oldest. True when it changed. */
  settle(nowMs: number): boolean {
    let worst: OpenCondition | undefined;
    for (const condition of this.#open.values()) {
      if (worst === undefined || severity(condition) > severity(worst)) worst = condition;
    }
    const { state, reason } = this.#health;
    if (state === (worst?.state ?? 'ok') && reason === worst?.reason) return false;
    this.#health = Object.freeze(
      worst === undefined ? { state: 'ok', sinceMs: nowMs } : shown(worst, nowMs),
    );
    return true;
  }

  /** False where an operator has cleared this very value. */
  #setFact(fact: FactName, value: number): boolean {
    this.#facts.set(fact, value);
    if (this.#acknowledged.get(fact) === value) return false;
    this.#acknowledged.delete(fact);
    return true;
  }

  /** Events and readings come late: what ends such a condition may have come in between. */
  #isOver({ clearedBy }: Pick<Condition, 'clearedBy'>, monotonicMs: number): boolean {
    return clearedBy.some((clearing) => monotonicMs < (this.#endsMs.get(clearing) ?? -Infinity));
  }

  #add(condition: OpenCondition): void {
    const known = this.#open.get(condition.reason);
    if (known === undefined) this.#open.set(condition.reason, condition);
    else this.refresh(condition.reason, condition.lastMonotonicMs);
  }

  #closeGroup(group: NonNullable<Condition['group']>): void {
    for (const condition of [...this.#open.values()]) {
      if (condition.group === group) this.close(condition.reason);
    }
  }
}

function shown(
  { state, reason, message, recovery, leases, xid }: OpenCondition,
  sinceMs: number,
): DeviceHealth {
  return { state, reason, message, recovery, leases, sinceMs, ...(xid !== undefined && { xid }) };
}
