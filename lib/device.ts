import {
  describeValue,
  readNonEmptyString,
  readNumber,
  readObject,
  readProperty,
  readString,
  readStringRecord,
  wrongType,
} from './arguments.js';
import { rangeError } from './errors.js';

/** A device as it does not change while it is there. An absent property is unknown. */
export interface GPUDevice {
  /** Any non-empty string. Live devices use the NVML UUID. */
  readonly deviceId: string;
  readonly name: string;
  /** 'nvidia', 'amd', ... */
  readonly vendor: string;
  /** 'cuda', 'rocm', ... */
  readonly backend?: string;
  readonly memoryBytes: number;
  /** Present, and then true, when `memoryBytes` is unknown and its 0 says nothing. */
  readonly memoryUnknown?: true;
  /** Streaming multiprocessors or compute units: the default capacity of a distribution. */
  readonly computeUnits?: number;
  /** Gigabytes (10^9 bytes) per second. */
  readonly memoryBandwidthGBps?: number;
  /** Live devices: the highest SM clock. */
  readonly clockRateMhz?: number;
  readonly driverVersion?: string;
  /**
   * The driver's index, of an instance that of its GPU. A label only: it may change while devices
   * come and go. Absent while the device is gone.
   */
  readonly index?: number;
  /**
   * The index that CUDA gives the device in this process, after CUDA_VISIBLE_DEVICES; absent where
   * CUDA leaves the device out.
   */
  readonly cudaIndex?: number;
  readonly pciBusId?: string;
  readonly serial?: string;
  /** 'major.minor', such as '9.0'. */
  readonly computeCapability?: string;
  readonly architecture?: string;
  /** CUDA cores. */
  readonly coreCount?: number;
  readonly memoryBusWidthBits?: number;
  /** The highest clock of the device memory. */
  readonly memoryClockMhz?: number;
  readonly powerLimitDefaultWatts?: number;
  readonly powerLimitMinWatts?: number;
  readonly powerLimitMaxWatts?: number;
  /** The highest PCIe generation and width that board and slot can do. */
  readonly maxPcieLinkGeneration?: number;
  readonly maxPcieLinkWidth?: number;
  /** Of the host's memory that lies nearest. */
  readonly numaNode?: number;
  /** Present, and then true, when the host's memory serves as the device's (GB10, Jetson). */
  readonly unifiedMemory?: true;
  /** Present, and then true, when the GPU is split: its MIG instances are devices of their own. */
  readonly migEnabled?: true;
  /** Of a MIG instance: the GPU that it is part of. */
  readonly parentDeviceId?: string;
  /** Of a MIG instance, such as '1g.10gb'. */
  readonly migProfile?: string;
  readonly gpuInstanceId?: number;
  readonly computeInstanceId?: number;
  /** Of your own, for requests to ask for. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Present, and then true, when a simulated driver made the device up. */
  readonly simulated?: true;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const textKeys = [
  'backend',
  'driverVersion',
  'pciBusId',
  'serial',
  'computeCapability',
  'architecture',
  'parentDeviceId',
  'migProfile',
] as const satisfies readonly (keyof GPUDevice)[];

const amountKeys = [
  'computeUnits',
  'memoryBandwidthGBps',
  'clockRateMhz',
  'memoryClockMhz',
  'powerLimitDefaultWatts',
  'powerLimitMinWatts',
  'powerLimitMaxWatts',
] as const satisfies readonly (keyof GPUDevice)[];

const countKeys = [
  'index',
  'cudaIndex',
  'coreCount',
  'memoryBusWidthBits',
  'maxPcieLinkGeneration',
  'maxPcieLinkWidth',
  'numaNode',
  'gpuInstanceId',
  'computeInstanceId',
] as const satisfies readonly (keyof GPUDevice)[];

const markKeys = [
  'memoryUnknown',
  'unifiedMemory',
  'migEnabled',
  'simulated',
] as const satisfies readonly (keyof GPUDevice)[];

/** The device as a frozen copy. Unknown keys are left out; what is known must be well formed. */
export function readDevice(value: unknown, what = 'device'): GPUDevice {
  const source = readObject(value, what);
  const property = (key: keyof GPUDevice) => readProperty(source, key, what);
  const device: Mutable<GPUDevice> = {
    deviceId: readNonEmptyString(property('deviceId'), `${what}.deviceId`),
    name: readString(property('name'), `${what}.name`),
    vendor: readString(property('vendor'), `${what}.vendor`),
    memoryBytes: readNumber(property('memoryBytes'), `${what}.memoryBytes`, { minimum: 0 }),
  };
  for (const key of textKeys) {
    const text = property(key);
    if (text !== undefined) device[key] = readString(text, `${what}.${key}`);
  }
  for (const key of amountKeys) {
    const amount = property(key);
    if (amount !== undefined) device[key] = readNumber(amount, `${what}.${key}`, { minimum: 0 });
  }
  for (const key of countKeys) {
    const count = property(key);
    if (count === undefined) continue;
    device[key] = readNumber(count, `${what}.${key}`, { minimum: 0, integer: true });
  }
  for (const key of markKeys) {
    if (readMark(property(key), `${what}.${key}`)) device[key] = true;
  }
  const labels = property('labels');
  if (labels !== undefined) device.labels = readStringRecord(labels, `${what}.labels`);
  return Object.freeze(device);
}

/** A mark that is there or not: true, or absent (false says the same). */
export function readMark(value: unknown, what: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw wrongType(what, 'true or nothing', value);
}

/**
 * The id of one of these devices.
 * @throws TypeError ERR_GPU_INVALID_TYPE; RangeError ERR_GPU_UNKNOWN_DEVICE
 */
export function readDeviceId(
  value: unknown,
  devices: ReadonlyMap<string, unknown>,
  what: string,
): string {
  const deviceId = readString(value, what);
  if (devices.has(deviceId)) return deviceId;
  throw rangeError(
    'ERR_GPU_UNKNOWN_DEVICE',
    `${what}: expected a registered device, got ${describeValue(deviceId)}`,
  );
}
