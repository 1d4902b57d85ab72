import {
  isArray,
  type NumberRule,
  readArray,
  readFunction,
  readNativeString,
  readNumber,
  readOptions,
  readSignal,
  wrongType,
} from '../arguments.js';
import type { GPUDevice } from '../device.js';
import { rangeError } from '../errors.js';
import {
  type CheckedLeaseOptions,
  type LeaseOptions,
  readLeaseOptions,
} from '../leases/lease-options.js';
import type { Scenario } from '../testing/simulator.js';
import { type HealthThresholds, readHealthThresholds } from './health.js';
import { readXidPolicy, type XidOverrides, type XidPolicy } from './xid-policy.js';

export interface OpenOptions {
  /** Milliseconds from one reading to the next, 1 to 3 600 000. Default 100. */
  readonly periodMs?: number;
  /**
   * Samples kept for each device. Default 6000. The history of all devices, with the index that
   * answers questions about windows of it, may take 1 GiB.
   */
  readonly maxHistory?: number;
  /** The driver's library. Default: the environment's GPURING_NVML_PATH, else libnvidia-ml.so.1. */
  readonly libraryPath?: string;
  /**
   * Use the simulated driver of this package, and nothing else does: `true` for the scenario
   * `mixed`, the name of a shipped scenario, a path to a scenario file, or a scenario.
   */
  readonly simulate?: true | string | Scenario;
  /**
   * `'visible'` (default): what CUDA_VISIBLE_DEVICES leaves, all when it is unset. `'all'`: every
   * device of the driver. Both by driver index; `cudaIndex` is the place in CUDA's order. A list:
   * UUIDs (a unique start is enough) or driver indices, in this order.
   */
  readonly devices?: 'visible' | 'all' | readonly (string | number)[];
  /** Gives up opening: `open()` rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How long the driver may take to start. Default 30 000. */
  readonly openTimeoutMs?: number;
  /**
   * A driver call that takes longer makes its device hung; the others are read on. Default 2000,
   * 100 to 600 000. Of openers that share a sampler, the first one's counts, as for `lowPower`.
   */
  readonly hangTimeoutMs?: number;
  /**
   * Leave a GPU that sleeps (a laptop's, say) asleep: no question wakes it, and the driver is let
   * go of once all devices were idle for `idleMs` (default 10 000, 100 to 86 400 000), which `true`
   * does as well. Default false.
   */
  readonly lowPower?: boolean | { readonly idleMs?: number };
  /** What an Xid does to a device's health, where it is not to be what NVIDIA's catalogue says. */
  readonly xidPolicy?: XidOverrides;
  /** When repeated faults become a state, and when that is over. */
  readonly healthThresholds?: Partial<HealthThresholds>;
  /** How it decides and lends. */
  readonly leases?: LeaseOptions;
  /**
   * Labels of your own for a device, for the constraint `labels`: asked whenever the list of
   * devices is made anew. What it throws rejects the open; later on it becomes an uncaught
   * exception, and the device has no labels.
   */
  readonly labels?: (device: GPUDevice) => Readonly<Record<string, string>> | undefined;
}

/** What OpenOptions come to, defaults filled in. */
export interface CheckedOpenOptions {
  readonly periodMs: number;
  readonly maxHistory: number;
  readonly openTimeoutMs: number;
  readonly libraryPath: string;
  readonly simulate: true | string | Scenario | undefined;
  readonly devices: 'visible' | 'all' | readonly (string | number)[];
  readonly signal: AbortSignal | undefined;
  readonly hangTimeoutMs: number;
  /** 0: no low power. */
  readonly idleReleaseMs: number;
  readonly xidPolicy: XidPolicy;
  readonly healthThresholds: HealthThresholds;
  readonly leases: CheckedLeaseOptions;
  readonly labels: OpenOptions['labels'];
}

const optionNames = [
  'periodMs',
  'maxHistory',
  'libraryPath',
  'simulate',
  'devices',
  'signal',
  'openTimeoutMs',
  'hangTimeoutMs',
  'lowPower',
  'xidPolicy',
  'healthThresholds',
  'leases',
  'labels',
] as const;

const defaultIdleMs = 10_000;

/** @throws TypeError, RangeError naming the option */
export function readOpenOptions(value: unknown): CheckedOpenOptions {
  const options = readOptions(value, optionNames);
  const number = (key: (typeof optionNames)[number], fallback: number, rule: NumberRule) => {
    const given = options.get(key);
    return given === undefined ? fallback : readNumber(given, `options.${key}`, rule);
  };
  const libraryPath = options.get('libraryPath');
  const labels = options.get('labels');
  const simulate = readSimulate(options.get('simulate'));
  if (simulate !== undefined && libraryPath !== undefined) {
    throw rangeError(
      'ERR_GPU_OUT_OF_RANGE',
      'options.simulate: expected no options.libraryPath beside it, got both',
    );
  }
  return {
    periodMs: number('periodMs', 100, { minimum: 1, maximum: 3_600_000 }),
    maxHistory: number('maxHistory', 6000, { minimum: 1, maximum: 2 ** 32, integer: true }),
    openTimeoutMs: number('openTimeoutMs', 30_000, { minimum: 1, maximum: 2 ** 31 - 1 }),
    libraryPath:
      libraryPath === undefined ? '' : readNativeString(libraryPath, 'options.libraryPath'),
    simulate,
    devices: readDeviceFilter(options.get('devices')),
    signal: readSignal(options.get('signal')),
    hangTimeoutMs: number('hangTimeoutMs', 2000, { minimum: 100, maximum: 600_000 }),
    idleReleaseMs: readLowPower(options.get('lowPower')),
    xidPolicy: readXidPolicy(options.get('xidPolicy'), 'options.xidPolicy'),
    healthThresholds: readHealthThresholds(
      options.get('healthThresholds'),
      'options.healthThresholds',
    ),
    leases: readLeaseOptions(options.get('leases')),
    labels: labels === undefined ? undefined : readFunction(labels, 'options.labels'),
  };
}

function readSimulate(value: unknown): true | string | Scenario | undefined {
  if (value === undefined || value === true) return value;
  if (typeof value === 'string') return readNativeString(value, 'options.simulate');
  if (typeof value === 'object' && value !== null && !isArray(value)) {
    return value as Scenario; // its members are checked by the simulated driver's own reader
  }
  throw wrongType('options.simulate', 'true, a scenario name or path, or a scenario', value);
}

function readDeviceFilter(value: unknown): CheckedOpenOptions['devices'] {
  if (value === undefined || value === 'visible') return 'visible';
  if (value === 'all') return 'all';
  if (!isArray(value)) {
    throw wrongType('options.devices', "'visible', 'all' or an array of UUIDs or indices", value);
  }
  return readArray(value, 'options.devices').map((entry, position) => {
    if (typeof entry === 'string') return entry;
    return readNumber(entry, `options.devices[${position}]`, { minimum: 0, integer: true });
  });
}

function readLowPower(value: unknown): number {
  if (value === undefined || value === false) return 0;
  if (value === true) return defaultIdleMs;
  const what = 'options.lowPower';
  if (typeof value !== 'object' || value === null || isArray(value)) {
    throw wrongType(what, 'true, false or { idleMs }', value);
  }
  const idleMs = readOptions(value, ['idleMs'], what).get('idleMs');
  if (idleMs === undefined) return defaultIdleMs;
  return readNumber(idleMs, `${what}.idleMs`, { minimum: 100, maximum: 86_400_000 });
}
