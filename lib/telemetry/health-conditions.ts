import type { DriverEventKind } from './cluster-events.js';
import type {
  Clearing,
  ConditionName,
  HealthState,
  HeldFact,
  LeaseTreatment,
} from './health-state.js';

/** Of conditions in one group only the latest is open. */
type ConditionGroup = 'loss' | 'recovery' | 'driver';

export interface Condition {
  readonly state: Exclude<HealthState, 'ok'>;
  readonly message: string;
  /** What an operator can do. */
  readonly recovery: string;
  readonly clearedBy: readonly Clearing[];
  readonly group?: ConditionGroup;
  /** Where it is not what the state usually means. */
  readonly leases?: LeaseTreatment;
}

/** What a state means for leases. */
export const usualLeases: Readonly<Record<Condition['state'], LeaseTreatment>> = {
  degraded: { newLeases: 'keep', runningLeases: 'notify', scope: 'device' },
  draining: { newLeases: 'stop', runningLeases: 'drain', scope: 'device' },
  'needs-reset': { newLeases: 'stop', runningLeases: 'drain', scope: 'device' },
  hung: { newLeases: 'pause', runningLeases: 'notify', scope: 'device' },
  lost: { newLeases: 'stop', runningLeases: 'revoke', scope: 'device' },
};
const broken = { leases: { newLeases: 'stop', runningLeases: 'revoke', scope: 'device' } } as const;
/** We lost sight of it; work that others have on it may go on. */
const unseen = {
  leases: { newLeases: 'pause', runningLeases: 'notify', scope: 'device' },
} as const;

const resetAdvice = 'end its processes, then run nvidia-smi --gpu-reset on it';
const reinitialised: readonly Clearing[] = ['reset', 'driver-restart'];
const untilFixed: readonly Clearing[] = [...reinitialised, 'recovery-action', 'operator'];
const untilQuiet: readonly Clearing[] = ['quiet', ...reinitialised, 'operator'];
const untilAnswered: readonly Clearing[] = ['return', 'reset'];
const whileAsked: readonly Clearing[] = [...reinitialised, 'operator'];

/** A device that does not answer is no operator's to declare well: `operator` is not in it. */
const loss = { state: 'lost', clearedBy: untilAnswered, group: 'loss' } as const;
const faultyLoss = { ...loss, ...broken, state: 'needs-reset' } as const;
const asked = { clearedBy: whileAsked, group: 'recovery' } as const;

