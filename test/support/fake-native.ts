import type {
  BlockLayout,
  NativeDetail,
  NativeDevice,
  NativeDeviceEntry,
  NativeDriver,
  NativeLink,
  NativeModule,
  NativeOpenOptions,
  NativeRange,
  NativeReply,
  NativeSession,
  NativeStatus,
} from '../../lib/native.js';
import type {
  NativeColumn,
  NativeColumnFault,
  NativeStatisticsRequest,
  NativeWatchedWindow,
  NativeWindow,
} from '../../lib/native-aggregation.js';
import { driverEventKinds } from '../../lib/telemetry/cluster-events.js';
import { detailTable } from '../../lib/telemetry/metrics.generated.js';
import { FakeAggregation, fakeStatisticsDoubles } from './fake-aggregation.js';
import { assignNaively, fakeNoOwner } from './fake-distribution.js';
import { FakeLedger } from './fake-ledger.js';
import type { FakeReport } from './fake-report.js';

/** Rows are short: the fast tier has two metrics here. */
export const fakeLayout: BlockLayout = {
  roundsWord: 5,
  roundStartMsWord: 6,
  missedDeadlinesWord: 7,
  periodMsWord: 8,
  roundLengthMsWord: 9,
  devicesWord: 10,
  eventsWord: 11,
  driverWord: 12,
  changesWord: 13,
  ledgerClockWord: 16,
  ledgerSharesWord: 17,
  ledgerShardsWord: 18,
  ledgerLogWord: 24 + 8 * 8,
  ledgerLogEntries: 256,
  firstLedgerWord: 24 + 8 * 8 + 128,
  ledgerShardCount: 64,
  ledgerShardStrideWords: 8 * 8,
  ledgerRowStrideWords: 8,
  firstRowWord: 24,
  rowStrideWords: 8,
  rowWords: 8,
  rowLockWord: 0,
  rowStatusWord: 1,
  rowSequenceWord: 2,
  rowStartMsWord: 3,
  rowWallMsWord: 4,
  rowEstimatedWord: 5,
  rowMetricsWord: 6,
};

const { firstLedgerWord, ledgerShardCount, ledgerShardStrideWords } = fakeLayout;
const blockWords = firstLedgerWord + ledgerShardCount * ledgerShardStrideWords;

/** A published block of eight rows in JavaScript: what the addon's memory looks like. */
export class FakeBlock {
  readonly memory: ArrayBuffer = new ArrayBuffer(8 * blockWords);
  readonly doubles: Float64Array = new Float64Array(this.memory);
  readonly integers: BigUint64Array = new BigUint64Array(this.memory);
  readonly ledger: FakeLedger = new FakeLedger(this.memory, fakeLayout);

  /** Publishes a sample: sequence, start, wall time, then the metrics. */
  publish(row: number, sample: readonly number[], estimated = 0): void {
    const start = this.#turn(row);
    const [sequence = 0, startMs = 0, wallMs = 0, ...metrics] = sample;
    this.integers[start + fakeLayout.rowStatusWord] = 0n;
    this.integers[start + fakeLayout.rowEstimatedWord] = BigInt(estimated);
    this.doubles[start + fakeLayout.rowSequenceWord] = sequence;
    this.doubles[start + fakeLayout.rowStartMsWord] = startMs;
    this.doubles[start + fakeLayout.rowWallMsWord] = wallMs;
    this.doubles.set(metrics, start + fakeLayout.rowMetricsWord);
    this.changed();
  }

  /** A poll that brought no sample: the row keeps the last one and says why. */
  fail(row: number, status: number): void {
    this.integers[this.#turn(row) + fakeLayout.rowStatusWord] = BigInt(status);
    this.changed();
  }

  /** What the addon says after each change; for a test that writes words by hand. */
  changed(): void {
    const { changesWord } = fakeLayout;
    this.integers[changesWord] = (this.integers[changesWord] ?? 0n) + 1n;
  }

  /** Leaves the row as a writer that is in the middle of it. */
  beginWrite(row: number): void {
    const start = fakeLayout.firstRowWord + row * fakeLayout.rowStrideWords;
    this.integers[start] = (this.integers[start] ?? 0n) + 1n;
  }

  #turn(row: number): number {
    const start = fakeLayout.firstRowWord + row * fakeLayout.rowStrideWords;
    this.integers[start] = (this.integers[start] ?? 0n) + 2n;
    return start;
  }
}

