import type {
  BlockLayout,
  NativeDevice,
  NativeDriver,
  NativeModule,
  NativeOpenOptions,
  NativeSession,
  NativeStatus,
} from '../../lib/native.js';

export const fakeLayout: BlockLayout = {
  roundsWord: 5,
  roundStartMsWord: 6,
  missedDeadlinesWord: 7,
  periodMsWord: 8,
  roundLengthMsWord: 9,
  firstRowWord: 16,
  rowStrideWords: 8,
  rowWords: 7,
  rowLockWord: 0,
  rowStatusWord: 1,
  rowSequenceWord: 2,
  rowStartMsWord: 3,
  rowWallMsWord: 4,
  rowMetricsWord: 5,
};

/** A published block in JavaScript: what the addon's memory looks like, written by a test. */
export class FakeBlock {
  readonly memory: ArrayBuffer = new ArrayBuffer(8 * (16 + 4 * 8));
  readonly doubles: Float64Array = new Float64Array(this.memory);
  readonly integers: BigUint64Array = new BigUint64Array(this.memory);

  /** Publishes a sample: sequence, start, wall time, then the metrics. */
  publish(row: number, sample: readonly number[]): void {
    const start = fakeLayout.firstRowWord + row * fakeLayout.rowStrideWords;
    const lock = this.integers[start] ?? 0n;
    this.integers[start] = lock + 2n;
    sample.forEach((value, index) => {
      this.doubles[start + fakeLayout.rowSequenceWord + index] = value;
    });
  }

  /** A poll that brought no sample: the row keeps the last one and says why. */
  fail(row: number, status: number): void {
    const start = fakeLayout.firstRowWord + row * fakeLayout.rowStrideWords;
    this.integers[start] = (this.integers[start] ?? 0n) + 2n;
    this.integers[start + fakeLayout.rowStatusWord] = BigInt(status);
  }

  /** Leaves the row as a writer that is in the middle of it. */
  beginWrite(row: number): void {
    const start = fakeLayout.firstRowWord + row * fakeLayout.rowStrideWords;
    this.integers[start] = (this.integers[start] ?? 0n) + 1n;
  }
}

export interface FakeSessionOptions {
  readonly block: FakeBlock;
  /** External memory is refused, as in Electron. */
  readonly refuseExternal?: boolean;
  readonly states?: readonly ReturnType<NativeSession['state']>[];
  readonly failure?: NativeStatus;
  readonly devices?: readonly NativeDevice[];
  readonly driver?: NativeDriver;
  /** What the first poll of every watched row publishes. */
  readonly firstSample?: readonly number[];
}

export class FakeSession implements NativeSession {
  readonly #options: FakeSessionOptions;
  #asked = 0;
  watched: readonly number[] = [];
  isClosed = false;

  constructor(options: FakeSessionOptions) {
    this.#options = options;
  }

  state(): ReturnType<NativeSession['state']> {
    const { states = ['running'] } = this.#options;
    return states[Math.min(this.#asked++, states.length - 1)] ?? 'running';
  }
  failure(): NativeStatus | undefined {
    return this.#options.failure;
  }
  devices(): readonly NativeDevice[] {
    return this.#options.devices ?? [{ uuid: 'GPU-1', name: 'fake', index: 0 }];
  }
  driver(): NativeDriver {
    const fallback = { libraryPath: 'fake.so', driverVersion: '1.2', nvmlVersion: '3.4' };
    return this.#options.driver ?? fallback;
  }
  block(): ArrayBuffer | undefined {
    return this.#options.refuseExternal === true ? undefined : this.#options.block.memory;
  }
  readRow(row: number, into: BigUint64Array): boolean {
    const start = fakeLayout.firstRowWord + row * fakeLayout.rowStrideWords;
    const words = this.#options.block.integers.subarray(start, start + fakeLayout.rowWords);
    into.set(words);
    return ((words[0] ?? 0n) & 1n) === 0n && words[0] !== 0n;
  }
  readHeader(word: number, into: BigUint64Array): void {
    into[0] = this.#options.block.integers[word] ?? 0n;
  }
  watch(rows: readonly number[]): void {
    this.watched = rows;
    const { block, firstSample } = this.#options;
    if (firstSample === undefined) return;
    for (const row of rows) block.publish(row, firstSample);
  }
  readHistory(): number {
    return 0;
  }
  close(): void {
    this.isClosed = true;
  }
  closed(): boolean {
    return this.isClosed;
  }
}

export class FakeNative implements NativeModule {
  readonly metricKeys: readonly string[] = ['computeUtilizationPercent', 'powerWatts'];
  readonly statusNames: readonly string[] = ['', 'ERR_GPU_DEVICE_LOST'];
  readonly sampleBytes: number = 64;
  readonly layout: BlockLayout = fakeLayout;
  readonly session: FakeSession;
  opened: NativeOpenOptions | undefined;

  constructor(session: FakeSession) {
    this.session = session;
  }
  monotonicMs(): number {
    return 0;
  }
  openSession(options: NativeOpenOptions): NativeSession {
    this.opened = options;
    return this.session;
  }
  startProbe(): { available(): boolean } {
    return { available: () => true };
  }
  stopAll(): void {}
}
