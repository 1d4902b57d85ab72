import type { Cluster } from '../../../lib/cli/cluster.js';
import type { CommandContext } from '../../../lib/cli/command.js';
import type { Host } from '../../../lib/cli/host.js';
import type { ClusterView } from '../../../lib/cli/view.js';
import { captureView } from '../../../lib/cli/view.js';
import type { GPUDevice } from '../../../lib/device.js';
import { GPUClusteringManager } from '../../../lib/manager.js';
import type { DeviceDetails } from '../../../lib/telemetry/details.js';
import type { DeviceHealth } from '../../../lib/telemetry/health-state.js';
import type { LiveStatus } from '../../../lib/telemetry/live-status.js';
import type { OpenOptions } from '../../../lib/telemetry/open-options.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';

/** 14:03:12 local time, whatever the zone. */
export const nowMs: number = new Date(2026, 2, 4, 14, 3, 12).getTime();

const gibibyte = 2 ** 30;

function h100(index: number): GPUDevice {
  return {
    deviceId: `GPU-${index}`,
    name: 'NVIDIA H100 80GB HBM3',
    vendor: 'nvidia',
    memoryBytes: 80 * gibibyte,
    computeUnits: 132,
    index,
    cudaIndex: index,
  };
}

/** A busy board, a hot and throttled one, and one that says nothing but its name. */
export const devices: readonly GPUDevice[] = [
  h100(0),
  h100(1),
  {
    deviceId: 'GPU-2',
    name: 'NVIDIA L4',
    vendor: 'nvidia',
    memoryBytes: 0,
    computeUnits: 58,
    index: 2,
  },
];

export const samples: readonly GPUMetrics[] = [
  {
    deviceId: 'GPU-0',
    timestampMs: nowMs - 12,
    ageMs: 12,
    computeUtilizationPercent: 62,
    memoryUsedBytes: 41.2 * gibibyte,
    memoryTotalBytes: 80 * gibibyte,
    powerWatts: 312.4,
    powerLimitWatts: 700,
    temperatureCelsius: 54,
    clockRateMhz: 1980,
    memoryClockMhz: 2619,
    clockEventReasons: 0,
  },
  {
    deviceId: 'GPU-1',
    timestampMs: nowMs - 1234,
    ageMs: 1234,
    computeUtilizationPercent: 100,
    memoryUsedBytes: 78 * gibibyte,
    memoryTotalBytes: 80 * gibibyte,
    powerWatts: 690,
    powerLimitWatts: 700,
    temperatureCelsius: 86,
    clockRateMhz: 1320,
    memoryClockMhz: 2619,
    clockEventReasons: 0x24,
  },
  { deviceId: 'GPU-2', timestampMs: nowMs - 12, ageMs: 12 },
];

/** One sample in each second of the last minute, climbing; from :35 to :46 it is unknown. */
function historyOf(deviceId: string): readonly GPUMetrics[] {
  if (deviceId === 'GPU-2') return [];
  return Array.from({ length: 60 }, (_, place) => {
    const timestampMs = nowMs - (59 - place) * 1000;
    if (place >= 23 && place < 35) return { deviceId, timestampMs };
    return { deviceId, timestampMs, computeUtilizationPercent: (place * 100) / 59 };
  });
}

export const realStatus: LiveStatus = {
  simulated: false,
  driver: 'serving',
  libraryPath: '/usr/lib/libnvidia-ml.so.1',
  driverVersion: '570.124.06',
  nvmlVersion: '12.570.124.06',
  cudaDriverVersion: '12.8',
  periodMs: 100,
  rounds: 12345,
  roundLengthMs: 4,
  missedDeadlines: 0,
  failing: [],
};

export const simulatedStatus: LiveStatus = {
  ...realStatus,
  simulated: true,
  simulation: { scenario: 'mixed', seed: 7, devices: [] },
};

export interface FakeCluster extends Cluster {
  readonly shutdowns: () => number;
}

