import { type ErrorCode, GPUError, rangeError } from './errors.js';
import type { NativeAggregating, NativeStatistics } from './native-aggregation.js';
import type { NativeDistributing } from './native-distribution.js';

/** Where things lie in the published block, in 64-bit words; native/core/published_block.h. */
export interface BlockLayout {
  readonly roundsWord: number;
  readonly roundStartMsWord: number;
  /** Of the latest completed round. */
  readonly roundLengthMsWord: number;
  readonly missedDeadlinesWord: number;
  readonly periodMsWord: number;
  /** Changes with the list of devices. */
  readonly devicesWord: number;
  /** Sequence of the newest event. */
  readonly eventsWord: number;
  /** Index into `NativeModule.driverStates`. */
  readonly driverWord: number;
  /**
   * Changes after anything that a decision may depend on: rows, events, the list of devices, the
   * states of sampler and driver; and while a call does not come back, for samples grow old then.
   * Its low half is enough to see that.
   */
  readonly changesWord: number;
  /** Of the ledger; native/core/ledger.h. 32-bit cells: of these words the low halves. */
  readonly ledgerClockWord: number;
  /** How many shards are claimed. */
  readonly ledgerSharesWord: number;
  /** Which ones: a bit each, in both halves. */
  readonly ledgerShardsWord: number;
  readonly ledgerLogWord: number;
  /** 32-bit entries. */
  readonly ledgerLogEntries: number;
  /** The first row of the first shard. */
  readonly firstLedgerWord: number;
  readonly ledgerShardCount: number;
  /** From one shard to the next. */
  readonly ledgerShardStrideWords: number;
  /** From one row of a shard to the next. */
  readonly ledgerRowStrideWords: number;
  readonly firstRowWord: number;
  /** From one row to the next. */
  readonly rowStrideWords: number;
  /** In use. */
  readonly rowWords: number;
  readonly rowLockWord: number;
  readonly rowStatusWord: number;
  readonly rowSequenceWord: number;
  readonly rowStartMsWord: number;
  readonly rowWallMsWord: number;
  /** An integer: bit m says that the fast metric m was worked out, not said by the driver. */
  readonly rowEstimatedWord: number;
  readonly rowMetricsWord: number;
}

/** A device as the native side describes it. An absent member is unknown. */
export interface NativeDevice {
  readonly uuid: string;
  readonly name: string;
  readonly index: number;
  readonly pciBusId?: string;
  readonly serial?: string;
  readonly memoryBytes?: number;
  readonly coreCount?: number;
  readonly multiprocessorCount?: number;
  readonly memoryBusWidthBits?: number;
  readonly computeCapabilityMajor?: number;
  readonly computeCapabilityMinor?: number;
  readonly architecture?: string;
  readonly maxClockRateMhz?: number;
  readonly maxMemoryClockMhz?: number;
  readonly powerLimitDefaultWatts?: number;
  readonly powerLimitMinWatts?: number;
  readonly powerLimitMaxWatts?: number;
  readonly maxPcieLinkGeneration?: number;
  readonly maxPcieLinkWidth?: number;
  readonly numaNode?: number;
  /** System memory serves as device memory. */
  readonly unifiedMemory?: true;
  /** MIG mode is on: the instances are devices of their own. */
  readonly migEnabled?: true;
  /** Of a MIG instance. */
  readonly parentUuid?: string;
  readonly migProfile?: string;
  readonly gpuInstanceId?: number;
  readonly computeInstanceId?: number;
}

/** A device with its place in the published block. */
export interface NativeDeviceEntry extends NativeDevice {
  /** What events call it: its own, and never another device's. */
  readonly number: number;
  /**
   * Its own while it is listed. Once every row is used, those of MIG instances that went are given
   * to devices that come; who watches such a row goes on doing so.
   */
  readonly row: number;
  /** False: gone, and expected back. */
  readonly present: boolean;
}

/** How two devices hang together. */
export interface NativeLink {
  /** Index into `NativeModule.linkNames`. */
  readonly link: number;
  readonly nvlinkCount: number;
  /** Absent: unknown. */
  readonly peerAccess?: boolean;
}

/** What a device has several of. Absent: the driver does not say. */
export interface NativeDetail {
  readonly monotonicMs: number;
  readonly timestampMs: number;
  readonly fans?: readonly NativeFan[];
  readonly links?: readonly NativeNvLink[];
  readonly processes?: readonly NativeProcess[];
  readonly processesLeftOut: number;
  /** Size of the driver's process record, as found out; absent: not asked yet. */
  readonly processRecordBytes?: number;
}

export interface NativeFan {
  readonly speedPercent?: number;
  readonly speedRpm?: number;
  readonly targetPercent?: number;
}

export interface NativeNvLink {
  /** 0 or 1. */
  readonly active?: number;
  /** NVML's number. */
  readonly version?: number;
  readonly speedMBps?: number;
  readonly transmitBytes?: number;
  readonly receiveBytes?: number;
  readonly replayErrorCount?: number;
  readonly recoveryErrorCount?: number;
  readonly crcErrorCount?: number;
}