export type FakeDevice = NativeDevice & Partial<NativeDeviceEntry>;

export interface FakeSessionOptions {
  readonly block: FakeBlock;
  /** External memory is refused, as in Electron. */
  readonly refuseExternal?: boolean;
  readonly states?: readonly ReturnType<NativeSession['state']>[];
  readonly failure?: NativeStatus;
  readonly devices?: readonly FakeDevice[];
  readonly driver?: NativeDriver;
  /** What the first poll of every watched row publishes. */
  readonly firstSample?: readonly number[];
  /** Whether the driver goes when it is asked to, and comes back. Default: both. */
  readonly suspends?: boolean;
  readonly resumes?: boolean;
}

export class FakeSession implements NativeSession {
  readonly #options: FakeSessionOptions;
  #asked = 0;
  #shard = -1;
  #devices: readonly NativeDeviceEntry[];
  readonly watched: number[] = [];
  /** Calls of methods that cost a crossing into native code, by name. */
  readonly calls: string[] = [];
  isClosed = false;
  currentDriver: NativeDriver;
  links: readonly NativeLink[] = [];
  readonly details = new Map<number, NativeDetail>();
  readonly reports = new Map<number, ReadonlyMap<string, FakeReport>>();
  /** Records of every reading: of histories by 'row tier', of series by 'row series'. */
  readonly histories = new Map<string, readonly (readonly number[])[]>();
  readonly series = new Map<string, readonly (readonly number[])[]>();
  events: readonly (readonly number[])[] = [];
  readonly aggregation = new FakeAggregation();

  constructor(options: FakeSessionOptions) {
    this.#options = options;
    this.#devices = withRows(options.devices ?? [{ uuid: 'GPU-1', name: 'fake', index: 0 }]);
    const fallback = { libraryPath: 'fake.so', driverVersion: '1.2', nvmlVersion: '3.4' };
    this.currentDriver = options.driver ?? fallback;
  }