/** The manual manager decides and distributes; driver, ages and history are made up around it. */
export function fakeCluster(
  given: {
    readonly status?: LiveStatus;
    readonly devices?: readonly GPUDevice[];
    readonly samples?: readonly GPUMetrics[];
    /** By device id. */
    readonly details?: Readonly<Record<string, Partial<DeviceDetails>>>;
    readonly health?: Readonly<Record<string, DeviceHealth>>;
  } = {},
): FakeCluster {
  const manager = new GPUClusteringManager();
  const latest = given.samples ?? samples;
  for (const device of given.devices ?? devices) manager.registerDevice(device);
  for (const { ageMs, ...sample } of latest) manager.recordMetrics(sample);
  let shutdowns = 0;
  return {
    listDevices: () => manager.listDevices(),
    getMetrics: (deviceId) => latest.find((sample) => sample.deviceId === deviceId),
    getMetricsHistory: historyOf,
    getDetails: (deviceId) => {
      const time = { deviceId, timestampMs: nowMs, ageMs: 0, processes: [] };
      return { ...time, ...given.details?.[deviceId] };
    },
    getHealth: (deviceId) => given.health?.[deviceId] ?? { state: 'ok', sinceMs: 0 },
    getAggregatedMetrics: () => manager.getAggregatedMetrics(),
    explainSelection: (request) => manager.explainSelection(request),
    distribute: (workload, options) => manager.distribute(workload, options),
    status: () => given.status ?? realStatus,
    shutdown: async () => {
      shutdowns++;
    },
    shutdowns: () => shutdowns,
  };
}

export function view(status: LiveStatus = realStatus): ClusterView {
  return captureView(fakeCluster({ status }), nowMs);
}

/** A machine with a driver and two GPUs; a test overrides what it is about. */
export const healthyHost: Host = {
  platform: 'linux',
  arch: 'x64',
  nodeVersion: '20.20.2',
  glibcVersion: '2.36',
  exists: (path) => path === '/run/nvidia-persistenced/socket',
  isAccessible: () => true,
  openFailure: () => undefined,
  list: (folder) => (folder === '/dev' ? ['null', 'nvidia0', 'nvidiactl', 'nvidia-uvm'] : []),
  readText: () => undefined,
};

type Listener<Value> = (value: Value) => void;

/** Standard streams in memory. */
export class FakeTerminal {
  output = '';
  errors = '';
  raw: boolean[] = [];
  columns: number | undefined;
  rows: number | undefined;
  isTTY: boolean;
  readonly #resize = new Set<() => void>();
  readonly #data = new Set<Listener<Uint8Array | string>>();

  constructor({ isTTY = false, columns, rows }: Partial<FakeTerminal> = {}) {
    this.isTTY = isTTY;
    this.columns = columns;
    this.rows = rows;
  }

  type(keys: string): void {
    for (const listener of this.#data) listener(Buffer.from(keys));
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    for (const listener of this.#resize) listener();
  }

  listeners(): number {
    return this.#data.size + this.#resize.size;
  }

  streams(): Pick<CommandContext, 'stdin' | 'stdout' | 'stderr'> {
    const terminal = this;
    return {
      stdout: {
        write: (text) => {
          terminal.output += text;
        },
        get isTTY() {
          return terminal.isTTY;
        },
        get columns() {
          return terminal.columns;
        },
        get rows() {
          return terminal.rows;
        },
        on: (_event, listener) => this.#resize.add(listener),
        off: (_event, listener) => this.#resize.delete(listener),
      },
      stderr: {
        write: (text) => {
          terminal.errors += text;
        },
      },
      stdin: {
        get isTTY() {
          return terminal.isTTY;
        },
        setRawMode: (raw) => this.raw.push(raw),
        on: (_event, listener) => this.#data.add(listener),
        off: (_event, listener) => this.#data.delete(listener),
        resume: () => undefined,
        pause: () => undefined,
      },
    };
  }
}

export interface FakeWorld {
  readonly context: CommandContext;
  readonly terminal: FakeTerminal;
  readonly opened: OpenOptions[];
  readonly stop: AbortController;
  readonly sleeps: number[];
  readonly restores: Set<() => void>;
}

/** A context whose `open` answers with `cluster`, or rejects with it when it is an error. */
export function fakeWorld(
  cluster: Cluster | Error = fakeCluster(),
  overrides: Partial<CommandContext> & { readonly terminal?: FakeTerminal } = {},
): FakeWorld {
  const { terminal = new FakeTerminal(), ...rest } = overrides;
  const opened: OpenOptions[] = [];
  const stop = new AbortController();
  const sleeps: number[] = [];
  const restores = new Set<() => void>();
  const context: CommandContext = {
    open: async (options) => {
      opened.push(options);
      if (cluster instanceof Error) throw cluster;
      return cluster;
    },
    ...terminal.streams(),
    env: { LANG: 'C.UTF-8', NO_COLOR: '1' },
    signal: stop.signal,
    host: healthyHost,
    version: '1.2.3',
    now: () => nowMs,
    sleep: async (ms) => {
      sleeps.push(ms);
    },
    onExit: (restore) => {
      restores.add(restore);
      return () => restores.delete(restore);
    },
    ...rest,
  };
  return { context, terminal, opened, stop, sleeps, restores };
}
