// What a device is: nothing that time or leases change.
import type { GPUDevice } from '../../device.js';
import type { ComputeCapability, SelectionCriteria } from '../criteria.js';
import type { Filter, RejectionCode, RejectionText } from './filter.js';

interface IdentityRule {
  readonly name: string;
  applies(criteria: SelectionCriteria): boolean;
  reject(device: GPUDevice, criteria: SelectionCriteria): RejectionCode | undefined;
  text(device: GPUDevice, criteria: SelectionCriteria): RejectionText;
}

function identity({ name, applies, reject, text }: IdentityRule): Filter {
  return {
    name,
    applies,
    reject: (view, { request }) => reject(view.device, request),
    text: (view, { request }) => text(view.device, request),
    outlook: () => 'never',
  };
}

export const split: Filter = identity({
  name: 'split',
  applies: () => true,
  reject: ({ migEnabled }) => (migEnabled === true ? 'mig-parent' : undefined),
  text: () => ({ reason: 'it is split: its MIG instances are the candidates' }),
});

export const deviceIds: Filter = identity({
  name: 'device-ids',
  applies: (criteria) => criteria.deviceIds !== undefined,
  reject: ({ deviceId }, criteria) =>
    criteria.deviceIds?.has(deviceId) === false ? 'not-listed' : undefined,
  text: () => ({ reason: 'it is none of the deviceIds of the request' }),
});

export const excluded: Filter = identity({
  name: 'exclude-device-ids',
  applies: (criteria) => criteria.excludeDeviceIds !== undefined,
  reject: ({ deviceId }, criteria) =>
    criteria.excludeDeviceIds?.has(deviceId) === true ? 'excluded' : undefined,
  text: () => ({ reason: 'it is one of the excludeDeviceIds of the request' }),
});

function isNamed(device: GPUDevice, names: readonly RegExp[]): boolean {
  for (const pattern of names) if (pattern.test(device.name)) return true;
  return false;
}

export const names: Filter = identity({
  name: 'names',
  applies: (criteria) => criteria.names !== undefined,
  reject: (device, criteria) =>
    criteria.names === undefined || isNamed(device, criteria.names) ? undefined : 'name-mismatch',
  text: ({ name }, criteria) => ({
    reason: `its name ${JSON.stringify(name)} matches none of ${criteria.names?.join(', ')}`,
  }),
});

type Label = readonly [name: string, value: string];

/** Its own: every object has a `constructor`. */
function labelOf({ labels }: GPUDevice, name: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, name) ? labels[name] : undefined;
}

function missingLabel(device: GPUDevice, labels: readonly Label[]): Label | undefined {
  for (const label of labels) if (labelOf(device, label[0]) !== label[1]) return label;
  return undefined;
}

export const labels: Filter = identity({
  name: 'labels',
  applies: (criteria) => criteria.labels !== undefined,
  reject: (device, criteria) =>
    missingLabel(device, criteria.labels ?? []) === undefined ? undefined : 'label-mismatch',
  text: (device, criteria) => {
    const [name = '', wanted = ''] = missingLabel(device, criteria.labels ?? []) ?? [];
    const has = labelOf(device, name);
    const says = has === undefined ? 'no label' : `the label ${JSON.stringify(has)} for`;
    return { reason: `${says} ${name}, ${JSON.stringify(wanted)} wanted` };
  },
});

/** A process sees at most one MIG instance: a group of them is of no use, unless asked for. */
export const mig: Filter = identity({
  name: 'mig',
  applies: (criteria) => criteria.mig !== undefined || criteria.count > 1,
  reject: ({ parentDeviceId }, criteria) => {
    const isInstance = parentDeviceId !== undefined;
    if (isInstance) return criteria.mig === true ? undefined : 'mig-instance';
    return criteria.mig === true ? 'not-mig-instance' : undefined;
  },
  text: ({ parentDeviceId }) => ({
    reason:
      parentDeviceId === undefined ? 'it is no MIG instance' : 'it is a MIG instance, none wanted',
  }),
});

const versionPattern = /^(\d{1,6})\.(\d{1,6})$/;

/** Undefined: not of the form 'major.minor'. */
export function parseVersion(text: string): ComputeCapability | undefined {
  const match = versionPattern.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/** Parsed versions, so that a choice parses none; few differ. */
const versions = new Map<string, ComputeCapability | undefined>();
const maxVersions = 256;

function versionOf({ computeCapability }: GPUDevice): ComputeCapability | undefined {
  if (computeCapability === undefined) return undefined;
  const known = versions.get(computeCapability);
  if (known !== undefined) return known;
  const version = parseVersion(computeCapability);
  if (versions.size < maxVersions) versions.set(computeCapability, version);
  return version;
}

export const computeCapability: Filter = identity({
  name: 'compute-capability',
  applies: (criteria) => criteria.minComputeCapability !== undefined,
  reject: (device, { minComputeCapability: least, unknown }) => {
    if (least === undefined) return undefined;
    const has = versionOf(device);
    if (has === undefined) return unknown === 'reject' ? 'compute-capability-unknown' : undefined;
    const isEnough =
      has.major > least.major || (has.major === least.major && has.minor >= least.minor);
    return isEnough ? undefined : 'compute-capability-too-low';
  },
  text: (device, { minComputeCapability: least }) => ({
    reason:
      `compute capability ${device.computeCapability ?? 'unknown'}, ` +
      `at least ${least?.major}.${least?.minor} wanted`,
  }),
});

export const numaNode: Filter = identity({
  name: 'numa-node',
  applies: (criteria) => criteria.numaNode !== undefined,
  reject: (device, criteria) => {
    if (device.numaNode === criteria.numaNode) return undefined;
    if (device.numaNode !== undefined) return 'numa-mismatch';
    return criteria.unknown === 'reject' ? 'numa-unknown' : undefined;
  },
  text: (device, criteria) => ({
    reason: `NUMA node ${device.numaNode ?? 'unknown'}, ${criteria.numaNode} wanted`,
    ...compared(device.numaNode, criteria.numaNode),
  }),
});

/** The numbers of a comparison, those that are known. */
export function compared(
  actual: number | undefined,
  wanted: number | undefined,
): Pick<RejectionText, 'actual' | 'wanted'> {
  return {
    ...(actual !== undefined && { actual }),
    ...(wanted !== undefined && { wanted }),
  };
}