export const conditions: Readonly<Record<ConditionName, Condition>> = {
  vanished: {
    ...loss,
    message: 'the driver no longer counts it',
    recovery: 'look for Xid 79 in the kernel log; reseat it or restart the host',
  },
  'bus-lost': {
    ...loss,
    message: 'it has fallen off the bus or is otherwise out of reach',
    recovery: 'restart the host; if that does not help, check power and seating',
  },
  'not-found': {
    ...loss,
    message: 'the driver finds no such device',
    recovery: 'check that it is plugged in and bound to the driver',
  },
  'no-permission': {
    ...loss,
    ...unseen,
    message: 'the driver denies access to it',
    recovery: 'give this user access to its /dev/nvidia* nodes',
  },
  'access-blocked': {
    ...loss,
    ...unseen,
    message: 'the operating system blocks access to it',
    recovery: "check the control group's device list; restart the container",
  },
  'unknown-error': {
    ...loss,
    ...unseen,
    message: 'the driver answers with an unknown error',
    recovery: 'in a container: restart it, as systemd may have taken its devices away',
  },
  'no-answer': {
    ...loss,
    message: 'the driver refuses every call about it',
    recovery: 'look into the kernel log',
  },
  'reset-required': {
    ...faultyLoss,
    message: 'the driver refuses to use it before a reset',
    recovery: resetAdvice,
  },
  'interrupt-failed': {
    ...faultyLoss,
    message: 'its interrupts do not arrive',
    recovery: `${resetAdvice}; restart the host if that does not help`,
  },
  'power-missing': {
    ...faultyLoss,
    message: 'its power cables are not attached as they must be',
    recovery: 'shut the host down and attach them',
  },
  'inforom-corrupt': {
    ...loss,
    state: 'degraded',
    message: "its board memory (infoROM) is corrupt, so that part of its state can't be read",
    recovery: 'contact the vendor',
  },
  removed: {
    ...loss,
    message: 'it was removed',
    recovery: 'nothing, if that was wanted',
  },
  hung: {
    state: 'hung',
    clearedBy: ['answer', 'return', ...reinitialised],
    message: 'a driver call about it does not return',
    recovery: 'look for Xid 119 or 120 in the kernel log; restart the host if it stays so',
  },
  'driver-lost': {
    state: 'lost',
    group: 'driver',
    clearedBy: ['driver-restart', 'return'],
    message: 'the driver is not loaded',
    recovery: 'load it: modprobe nvidia',
  },
  'driver-mismatch': {
    ...unseen,
    state: 'lost',
    group: 'driver',
    clearedBy: ['driver-restart', 'return'],
    message: 'the driver library and the kernel module are of different versions',
    recovery: 'reload the module, or restart the host or container',
  },
  flapping: {
    state: 'degraded',
    clearedBy: ['quiet', 'operator'],
    message: 'it was lost several times in a short while',
    recovery: 'check its seating, its power and the PCIe link',
  },
  suspect: {
    state: 'degraded',
    clearedBy: untilQuiet,
    message: 'faults that usually come from applications (Xid 13, 31) come too often',
    recovery: 'if different applications are hit, run a diagnosis of the board',
  },
  'recovery-unread': {
    state: 'degraded',
    clearedBy: untilFixed,
    message: 'the driver changed the recovery action (Xid 154), which is not yet known',
    recovery: 'see nvidia-smi -q, "GPU Recovery Action"',
  },
  'recovery-reset': {
    ...asked,
    state: 'needs-reset',
    message: 'the driver asks for a reset',
    recovery: resetAdvice,
  },
  'recovery-reboot': {
    ...asked,
    state: 'needs-reset',
    message: 'the driver asks for a restart of the host',
    recovery: 'restart the host',
  },
  'recovery-drain-peers': {
    ...asked,
    state: 'draining',
    message: 'the driver asks that peer-to-peer traffic ends',
    recovery: 'end the processes that use it together with others, then look again',
  },
  'recovery-drain-and-reset': {
    ...asked,
    state: 'draining',
    message: 'the driver asks for a reset once running work has ended',
    recovery: `begin nothing new on it; when it is idle, ${resetAdvice}`,
  },
  'recovery-domain': {
    ...asked,
    state: 'degraded',
    message: 'the driver asks that its IMEX domain is recovered',
    recovery: 'restart the IMEX service of the domain',
  },
  'recovery-other': {
    ...asked,
    state: 'degraded',
    message: 'the driver asks for a recovery action that this version does not know',
    recovery: 'see nvidia-smi -q, "GPU Recovery Action"',
  },
  'ecc-uncorrected': {
    state: 'degraded',
    clearedBy: whileAsked,
    message: 'its memory had errors since the last reset that could not be corrected',
    recovery: `drain it, ${resetAdvice}`,
  },
  'ecc-double-bit': {
    state: 'draining',
    clearedBy: untilFixed,
    message: 'a memory error could not be corrected',
    recovery: `begin nothing new on it; when it is idle, ${resetAdvice}`,
  },
  'ecc-storm': {
    state: 'degraded',
    clearedBy: untilQuiet,
    message: 'corrected memory errors come too often',
    recovery: 'watch it; run a diagnosis of the board if it goes on',
  },
  'remap-pending': {
    state: 'needs-reset',
    clearedBy: whileAsked,
    message: 'faulty memory rows are replaced with the next reset',
    recovery: resetAdvice,
  },
  'remap-failed': {
    state: 'needs-reset',
    clearedBy: ['operator'],
    message: 'faulty memory rows could not be replaced',
    recovery: `${resetAdvice}; have the board replaced if it fails again`,
  },
  'retirement-pending': {
    state: 'needs-reset',
    clearedBy: whileAsked,
    message: 'faulty memory pages are retired with the next reset',
    recovery: resetAdvice,
  },
  'dram-retirement': {
    state: 'degraded',
    clearedBy: untilQuiet,
    message: 'faulty memory was set aside',
    recovery: `${resetAdvice} at a good moment`,
  },
  'retirement-failure': {
    state: 'needs-reset',
    clearedBy: untilFixed,
    message: 'faulty memory could not be set aside',
    recovery: `${resetAdvice}; have the board replaced if it fails again`,
  },
  poison: {
    state: 'degraded',
    clearedBy: untilQuiet,
    message: 'damaged data was met and contained',
    recovery: 'restart the application that was hit',
  },
  'fatal-poison': {
    ...broken,
    state: 'needs-reset',
    clearedBy: untilFixed,
    message: 'damaged data was met and may have spread',
    recovery: resetAdvice,
  },
  unavailable: {
    ...broken,
    state: 'needs-reset',
    clearedBy: untilFixed,
    message: 'the driver took it out of use',
    recovery: resetAdvice,
  },
};
Object.freeze(conditions);

/** device-lost by nvmlReturn; any other: no-answer. */
export const lossConditions: ReadonlyMap<number, ConditionName> = new Map<number, ConditionName>([
  [0, 'vanished'],
  [4, 'no-permission'],
  [8, 'power-missing'],
  [11, 'interrupt-failed'],
  [14, 'inforom-corrupt'],
  [15, 'bus-lost'],
  [16, 'reset-required'],
  [17, 'access-blocked'],
  [28, 'not-found'],
  [999, 'unknown-error'],
]);

/** By recovery action; 0 is none, any other: recovery-other. */
export const recoveryConditions: readonly (ConditionName | undefined)[] = [
  undefined,
  'recovery-reset',
  'recovery-reboot',
  'recovery-drain-peers',
  'recovery-drain-and-reset',
  'recovery-domain',
];

/** Kinds that open the condition of the same name. */
export const conditionKinds: readonly (DriverEventKind & ConditionName)[] = [
  'ecc-double-bit',
  'ecc-storm',
  'dram-retirement',
  'retirement-failure',
  'poison',
  'fatal-poison',
  'unavailable',
];

/** Facts that hold their condition open while they are above 0. */
export const factConditions: Readonly<Record<HeldFact, ConditionName>> = {
  remappedRowsPending: 'remap-pending',
  remappedRowsFailed: 'remap-failed',
  retiredPagesPending: 'retirement-pending',
  eccVolatileUncorrectedCount: 'ecc-uncorrected',
};
