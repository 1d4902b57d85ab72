import {
  type Clearing,
  type Condition,
  type ConditionName,
  conditions,
  type DeviceHealth,
  factConditions,
  type HealthReason,
  type HeldFact,
  healthStates,
  recoveryConditions,
} from './health-conditions.js';
import { actionAdvice, type XidRule } from './xid-policy.js';

interface OpenCondition extends Condition {
  readonly reason: HealthReason;
  readonly xid?: number;
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

  constructor(nowMs: number) {
    this.#health = Object.freeze({ state: 'ok', sinceMs: nowMs });
  }

  get health(): DeviceHealth {
    return this.#health;
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
    if (condition.group !== undefined && !this.#open.has(name)) this.#closeGroup(condition.group);
    this.#add({ ...condition, reason: name, lastMonotonicMs: monotonicMs });
  }

  /** Only for effects that are a state of health; others open nothing. */
  openXid({ xid, meaning, action, effect, clearedBy }: XidRule, monotonicMs: number): void {
    if (!isState(effect)) return;
    this.#add({
      reason: `xid-${xid}`,
      xid,
      state: effect,
      message: `Xid ${xid}: ${meaning}`,
      recovery: actionAdvice[action],
      clearedBy,
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
  holdFact(fact: HeldFact, value: number, monotonicMs: number): void {
    const isNews = this.#setFact(fact, value);
    if (value > 0 && isNews) this.open(factConditions[fact], monotonicMs);
    else this.close(factConditions[fact]);
  }

  /** What the driver asks for now. When it no longer asks, what made it ask is over. */
  setRecoveryAction(action: number, monotonicMs: number): void {
    const was = this.#facts.get('recoveryAction') ?? 0;
    const isNews = this.#setFact('recoveryAction', action);
    this.close('recovery-unread');
    if (action > 0 && isNews) {
      this.open(recoveryCondition(action), monotonicMs);
    } else {
      this.#closeGroup('recovery');
    }
    if (action === 0 && was > 0) this.clear(['recovery-action']);
  }

  /** An operator has seen to the condition, or to all that an operator may end. */
  acknowledge(only?: HealthReason): void {
    for (const [fact, value] of this.#facts) {
      const name = fact === 'recoveryAction' ? recoveryCondition(value) : factConditions[fact];
      if (only === undefined || name === only) this.#acknowledged.set(fact, value);
    }
    this.clear(['operator'], only);
    if (!this.#open.has('suspect')) this.applicationFaultsMs = [];
    if (!this.#open.has('flapping')) this.lossesMs = [];
  }

  /** Ends what one of the clearings ends; all of it, or only one reason. */
  clear(ends: readonly Clearing[], only?: HealthReason): void {
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
  { state, reason, message, recovery, xid }: OpenCondition,
  sinceMs: number,
): DeviceHealth {
  return { state, reason, message, recovery, sinceMs, ...(xid !== undefined && { xid }) };
}
