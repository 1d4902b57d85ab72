import {
  describeValue,
  readArray,
  readNonEmptyString,
  readObject,
  readOptions,
  readProperty,
  readSafely,
  readWord,
  wrongType,
} from '../arguments.js';
import { typeError } from '../errors.js';
import {
  type Clearing,
  clearings,
  type LeaseTreatment,
  leaseScopes,
  newLeaseWords,
  runningLeaseWords,
} from './health-state.js';
import {
  type CatalogueRow,
  unknownXid,
  xidCatalogue,
  xidCatalogueVersion,
} from './xid-catalogue.js';

/** The immediate actions of NVIDIA's catalogue. */
export const xidActions = [
  'IGNORE',
  'RESTART_APP',
  'RESET_GPU',
  'RESTART_BM',
  'RESTART_VM',
  'CHECK_MECHANICALS',
  'CHECK_UVM',
  'UPDATE_SWFW',
  'CONTACT_SUPPORT',
  'WORKFLOW_XID_45',
  'WORKFLOW_XID_48',
  'WORKFLOW_NVLINK_ERR',
  'WORKFLOW_NVLINK5_ERR',
  'XID_154',
] as const;
Object.freeze(xidActions);

export type XidAction = (typeof xidActions)[number];

const effectWords = [
  'none',
  'suspect',
  'degraded',
  'draining',
  'needs-reset',
  'lost',
  'preceding',
  'recovery-action',
] as const;

/**
 * What an Xid does to a device's health: opens a condition of that state, or
 * - `none`: nothing. `suspect`: nothing, until there are too many of these in a while.
 * - `preceding`: what the Xid just before it did. `recovery-action`: what the driver then asks for;
 *   degraded until that is known.
 */
export type XidEffect = (typeof effectWords)[number];

export interface XidRule extends LeaseTreatment {
  readonly xid: number;
  readonly meaning: string;
  readonly action: XidAction;
  readonly effect: XidEffect;
  /** What ends the condition. */
  readonly clearedBy: readonly Clearing[];
  /** Calls about the device may hang from now on. */
  readonly stopCalls?: boolean;
}

export interface XidPolicy {
  /** Of the catalogue it was made from. */
  readonly version: number;
  readonly rules: ReadonlyMap<number, XidRule>;
  readonly unknown: Omit<XidRule, 'xid'>;
}

/** Columns to replace, by Xid; `unknown` is the row of all that have none. */
export interface XidOverrides {
  readonly [xid: number]: Partial<Omit<XidRule, 'xid'>>;
  readonly unknown?: Partial<Omit<XidRule, 'xid'>>;
}

const untilFixed: readonly Clearing[] = ['reset', 'driver-restart', 'recovery-action', 'operator'];

/** What ends a condition where the row does not say. */
const usualClearings: Readonly<Record<XidEffect, readonly Clearing[]>> = {
  none: [],
  suspect: [],
  preceding: [],
  'recovery-action': [],
  degraded: ['quiet', 'reset', 'driver-restart', 'operator'],
  draining: untilFixed,
  'needs-reset': untilFixed,
  // Off the bus and back: it was enumerated anew.
  lost: ['return', 'reset', 'driver-restart', 'operator'],
};

type Columns = Omit<CatalogueRow, 'xid'>;
type Mutable<T> = { -readonly [K in keyof T]?: T[K] | undefined };

const columnNames = [
  'meaning',
  'action',
  'newLeases',
  'runningLeases',
  'scope',
  'effect',
  'clearedBy',
  'stopCalls',
] as const satisfies readonly (keyof Columns)[];

function complete(columns: Columns): Omit<XidRule, 'xid'> {
  const clearedBy = Object.freeze([...(columns.clearedBy ?? usualClearings[columns.effect])]);
  return Object.freeze({ ...columns, clearedBy });
}

function readFlag(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw wrongType(what, 'a boolean', value);
  return value;
}

function readClearings(value: unknown, what: string): readonly Clearing[] {
  const words = readArray(value as readonly unknown[], what);
  return words.map((word, index) => readWord(word, `${what}[${index}]`, { words: clearings }));
}

function readColumns(value: unknown, what: string): Partial<Columns> {
  const given = readOptions(readObject(value, what), columnNames, what);
  const read = <T>(name: (typeof columnNames)[number], reader: ColumnReader<T>): T | undefined => {
    const column = given.get(name);
    return column === undefined ? undefined : reader(column, `${what}.${name}`);
  };
  const columns: Mutable<Columns> = {
    meaning: read('meaning', readNonEmptyString),
    action: read('action', oneOf(xidActions)),
    newLeases: read('newLeases', oneOf(newLeaseWords)),
    runningLeases: read('runningLeases', oneOf(runningLeaseWords)),
    scope: read('scope', oneOf(leaseScopes)),
    effect: read('effect', oneOf(effectWords)),
    clearedBy: read('clearedBy', readClearings),
    stopCalls: read('stopCalls', readFlag),
  };
  const present = Object.entries(columns).filter(([, column]) => column !== undefined);
  return Object.fromEntries(present);
}

