// What Xids mean and what to do about them, as data. Actions are the immediate ones of NVIDIA's
// catalogue (docs.nvidia.com/deploy/xid-errors, as of 2025-10-29), meanings are in our own words,
// leases and health are our policy. Codes that the catalogue calls unused, or gives no action for
// (162 to 172), take the row of unknown ones.
import type { XidRule } from './xid-policy.js';

/** Grows with each change of a row or of a treatment. */
export const xidCatalogueVersion = 1;

type Treatment = Omit<XidRule, 'xid' | 'meaning' | 'clearedBy'> &
  Partial<Pick<XidRule, 'clearedBy'>>;

const keep = { newLeases: 'keep', runningLeases: 'keep', scope: 'device' } as const;
const tellOwner = { newLeases: 'keep', runningLeases: 'notify', scope: 'owner' } as const;
const tellAll = { newLeases: 'keep', runningLeases: 'notify', scope: 'device' } as const;
const drain = { newLeases: 'stop', runningLeases: 'drain', scope: 'device' } as const;
const revokeAll = { newLeases: 'stop', runningLeases: 'revoke', scope: 'device' } as const;
const links = {
  newLeases: 'stop',
  runningLeases: 'notify',
  scope: 'links',
  effect: 'degraded',
  clearedBy: ['reset', 'driver-restart', 'recovery-action', 'operator'],
} as const;

const treatments = {
  'application-fault': { action: 'RESTART_APP', ...tellOwner, effect: 'suspect' },
  'application-error': { action: 'RESTART_APP', ...tellOwner, effect: 'none' },
  information: { action: 'IGNORE', ...keep, effect: 'none' },
  follow: { action: 'WORKFLOW_XID_45', ...keep, effect: 'preceding' },
  recorded: { action: 'IGNORE', ...keep, effect: 'degraded' },
  'remap-failure': { action: 'RESET_GPU', ...drain, effect: 'needs-reset' },
  'double-bit': { action: 'WORKFLOW_XID_48', ...drain, effect: 'draining' },
  // Nothing tells that the application was restarted: quiet, or whoever holds the leases, does.
  contained: {
    action: 'RESTART_APP',
    newLeases: 'pause',
    runningLeases: 'revoke',
    scope: 'owner',
    effect: 'draining',
    clearedBy: ['quiet', 'reset', 'driver-restart', 'operator'],
  },
  uncontained: { action: 'RESET_GPU', ...revokeAll, effect: 'needs-reset' },
  nvlink: { action: 'WORKFLOW_NVLINK_ERR', ...links },
  nvlink5: { action: 'WORKFLOW_NVLINK5_ERR', ...links },
  stopped: { action: 'RESET_GPU', ...revokeAll, effect: 'needs-reset' },
  firmware: { action: 'RESET_GPU', ...revokeAll, effect: 'needs-reset', stopCalls: true },
  'off-the-bus': { action: 'RESTART_BM', ...revokeAll, effect: 'lost' },
  mechanics: {
    action: 'CHECK_MECHANICALS',
    ...tellAll,
    effect: 'degraded',
    clearedBy: ['return', 'reset', 'driver-restart', 'operator'],
  },
  software: { action: 'UPDATE_SWFW', ...tellAll, effect: 'degraded' },
  support: { action: 'CONTACT_SUPPORT', ...tellAll, effect: 'degraded' },
  'virtual-machine': { action: 'RESTART_VM', ...tellAll, effect: 'degraded' },
  'managed-memory': { action: 'CHECK_UVM', ...tellAll, effect: 'degraded' },
  'recovery-action': { action: 'XID_154', ...tellAll, effect: 'recovery-action' },
  unknown: { action: 'CONTACT_SUPPORT', ...tellAll, effect: 'degraded' },
} as const satisfies Readonly<Record<string, Treatment>>;

type Row = readonly [xid: number, treatment: keyof typeof treatments, meaning: string];

