import { debuglog } from 'node:util';
import { LiveStatistics } from '../aggregation/live-statistics.js';
import { readNativeString, readOptions } from '../arguments.js';
import { GPUError, rangeError } from '../errors.js';
import { Ledger } from '../leases/ledger.js';
import { blockLedgerLayout } from '../leases/ledger-layout.js';
import { errorOf, loadNative, type NativeModule, type NativeSession } from '../native.js';
import { ownSimulatedDriverPath, scenarioText } from '../testing/simulator.js';
import { BlockReader } from './block.js';
import type { AnyMetricRow } from './describe.js';
import { DeviceFilter } from './device-filter.js';
import { EventHub } from './event-hub.js';
import { LiveTelemetry } from './live.js';
import { LiveDevices } from './live-devices.js';
import { LiveFeed } from './live-feed.js';
import { LiveReadings } from './live-readings.js';
import { type DeviceFailure, describeSimulation, type LiveStatus } from './live-status.js';
import { LiveValues } from './live-values.js';
import { monotonicMs } from './monotonic.js';
import { type CheckedOpenOptions, type OpenOptions, readOpenOptions } from './open-options.js';
import type { LiveClusterParts } from './store.js';
import { Suspension } from './suspension.js';
import { until } from './until.js';

const log = debuglog('gpuring');

const memoryLimitBytes = 2 ** 30;
const closeWaitMs = 200;
const maxAgeRounds = 5;
/** The least time between two readings, as the sampler has it: native/core/sampler.h. */
const tierPeriodsMs = { fast: 0, medium: 1000, slow: 5000 } as const;
const firstSampleWaitMs = 1000;
const probeTimeoutMs = 10_000;

/**
 * Opens the driver and begins to sample.
 * @throws TypeError, RangeError for options; GPUError as GPUClusteringManager.open() says
 */
export async function openLive(
  value?: OpenOptions,
  native: NativeModule = loadNative(),
): Promise<LiveClusterParts> {
  const options = readOpenOptions(value);
  refuseTooMuchHistory(options.maxHistory, native);
  options.signal?.throwIfAborted();
  const { simulate } = options;
  const session = native.openSession({
    libraryPath: simulate === undefined ? options.libraryPath : ownSimulatedDriverPath(),
    scenario: simulate === undefined ? '' : scenarioText(simulate),
    periodMs: options.periodMs,
    maxHistory: options.maxHistory,
    memoryLimitBytes,
    hangTimeoutMs: options.hangTimeoutMs,
    idleReleaseMs: options.idleReleaseMs,
  });
  try {
    await opened(session, options);
    return await begin(session, options, native);
  } catch (error) {
    log('open failed: %o', error);
    session.close();
    throw error;
  }
}

function refuseTooMuchHistory(maxHistory: number, native: NativeModule): void {
  const most = Math.floor(memoryLimitBytes / native.sampleBytes);
  if (maxHistory <= most) return;
  throw rangeError(
    'ERR_GPU_OUT_OF_RANGE',
    `options.maxHistory: expected at most ${most} samples (${memoryLimitBytes} bytes for all ` +
      `devices together), got ${maxHistory}`,
  );
}

async function opened(session: NativeSession, options: CheckedOpenOptions): Promise<void> {
  const state = await until(
    () => {
      const now = session.state();
      return now === 'opening' ? undefined : now;
    },
    { timeoutMs: options.openTimeoutMs, signal: options.signal },
  );
  if (state === undefined) {
    throw new GPUError(
      'ERR_GPU_TIMEOUT',
      `the driver did not answer within ${options.openTimeoutMs} ms`,
      { hint: 'a GPU without persistence mode takes seconds to wake: raise openTimeoutMs' },
    );
  }
  const failure = session.failure();
  if (failure !== undefined) throw errorOf(failure);
}

