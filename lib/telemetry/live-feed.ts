import type { GPUDevice } from '../device.js';
import type { ErrorCode } from '../errors.js';
import type { NativeModule, NativeSession } from '../native.js';
import type { BoardView } from '../selection/board-view.js';
import type { DeviceFeed, FeedTarget } from '../selection/device-feed.js';
import { News } from '../selection/news.js';
import { isImplausible } from '../selection/sensors.js';
import type { BlockReader } from './block.js';
import type { EventHub } from './event-hub.js';
import type { LiveTelemetry } from './live.js';
import type { LiveDevices } from './live-devices.js';
import { LiveRow } from './live-row.js';
import { monotonicMs } from './monotonic.js';
import { sensedKeys } from './sensed-values.js';
import { SlowReadings } from './slow-readings.js';

const slowPeriodMs = 1000;

export interface LiveFeedOptions {
  readonly native: NativeModule;
  readonly session: NativeSession;
  readonly block: BlockReader;
  readonly devices: LiveDevices;
  readonly telemetry: LiveTelemetry;
  readonly hub: Pick<EventHub, 'catchUp' | 'latestHealthOf' | 'tellHealth'>;
  defaultMaxAgeMs(): number;
}

/** The sampler's devices and rows for a board. Only rows that were written since are copied. */
export class LiveFeed implements DeviceFeed {
  readonly news: News;
  readonly #options: LiveFeedOptions;
  readonly #block: BlockReader;
  readonly #hub: LiveFeedOptions['hub'];
  readonly #slow: SlowReadings;
  /** In the order of `sensedKeys`: word in a row; -1: no such metric. */
  readonly #sensedWords: readonly number[];
  #listed: ReadonlyMap<string, GPUDevice> | undefined;
  readonly #rows = new WeakMap<BoardView, LiveRow>();
  #slowMs = -Infinity;

  constructor(options: LiveFeedOptions) {
    const { native, session, block, hub } = options;
    this.#options = options;
    this.#block = block;
    this.#hub = hub;
    const { changesWord } = native.layout;
    this.news = new News({
      cells: block.halves,
      place: 2 * changesWord,
      load: () => block.low(changesWord),
    });
    hub.tellHealth(this.news);
    this.#slow = new SlowReadings(native, session);
    const fast = native.metricKeys.slice(0, native.tierEnds[0]);
    this.#sensedWords = sensedKeys.map((key) => {
      const place = fast.indexOf(key);
      return place < 0 ? -1 : native.layout.rowMetricsWord + place;
    });
  }

  read(target: FeedTarget): void {
    const { devices } = this.#options;
    do {
      // Takes the list in as well, so that no device is without its health.
      this.#hub.catchUp();
      this.news.isDue = false;
      const { current } = devices;
      if (current !== this.#listed) {
        this.#listed = current;
        this.#slowMs = -Infinity;
        target.list(current.values(), (deviceId) => devices.seatOf(deviceId));
      }
      this.#readViews(target);
    } while (devices.current !== this.#listed);
  }

  defaultMaxAgeMs(): number {
    return this.#options.defaultMaxAgeMs();
  }

  sampleNowMs(): number {
    return monotonicMs();
  }

  nowMs(): number {
    return Date.now();
  }

  #readViews(target: FeedTarget): void {
    const nowMs = monotonicMs();
    const isSlowDue = nowMs - this.#slowMs >= slowPeriodMs;
    if (isSlowDue) this.#slowMs = nowMs;
    for (const view of target.views) {
      const row = this.#rowOf(view);
      const hasNews = this.#readRow(view, row);
      const isOther = this.#readHealth(view);
      if (isSlowDue) this.#readSlow(view, row);
      if (!hasNews && !isOther && !isSlowDue) continue;
      judgeSensors(view, row);
      target.changed(view);
    }
  }

  #rowOf(view: BoardView): LiveRow {
    let row = this.#rows.get(view);
    if (row === undefined) {
      const { telemetry, native } = this.#options;
      row = new LiveRow(telemetry, view.device.deviceId, native.layout.rowWords);
      this.#rows.set(view, row);
    }
    return row;
  }

  /** True where it was written since. What is copied may be newer than the version says. */
  #readRow(view: BoardView, row: LiveRow): boolean {
    const block = this.#block;
    const place = view.seat.row;
    const version = block.turn(place);
    if (version === view.version) return false;
    const words = block.row(place);
    // A writer that is in the way now comes to its end, and says so.
    if (words === undefined && (version & 1) !== 0) return false;
    view.version = version;
    const status = this.#options.native.statusNames[block.status(place) ?? 0] ?? '';
    view.failureCode = status === '' ? undefined : (status as ErrorCode);
    if (words === undefined) {
      view.sample = undefined;
      view.sampleStartMs = -Infinity;
      view.sensed.cells.fill(NaN);
      return true;
    }
    const startMs = words[this.#options.native.layout.rowStartMsWord] ?? -Infinity;
    row.take(words, block.estimated(), startMs);
    view.sample = row;
    view.sampleStartMs = startMs;
    const { cells } = view.sensed;
    for (const [place, word] of this.#sensedWords.entries()) cells[place] = words[word] ?? NaN;
    return true;
  }

  #readHealth(view: BoardView): boolean {
    const { deviceId, parentDeviceId } = view.device;
    const health = this.#hub.latestHealthOf(deviceId);
    const parents =
      parentDeviceId === undefined ? undefined : this.#hub.latestHealthOf(parentDeviceId);
    if (health === view.health && parents === view.parentHealth) return false;
    view.health = health;
    view.parentHealth = parents;
    return true;
  }

  #readSlow(view: BoardView, row: LiveRow): void {
    const { rowSequenceWord, rowStartMsWord } = this.#options.native.layout;
    this.#slow.readInto(row, {
      row: view.seat.row,
      sequence: row.words[rowSequenceWord] ?? 0,
      startMs: row.words[rowStartMsWord] ?? 0,
    });
  }
}

function judgeSensors(view: BoardView, { isFrozen, marginCelsius, slowdownCelsius }: LiveRow) {
  const { sensed } = view;
  if (isImplausible(sensed)) view.sensor = 'implausible';
  else view.sensor = isFrozen ? 'frozen' : 'ok';
  const { temperatureCelsius } = sensed;
  const isKnown = slowdownCelsius !== undefined && temperatureCelsius !== undefined;
  view.slowdownMarginCelsius =
    marginCelsius ?? (isKnown ? slowdownCelsius - temperatureCelsius : undefined);
}