export interface NativeProcess {
  readonly pid: number;
  /** Bits: 1 compute, 2 graphics. */
  readonly kinds: number;
  readonly memoryBytes?: number;
  readonly smUtilizationPercent?: number;
  readonly memoryUtilizationPercent?: number;
  readonly encoderUtilizationPercent?: number;
  readonly decoderUtilizationPercent?: number;
  readonly gpuInstanceId?: number;
  readonly computeInstanceId?: number;
}

export interface NativeDriver {
  readonly libraryPath: string;
  readonly driverVersion: string;
  readonly nvmlVersion: string;
  /** Devices that the driver counts and that could not be had; absent: none. */
  readonly skippedDevices?: number;
  /** 1000 major + 10 minor. */
  readonly cudaDriverVersion?: number;
  /** The simulated driver's description of itself (JSON); absent for a real driver. */
  readonly simulation?: string;
}

/** A failure as a value: the native layers do not throw. */
export interface NativeStatus {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** 0: the driver was not asked. */
  readonly nvmlReturn: number;
}

/**
 * One opener's share of the process's sampler. Every method returns at once, at any time: before
 * the session runs, once it is closed, and where a row or an array is none of its own, there is
 * nothing to be had.
 */
export interface NativeSession extends NativeAggregating {
  state(): 'opening' | 'running' | 'failed' | 'stopped';
  /** Why the session failed; undefined while it did not. */
  failure(): NativeStatus | undefined;
  /** In the driver's order. */
  devices(): readonly NativeDeviceEntry[];
  /** Row by row in the order that `devices()` gave last; empty before. */
  topology(): readonly NativeLink[];
  /** Of the driver that was opened last. */
  driver(): NativeDriver;
  /** The published block, or undefined where external memory is refused (Electron). */
  block(): ArrayBuffer | undefined;
  /** For where `block()` cannot be had: a whole row, copied. False: the writer was in the way. */
  readRow(row: number, into: BigUint64Array): boolean;
  /** Likewise: one word of the header, copied. */
  readHeader(word: number, into: BigUint64Array): void;
  /**
   * The shard of the ledger that this session writes from now on; the same each time. The others it
   * reads. It is zeroed once the session is closed, or its environment has ended, and given to
   * somebody else. -1: all are taken.
   */
  claimLedger(): number;
  /**
   * For where `block()` cannot be had: `Atomics` on the block as an Int32Array. Stores are refused
   * but for this session's shard and the log, additions but for its shard and the clock.
   */
  loadLedger(half: number): number;
  storeLedger(half: number, value: number): void;
  /** Returns what was there. */
  addLedger(half: number, value: number): number;
  /** Polls these rows from now on. What is no row yet, or watched already, is passed over. */
  watch(rows: readonly number[]): void;
  /** Polls them no more, as far as this opener goes. */
  unwatch(rows: readonly number[]): void;
  /**
   * Copies samples of a tier with sequence >= `from`, oldest first, one after another: sequence,
   * monotonic ms, Unix ms, the tier's metrics (NaN: unknown), their states. Returns how many.
   */
  readHistory(range: NativeRange, into: Float64Array): number;
  /**
   * Copies measurements of a series likewise, four doubles each: sequence, Unix ms, value, and 1
   * where the snapshot call stood in for the driver's buffer.
   */
  readSeries(range: NativeRange, into: Float64Array): number;
  /**
   * Seven doubles for each metric: last known value, monotonic and Unix ms of the sample that knew
   * it, monotonic and Unix ms of its change, state, count of invalid answers. Where no sample knew
   * it, the value is NaN and the times are 0. False: nothing to be had.
   */
  readReports(row: number, into: Float64Array): boolean;
  /** Undefined: not read yet. */
  readDetail(row: number): NativeDetail | undefined;
  /**
   * Copies events with sequence >= `from`, oldest first, seven doubles each: sequence, Unix ms,
   * monotonic ms, kind (index into `eventKinds`), number of the device (-1: none), code, count.
   * Returns how many.
   */
  readEvents(from: number, into: Float64Array): number;
  /** Lets go of the driver; the block's `driverWord` says when. As many resumes undo it. */
  suspend(): void;
  resume(): void;
  /** Lets go of this opener's share. The last one to close stops the sampler. */
  close(): void;
  /** True once the sampler's thread has let go of the driver, or others still share it. */
  closed(): boolean;
}

/** Which records of a device are wanted. */
export interface NativeRange {
  readonly row: number;
  /** Of a history: the tier (0 fast, 1 medium, 2 slow). Of series: index into `seriesMetrics`. */
  readonly which: number;
  /** The first sequence. */
  readonly from: number;
}

/** An attempt to reach the driver, shared by all who probe the same library at that time. */
export interface NativeProbe {
  /** Undefined: still trying. */
  available(): boolean | undefined;
}

/** What the simulated driver answered to a command. */
export interface NativeReply {
  readonly reply: string;
  readonly failure: NativeStatus | undefined;
}