async function begin(
  session: NativeSession,
  options: CheckedOpenOptions,
  native: NativeModule,
): Promise<LiveClusterParts> {
  const block = new BlockReader(session, native.layout);
  const devices = new LiveDevices({
    native,
    session,
    block,
    filter: new DeviceFilter(options.devices),
    environment: { ...process.env },
    labelsOf: options.labels,
  });
  const { maxHistory } = options;
  const telemetry = new LiveTelemetry({ native, session, block, devices, maxHistory });
  // The greatest age that selection accepts: five periods, or five slow rounds.
  const defaultMaxAgeMs = () =>
    maxAgeRounds * Math.max(options.periodMs, telemetry.roundLengthMs());
  const polled = devices.begin(defaultMaxAgeMs());
  await until(() => (polled() ? true : undefined), {
    timeoutMs: firstSampleWaitMs,
    signal: options.signal,
  });
  const { libraryPath, driverVersion } = devices.driver;
  log('open: %s, driver %s, %d devices', libraryPath, driverVersion, devices.current.size);
  const hub = new EventHub({
    native,
    session,
    block,
    devices,
    policy: options.xidPolicy,
    thresholds: options.healthThresholds,
    now: () => ({ timestampMs: Date.now(), monotonicMs: monotonicMs() }),
  });
  const maxAgeMs = (tier: AnyMetricRow['tier']) =>
    Math.max(defaultMaxAgeMs(), maxAgeRounds * tierPeriodsMs[tier]);
  const statistics = new LiveStatistics({
    native,
    session,
    devices,
    periodMs: (tier) => Math.max(telemetry.pace().periodMs, tierPeriodsMs[tier]),
  });
  const suspension = new Suspension({
    session,
    timeoutMs: options.openTimeoutMs,
    driverState: () => telemetry.driverState(),
    failures: () => failing(devices, telemetry).map(({ code }) => code),
  });
  return {
    devices: () => devices.current,
    feed: new LiveFeed({ native, session, block, devices, telemetry, hub, defaultMaxAgeMs }),
    leaseOptions: options.leases,
    ledger: ledgerOf(session, native),
    store: telemetry,
    values: new LiveValues({ native, session, devices, telemetry, maxAgeMs }),
    statistics,
    readings: (asked) => new LiveReadings({ native, block, devices }, asked),
    suspension,
    defaultMaxAgeMs,
    status: () => liveStatus(devices, telemetry),
    hub,
    close: async () => {
      for (const part of [hub, statistics, suspension, session]) part.close();
      await ended(session);
    },
  };
}

async function ended(session: NativeSession): Promise<void> {
  const stopped = await until(() => (session.closed() ? true : undefined), {
    timeoutMs: closeWaitMs,
  });
  log(stopped === undefined ? 'close: the thread is busy still and left behind' : 'closed');
}

/** That of the process: all its threads see it. */
function ledgerOf(session: NativeSession, native: NativeModule): Ledger {
  const memory = session.block();
  return new Ledger({
    layout: blockLedgerLayout(native.layout),
    claim: () => session.claimLedger(),
    hasProcessFence: () => native.hasProcessFence(),
    cells: memory && new Int32Array(memory),
    calls: session,
  });
}

function liveStatus(devices: LiveDevices, telemetry: LiveTelemetry): LiveStatus {
  const failingDevices = failing(devices, telemetry);
  const { driver } = devices;
  const simulation = describeSimulation(driver.simulation);
  return {
    simulated: devices.simulated,
    driver: telemetry.driverState(),
    libraryPath: driver.libraryPath,
    driverVersion: driver.driverVersion,
    nvmlVersion: driver.nvmlVersion,
    ...cudaVersion(driver.cudaDriverVersion),
    ...telemetry.pace(),
    failing: failingDevices,
    ...(driver.skippedDevices !== undefined && { skippedDevices: driver.skippedDevices }),
    ...(simulation === undefined ? {} : { simulation }),
  };
}

function failing(devices: LiveDevices, telemetry: LiveTelemetry): DeviceFailure[] {
  return [...devices.current.keys()].flatMap((deviceId) => {
    const code = telemetry.getFailure(deviceId);
    return code === undefined ? [] : [{ deviceId, code }];
  });
}

function cudaVersion(version: number | undefined): { cudaDriverVersion?: string } {
  if (version === undefined) return {};
  const minor = Math.floor((version % 1000) / 10);
  return { cudaDriverVersion: `${Math.floor(version / 1000)}.${minor}` };
}

/**
 * Whether a driver answers and has a GPU. Never rejects, never blocks the event loop, and leaves
 * nothing open. Anything in the way (no driver, no permission, no answer in ten seconds, a platform
 * or option that cannot work) is `false`; `open()` tells which.
 */
export async function isAvailable(options?: { readonly libraryPath?: string }): Promise<boolean> {
  try {
    const path = readOptions(options, ['libraryPath']).get('libraryPath');
    const libraryPath = path === undefined ? '' : readNativeString(path, 'options.libraryPath');
    const probe = loadNative().startProbe(libraryPath);
    return (await until(() => probe.available(), { timeoutMs: probeTimeoutMs })) ?? false;
  } catch (error) {
    log('not available: %o', error);
    return false;
  }
}