  state(): ReturnType<NativeSession['state']> {
    const { states = ['running'] } = this.#options;
    return states[Math.min(this.#asked++, states.length - 1)] ?? 'running';
  }
  failure(): NativeStatus | undefined {
    return this.#options.failure;
  }
  devices(): readonly NativeDeviceEntry[] {
    this.calls.push('devices');
    return this.#devices;
  }
  /** Devices come and go. */
  list(devices: readonly FakeDevice[]): void {
    this.#devices = withRows(devices);
    const { integers } = this.#options.block;
    integers[fakeLayout.devicesWord] = (integers[fakeLayout.devicesWord] ?? 0n) + 1n;
    this.#options.block.changed();
  }
  topology(): readonly NativeLink[] {
    this.calls.push('topology');
    return this.links;
  }
  driver(): NativeDriver {
    return this.currentDriver;
  }
  block(): ArrayBuffer | undefined {
    return this.#options.refuseExternal === true ? undefined : this.#options.block.memory;
  }
  readRow(row: number, into: BigUint64Array): boolean {
    this.calls.push('readRow');
    const start = fakeLayout.firstRowWord + row * fakeLayout.rowStrideWords;
    const words = this.#options.block.integers.subarray(start, start + fakeLayout.rowWords);
    into.set(words);
    return ((words[0] ?? 0n) & 1n) === 0n && words[0] !== 0n;
  }
  readHeader(word: number, into: BigUint64Array): void {
    this.calls.push('readHeader');
    into[0] = this.#options.block.integers[word] ?? 0n;
  }
  claimLedger(): number {
    this.calls.push('claimLedger');
    if (this.#shard < 0 && !this.isClosed) this.#shard = this.#options.block.ledger.claim();
    return this.#shard;
  }
  loadLedger(half: number): number {
    this.calls.push('loadLedger');
    return this.#options.block.ledger.load(half);
  }
  storeLedger(half: number, value: number): void {
    this.calls.push('storeLedger');
    this.#options.block.ledger.store(this.#shard, half, value);
  }
  addLedger(half: number, value: number): number {
    this.calls.push('addLedger');
    return this.#options.block.ledger.add(this.#shard, half, value);
  }
  watch(rows: readonly number[]): void {
    const newly = rows.filter((row) => !this.watched.includes(row));
    this.watched.push(...newly);
    const { block, firstSample } = this.#options;
    if (firstSample === undefined) return;
    for (const row of newly) block.publish(row, firstSample);
  }
  unwatch(rows: readonly number[]): void {
    for (const row of rows) {
      const place = this.watched.indexOf(row);
      if (place >= 0) this.watched.splice(place, 1);
    }
  }
  readHistory({ row, which, from }: NativeRange, into: Float64Array): number {
    return copyFrom(this.histories.get(`${row} ${which}`) ?? [], from, into);
  }
  readSeries({ row, which, from }: NativeRange, into: Float64Array): number {
    return copyFrom(this.series.get(`${row} ${which}`) ?? [], from, into);
  }
  readReports(row: number, into: Float64Array): boolean {
    this.calls.push('readReports');
    const reports = this.reports.get(row);
    if (reports === undefined) return false;
    for (const [metric, key] of fakeMetricKeys.entries()) {
      const report: FakeReport = reports.get(key) ?? { state: 'not-sampled' };
      const { value = Number.NaN, knownMs = 0, knownWallMs = 0 } = report;
      const { changedMs = 0, changedWallMs = 0, invalidCount = 0 } = report;
      const state = fakeValueStates.indexOf(report.state);
      const words = [value, knownMs, knownWallMs, changedMs, changedWallMs, state, invalidCount];
      into.set(words, 7 * metric);
    }
    return true;
  }
  readDetail(row: number): NativeDetail | undefined {
    return this.details.get(row);
  }
  readEvents(from: number, into: Float64Array): number {
    this.calls.push('readEvents');
    return copyFrom(this.events, from, into);
  }
  aggregate(
    what: NativeStatisticsRequest & { rows: readonly number[]; metrics: readonly number[] },
    into: Float64Array,
  ): number {
    this.calls.push('aggregate');
    return this.aggregation.aggregate(what, into);
  }
  downsample(_what: object, into: Float64Array): number {
    this.calls.push('downsample');
    return this.aggregation.downsample(into);
  }
  watchWindow(what: NativeWindow): NativeWatchedWindow | undefined {
    this.calls.push('watchWindow');
    return this.aggregation.watchWindow(what);
  }
  suspend(): void {
    this.calls.push('suspend');
    if (this.#options.suspends !== false) this.driverIs('suspended');
  }
  resume(): void {
    this.calls.push('resume');
    if (this.#options.resumes !== false) this.driverIs('serving');
  }
  driverIs(state: (typeof fakeDriverStates)[number]): void {
    this.#options.block.integers[fakeLayout.driverWord] = BigInt(fakeDriverStates.indexOf(state));
    this.#options.block.changed();
  }
  close(): void {
    this.isClosed = true;
    if (this.#shard >= 0) this.#options.block.ledger.free(this.#shard);
    this.#shard = -1;
  }
  closed(): boolean {
    return this.isClosed;
  }
}

/** Rows by place, and numbers by row, where the test does not say. */
function withRows(devices: readonly FakeDevice[]): readonly NativeDeviceEntry[] {
  return devices.map((device, place) => {
    const { row = place } = device;
    return { row, number: row, present: true, ...device };
  });
}

/** Records with a sequence of at least `from`, as many as there is room for. */
function copyFrom(
  records: readonly (readonly number[])[],
  from: number,
  into: Float64Array,
): number {
  const wanted = records.filter(([sequence = 0]) => sequence >= from);
  const length = wanted[0]?.length ?? 1;
  const copied = wanted.slice(0, Math.floor(into.length / length));
  for (const [index, record] of copied.entries()) into.set(record, index * length);
  return copied.length;
}

/** Two metrics of the fast tier, then all others. */
export const fakeMetricKeys: readonly string[] = [
  'computeUtilizationPercent',
  'powerWatts',
  ...detailTable.map(({ key }) => key),
];
const mediumCount = detailTable.filter(({ tier }) => tier === 'medium').length;

export const fakeValueStates: readonly string[] = [
  'not-sampled',
  'known',
  'estimated',
  'unsupported',
  'denied',
  'invalid',
  'unavailable',
];
const fakeDriverStates = ['serving', 'lost', 'suspended', 'released'] as const;
export const fakeStatusNames = [
  '',
  'ERR_GPU_DEVICE_LOST',
  'ERR_GPU_DEVICE_HUNG',
  'ERR_GPU_DEVICE_ASLEEP',
  'ERR_GPU_SUSPENDED',
  'ERR_GPU_DRIVER_GONE',
  'ERR_GPU_TRY_AGAIN',
  'ERR_GPU_NO_PERMISSION',
  'ERR_GPU_DRIVER_NOT_LOADED',
  'ERR_GPU_DRIVER_MISMATCH',
] as const;

export class FakeNative implements NativeModule {
  readonly metricKeys: readonly string[] = fakeMetricKeys;
  readonly tierEnds: readonly number[] = [2, 2 + mediumCount, fakeMetricKeys.length];
  readonly seriesMetrics: readonly number[] = [0, 1];
  readonly valueStates: readonly string[] = fakeValueStates;
  readonly eventKinds: readonly string[] = driverEventKinds;
  readonly driverStates: readonly string[] = fakeDriverStates;
  readonly linkNames: readonly string[] = ['unknown', 'nvlink', 'system'];
  readonly statusNames: readonly string[] = fakeStatusNames;
  readonly sampleBytes: number = 64;
  readonly layout: BlockLayout = fakeLayout;
  readonly session: FakeSession;
  readonly windowKinds: readonly string[] = ['wall', 'monotonic', 'last'];
  readonly statisticsDoubles: number = fakeStatisticsDoubles;
  readonly mostPercentiles: number = 32;
  readonly noOwner: number = fakeNoOwner;
  readonly assignEarliest: NativeModule['assignEarliest'] = assignNaively;
  opened: NativeOpenOptions | undefined;
  /** What `checkColumns` finds. */
  fault: NativeColumnFault | undefined;

  constructor(session: FakeSession) {
    this.session = session;
  }
  monotonicMs(): number {
    return 0;
  }
  /** All its environments are of one thread. */
  hasProcessFence(): boolean {
    return true;
  }
  openSession(options: NativeOpenOptions): NativeSession {
    this.opened = options;
    return this.session;
  }
  startProbe(): { available(): boolean } {
    return { available: () => true };
  }
  controlSimulator(): NativeReply {
    return { reply: '', failure: undefined };
  }
  aggregateColumns(
    columns: readonly NativeColumn[],
    what: NativeStatisticsRequest,
    into: Float64Array,
  ): number {
    return this.session.aggregation.aggregateColumns({ ...what, columns }, into);
  }
  downsampleColumn(_column: NativeColumn, _what: object, into: Float64Array): number {
    return this.session.aggregation.downsample(into);
  }
  checkColumns(): NativeColumnFault | undefined {
    return this.fault;
  }
  summarize(_values: ArrayLike<number>, _what: object, into: Float64Array): number {
    into.fill(Number.NaN);
    into[0] = 0;
    return into.length;
  }
  stopAll(): void {}
}