type ColumnReader<T> = (value: unknown, what: string) => T;

function oneOf<W extends string>(words: readonly W[]): ColumnReader<W> {
  return (value, what) => readWord(value, what, { words });
}

/** The row with the columns in it replaced: another effect brings its own usual ends along. */
function overridden(row: Columns, columns: Partial<Columns>): Columns {
  if (columns.effect === undefined || columns.effect === row.effect) return { ...row, ...columns };
  const { clearedBy: _, ...rest } = row;
  return { ...rest, ...columns };
}

function readXid(key: string, what: string): number {
  const xid = Number(key);
  if (!/^\d+$/.test(key) || !Number.isSafeInteger(xid)) {
    throw typeError(
      'ERR_GPU_UNKNOWN_OPTION',
      `${what}: expected Xid numbers and unknown as keys, got ${describeValue(key)}`,
    );
  }
  return xid;
}

/**
 * The catalogue's policy with columns of your own in it. An Xid without a row gets one, made from
 * the row of unknown ones.
 * @throws TypeError, RangeError with the path of what is wrong
 */
export function resolveXidPolicy(overrides?: XidOverrides): XidPolicy {
  return readXidPolicy(overrides, 'xidPolicy');
}

export function readXidPolicy(overrides: unknown, what: string): XidPolicy {
  if (overrides !== undefined) return overriddenPolicy(overrides, what);
  catalogued ??= overriddenPolicy({}, what);
  return catalogued;
}

/** The same for all who override nothing. */
let catalogued: XidPolicy | undefined;

function overriddenPolicy(overrides: unknown, what: string): XidPolicy {
  const source = readObject(overrides, what);
  const given = new Map<number | 'unknown', Partial<Columns>>();
  for (const key of readSafely(what, () => Object.keys(source))) {
    const name = key === 'unknown' ? key : readXid(key, what);
    const value = readProperty(source, key, what);
    if (value !== undefined) given.set(name, readColumns(value, `${what}.${key}`));
  }
  const unknown = overridden(unknownXid, given.get('unknown') ?? {});
  const rows = new Map<number, Columns>(xidCatalogue.map(({ xid, ...row }) => [xid, row]));
  for (const [name, columns] of given) {
    if (name !== 'unknown') rows.set(name, overridden(rows.get(name) ?? unknown, columns));
  }
  const rules = [...rows].map(([xid, row]) => [xid, withXid(xid, complete(row))] as const);
  return Object.freeze({
    version: xidCatalogueVersion,
    rules: new Map(rules),
    unknown: complete(unknown),
  });
}

function withXid(xid: number, rule: Omit<XidRule, 'xid'>): XidRule {
  return Object.freeze({ xid, ...rule });
}

/** The rule for an Xid; one that has none takes the row of unknown ones. */
export function xidRule(policy: XidPolicy, xid: number): XidRule {
  return policy.rules.get(xid) ?? withXid(xid, policy.unknown);
}

const linkAdvice = 'keep work over several devices away from it; check its NVLink, then reset it';

/** What an operator can do about each action. */
export const actionAdvice: Readonly<Record<XidAction, string>> = {
  IGNORE: 'nothing now; watch whether it comes again',
  RESTART_APP: 'restart the application that was hit',
  RESET_GPU: 'end its processes, then run nvidia-smi --gpu-reset on it',
  RESTART_BM: 'restart the host; if that does not help, check power and seating',
  RESTART_VM: 'restart the virtual machine',
  CHECK_MECHANICALS: 'shut the host down and check the power cables',
  CHECK_UVM: 'look for errors of managed memory in the kernel log; restart the application',
  UPDATE_SWFW: 'update driver and firmware',
  CONTACT_SUPPORT: 'run nvidia-bug-report.sh and contact the vendor',
  WORKFLOW_XID_45: 'follow the Xid before it',
  WORKFLOW_XID_48: 'begin nothing new on it; reset it when it is idle',
  WORKFLOW_NVLINK_ERR: linkAdvice,
  WORKFLOW_NVLINK5_ERR: linkAdvice,
  XID_154: 'see nvidia-smi -q, "GPU Recovery Action"',
};