export interface NativeOpenOptions {
  readonly libraryPath: string;
  readonly scenario: string;
  readonly periodMs: number;
  readonly maxHistory: number;
  readonly memoryLimitBytes: number;
  readonly hangTimeoutMs: number;
  /** Low power: devices that sleep are left alone. 0: off; else idle ms before the driver goes. */
  readonly idleReleaseMs: number;
}

/** What the addon exports. */
export interface NativeModule extends NativeStatistics, NativeDistributing {
  /** All metrics: those of the fast tier, the medium one, the slow one. */
  readonly metricKeys: readonly string[];
  /** Where each tier's metrics end in `metricKeys`. */
  readonly tierEnds: readonly number[];
  /** Metrics of which there is a series: indices into `metricKeys`. */
  readonly seriesMetrics: readonly number[];
  /** By the number in a report. */
  readonly valueStates: readonly string[];
  readonly eventKinds: readonly string[];
  readonly driverStates: readonly string[];
  readonly linkNames: readonly string[];
  /** By the number in `rowStatusWord`; '' is ok. */
  readonly statusNames: readonly string[];
  /** What room for one more fast sample of a device takes at least, with its index. */
  readonly sampleBytes: number;
  readonly layout: BlockLayout;
  monotonicMs(): number;
  /**
   * Whether by now whoever claims a shard makes all threads of the process pass a fence, as
   * native/core/process_fence.h says.
   */
  hasProcessFence(): boolean;
  openSession(options: NativeOpenOptions): NativeSession;
  startProbe(libraryPath: string): NativeProbe;
  /** A command to the simulated driver at that path; what it refuses is the failure. */
  controlSimulator(libraryPath: string, command: string, argument: string): NativeReply;
  /** Closes this environment's sessions; waits at most `timeoutMs` for threads that are to end. */
  stopAll(timeoutMs: number): void;
}

/** Why live telemetry cannot work on this platform; undefined where it can. */
export function unsupportedPlatform(): string | undefined {
  const { platform, arch } = process;
  const supported = platform === 'linux' && (arch === 'x64' || arch === 'arm64');
  return supported ? undefined : `${platform}-${arch}`;
}

/** Asked only after the addon failed to load: the report takes milliseconds to make. */
function runsOnGlibc(): boolean {
  const report = process.report?.getReport() as { header?: Record<string, unknown> } | undefined;
  return report?.header?.glibcVersionRuntime !== undefined;
}

function platformError(platform: string, cause?: unknown): GPUError {
  return new GPUError('ERR_GPU_PLATFORM_UNSUPPORTED', `no native addon on ${platform}`, {
    hint:
      'telemetry and statistics need Linux on x64 or arm64 with glibc; here manual clusters ' +
      'register, record one by one, select and distribute',
    cause,
  });
}

let loaded: NativeModule | undefined;

/**
 * The addon, loaded on first use.
 * @throws GPUError ERR_GPU_PLATFORM_UNSUPPORTED, ERR_GPU_ADDON_DISABLED (node --no-addons),
 *   ERR_GPU_ADDON_NOT_FOUND (no binary for this platform, or it does not load)
 */
export function loadNative(): NativeModule {
  if (loaded !== undefined) return loaded;
  const unsupported = unsupportedPlatform();
  if (unsupported !== undefined) throw platformError(unsupported);
  try {
    const load = require('node-gyp-build') as (root: string) => NativeModule;
    loaded = load(require('node:path').join(__dirname, '..'));
  } catch (cause) {
    throw loadFailure(cause);
  }
  process.on('exit', () => loaded?.stopAll(exitWaitMs));
  return loaded;
}

/** At exit our threads get this long to let go of the driver; then they are abandoned. */
const exitWaitMs = 100;

function loadFailure(cause: unknown): GPUError {
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (code === 'ERR_DLOPEN_DISABLED') {
    return new GPUError('ERR_GPU_ADDON_DISABLED', 'native addons are disabled in this process', {
      hint: 'start node without --no-addons, or with --allow-addons under --permission',
      cause,
    });
  }
  if (!runsOnGlibc()) return platformError(`${process.platform}-${process.arch} with musl`, cause);
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GPUError('ERR_GPU_ADDON_NOT_FOUND', `the native addon does not load: ${why}`, {
    hint: 'reinstall gpuring, mark it external in bundlers, or build it: npx node-gyp rebuild',
    cause,
  });
}

/** The one place where a native failure becomes an error. */
export function errorOf(status: NativeStatus): GPUError | RangeError {
  if (status.code === 'ERR_GPU_OUT_OF_RANGE') {
    // How much history fits is known once the driver has said how many devices there are.
    const limit = status.hint === '' ? '' : `; ${status.hint}`;
    return rangeError(status.code, `options.maxHistory: ${status.message}${limit}`);
  }
  return new GPUError(status.code as ErrorCode, status.message, {
    hint: status.hint === '' ? undefined : status.hint,
    nvmlReturn: status.nvmlReturn === 0 ? undefined : status.nvmlReturn,
  });
}