const rows: readonly Row[] = [
  [8, 'application-error', 'a channel made no progress in time'],
  [11, 'application-error', 'a command stream was invalid or damaged'],
  [13, 'application-fault', 'an engine met an exception, such as an illegal instruction or access'],
  [25, 'application-error', 'a command stream was illegal'],
  [31, 'application-fault', 'an access to an address that is not mapped'],
  [32, 'application-error', 'the command fetcher met an invalid or damaged stream'],
  [37, 'information', 'firmware got a method that it does not have'],
  [38, 'information', 'a watchdog of the firmware ran out'],
  [39, 'application-error', 'copy engine 0 failed'],
  [40, 'application-error', 'copy engine 1 failed'],
  [41, 'application-error', 'copy engine 2 failed'],
  [43, 'information', "an application's channel was stopped after a fault of its own"],
  [44, 'information', 'an engine faulted while contexts were switched'],
  [45, 'follow', 'a channel was removed after an earlier error or the end of its process'],
  [46, 'stopped', 'the device stopped processing'],
  [48, 'double-bit', 'a memory error of two bits could not be corrected'],
  [54, 'mechanics', 'auxiliary power is not connected'],
  [60, 'application-error', 'a video processor met an exception'],
  [62, 'stopped', 'a micro-controller of the device halted'],
  [63, 'recorded', 'a faulty memory row is recorded for replacement'],
  [64, 'remap-failure', 'a faulty memory row could not be recorded for replacement'],
  [66, 'information', 'the driver accessed a register that it may not'],
  [67, 'information', 'an access of the driver was refused'],
  [68, 'application-error', 'video decoder 0 met an exception'],
  [69, 'application-error', 'an engine was sent a method that its class does not have'],
  [70, 'application-error', 'copy engine 3 failed'],
  [71, 'application-error', 'copy engine 4 failed'],
  [72, 'application-error', 'copy engine 5 failed'],
  [74, 'nvlink', 'an NVLink failed'],
  [75, 'application-error', 'copy engine 6 failed'],
  [76, 'application-error', 'copy engine 7 failed'],
  [77, 'application-error', 'copy engine 8 failed'],
  [78, 'software', 'a virtual device could not be started'],
  [79, 'off-the-bus', 'the device no longer answers on the bus'],
  [80, 'application-error', 'commands were damaged on their way to the device'],
  [82, 'application-error', 'JPEG engine 0 failed'],
  [83, 'application-error', 'video decoder 1 failed'],
  [84, 'application-error', 'video decoder 2 failed'],
  [85, 'application-error', 'copy engine 9 failed'],
  [86, 'application-error', 'the optical flow engine met an exception'],
  [88, 'application-error', 'video decoder 3 failed'],
  [89, 'application-error', 'video decoder 4 failed'],
  [92, 'recorded', 'corrected memory errors come too often'],
  [93, 'information', 'the infoROM is written more often than it was made for'],
  [94, 'contained', 'an uncorrected memory error hit one application and was contained'],
  [95, 'uncontained', 'an uncorrected memory error may have hit every application'],
  [96, 'application-error', 'video decoder 5 failed'],
  [97, 'application-error', 'video decoder 6 failed'],
  [98, 'application-error', 'video decoder 7 failed'],
  [99, 'application-error', 'JPEG engine 1 failed'],
  [100, 'application-error', 'JPEG engine 2 failed'],
  [101, 'application-error', 'JPEG engine 3 failed'],
  [102, 'application-error', 'JPEG engine 4 failed'],
  [103, 'application-error', 'JPEG engine 5 failed'],
  [104, 'application-error', 'JPEG engine 6 failed'],
  [105, 'application-error', 'JPEG engine 7 failed'],
  [106, 'information', 'a test message of the management bus'],
  [107, 'information', 'a test message of the management bus, silent'],
  [109, 'stopped', 'a switch of contexts ran out of time'],
  [110, 'stopped', 'a security fault'],
  [119, 'firmware', 'the system processor of the device did not answer a call'],
  [120, 'firmware', 'the system processor of the device failed'],
  [121, 'information', 'the link between chips had an error that was corrected'],
  [126, 'application-error', 'copy engine 10 failed'],
  [127, 'application-error', 'copy engine 11 failed'],
  [128, 'application-error', 'copy engine 12 failed'],
  [129, 'application-error', 'copy engine 13 failed'],
  [130, 'application-error', 'copy engine 14 failed'],
  [131, 'application-error', 'copy engine 15 failed'],
  [132, 'application-error', 'copy engine 16 failed'],
  [133, 'application-error', 'copy engine 17 failed'],
  [134, 'application-error', 'copy engine 18 failed'],
  [135, 'application-error', 'copy engine 19 failed'],
  [136, 'stopped', 'a link of the device could not be trained'],
  [137, 'information', 'an NVLink access without the right to it'],
  [139, 'application-error', 'optical flow engine 1 failed'],
  [140, 'stopped', 'an uncorrected memory error was found late'],
  [141, 'information', "CUDA's fast path failed and was left"],
  [142, 'support', 'video encoder 3 failed'],
  [143, 'stopped', 'the device could not be initialised'],
  [144, 'nvlink5', 'NVLink failed in its switch access unit'],
  [145, 'nvlink5', 'NVLink failed in its receive unit'],
  [146, 'nvlink5', 'NVLink failed in its transmit unit'],
  [147, 'nvlink5', 'NVLink failed in its data exchange unit'],
  [148, 'nvlink5', 'NVLink failed in the control of its link wrapper'],
  [149, 'nvlink5', 'NVLink failed in its network interface'],
  [150, 'nvlink5', 'NVLink failed in its management unit'],
  [151, 'virtual-machine', 'the rotation of an encryption key failed'],
  [152, 'information', 'the memory unit of the deep learning accelerator faulted'],
  [153, 'information', 'the deep learning accelerator ran out of time'],
  [154, 'recovery-action', 'the recovery action that the driver asks for has changed'],
  [155, 'stopped', 'an NVLink was taken down by software'],
  [156, 'stopped', 'a faulty unit is to be set aside'],
  [157, 'information', 'a faulty unit could not be set aside'],
  [158, 'stopped', 'a fatal timeout of the device'],
  [159, 'managed-memory', 'the link to the processor met an error that is not of data'],
  [160, 'information', 'a faulty memory channel was set aside'],
  [161, 'information', 'a faulty memory channel could not be set aside'],
];

/** A row of the catalogue; where it names nothing that ends it, its effect's usual ends hold. */
export type CatalogueRow = Treatment & Pick<XidRule, 'xid' | 'meaning'>;

export const xidCatalogue: readonly CatalogueRow[] = rows.map(([xid, treatment, meaning]) => ({
  xid,
  meaning,
  ...treatments[treatment],
}));

export const unknownXid: Omit<CatalogueRow, 'xid'> = {
  meaning: 'a code that this version does not know',
  ...treatments.unknown,
};
