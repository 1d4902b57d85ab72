import { outOfRange } from '../arguments.js';
import type { NativeModule, NativeSession } from '../native.js';
import type { NativeWatchedWindow } from '../native-aggregation.js';
import type { AnyMetricRow } from '../telemetry/describe.js';
import type { LiveDevices } from '../telemetry/live-devices.js';
import { monotonicMs } from '../telemetry/monotonic.js';
import { liveReading, WindowBoard } from './live-reading.js';
import { OpenWindows } from './open-windows.js';
import {
  emptyRecord,
  type RecordQuery,
  RecordRoom,
  type Records,
  type SliceQuestion,
  type StatisticsSource,
} from './source.js';
import { SourceWindow, type WatchedWindow, type WindowToWatch } from './watched-window.js';
import { type CheckedWindow, type NativeWindowBounds, nativeBounds } from './window.js';

export interface LiveStatisticsOptions {
  readonly native: NativeModule;
  readonly session: NativeSession;
  readonly devices: LiveDevices;
  /** Between two readings of the tier. */
  periodMs(tier: AnyMetricRow['tier']): number;
}

/** Periods whose samples a watched window may make the sampler look at. */
const mostPeriods = 65_536;

/** What came before so many time constants weighs less than a rounding error in `ewma`. */
const ewmaConstants = 42;

/** Windows ending now go by the sampler's clock: the wall clock may have been set meanwhile. */
const clock = { kind: 'monotonic', nowMs: monotonicMs } as const;

/** The sampler's index over its rings: each question is one native call. */
export class LiveStatistics implements StatisticsSource {
  readonly #options: LiveStatisticsOptions;
  readonly #places: ReadonlyMap<string, number>;
  readonly #windows = new OpenWindows();

  constructor(options: LiveStatisticsOptions) {
    this.#options = options;
    this.#places = new Map(options.native.metricKeys.map((key, place) => [key, place]));
  }

  get mostPercentiles(): number {
    return this.#options.native.mostPercentiles;
  }

  bounds(window: CheckedWindow): NativeWindowBounds {
    return nativeBounds(window, this.#options.native.windowKinds, clock);
  }

  records(query: RecordQuery): Records {
    return this.#options.devices.inRowsOf(query.devices, (rows) => this.#ask(query, rows));
  }

  slices({ deviceId, metric, bounds }: SliceQuestion, into: Float64Array): number {
    const { devices, session } = this.#options;
    const { by, from, to } = bounds;
    const what = { metric: this.#place(metric), by, from, to };
    const read = (row: number) => session.downsample({ row, ...what }, into);
    return devices.inRowOf(deviceId, read) ?? 0;
  }

  /** @throws RangeError ERR_GPU_OUT_OF_RANGE: too long for percentiles, or no memory for it */
  watch(window: WindowToWatch): WatchedWindow {
    this.#refuseTooLong(window);
    const { session, devices } = this.#options;
    const { windowMs, metrics, percentiles, linear, ewmaMs } = window;
    const places = metrics.map((metric) => this.#place(metric));
    const what = { metrics: places, windowMs, percentiles, linear, ewmaMs };
    const native = session.watchWindow(what);
    if (native === undefined) {
      throw outOfRange('options.metrics.length', 'as many as there is memory for', metrics.length);
    }
    const handle = this.#windows.open(endOf(native, devices.turns));
    const board = new WindowBoard({ window, handle, native, devices });
    return new SourceWindow(window, handle, (id, slot) => liveReading(board, id, slot));
  }

  isSimulated(): boolean {
    return this.#options.devices.simulated;
  }

  close(): void {
    this.#windows.close();
  }

  #ask(query: RecordQuery, rowsOf: readonly (number | undefined)[]): Records {
    const { native, session } = this.#options;
    const { percentiles, linear, ewmaMs, pooled, metrics: asked, bounds } = query;
    const rows = rowsOf.filter((row) => row !== undefined);
    const metrics = asked.map((metric) => this.#place(metric));
    const count = (pooled ? 1 : rows.length) * metrics.length;
    const room = new RecordRoom(count, query, native.statisticsDoubles);
    const { by, from, to } = bounds;
    const what = { rows, metrics, by, from, to, percentiles, linear, ewmaMs, pooled };
    const written = rows.length === 0 ? 0 : session.aggregate(what, room.words);
    const placeOf = placesOf(rowsOf, pooled);
    return (device, metric) => {
      const record = placeOf(device) * metrics.length + metric;
      return record < written ? room.at(record) : emptyRecord(query);
    };
  }

  #place({ key }: AnyMetricRow): number {
    return this.#places.get(key) ?? -1;
  }

  #refuseTooLong({ windowMs, metrics, percentiles, ewmaMs }: WindowToWatch): void {
    const periods = metrics.map(({ tier }) => this.#options.periodMs(tier));
    const longestMs = mostPeriods * Math.min(...periods);
    if (windowMs <= longestMs) return;
    const at = (what: string) => `at most ${longestMs} ${what} (${mostPeriods} periods)`;
    if (percentiles.length > 0) {
      throw outOfRange('options.windowMs', at('with percentiles'), windowMs);
    }
    if (ewmaConstants * ewmaMs <= longestMs) return;
    throw outOfRange('options.windowMs', at(`with ewmaMs ${ewmaMs}`), windowMs);
  }
}

/** On its own: a closure holds what others of its scope hold, and that would be the window. */
function endOf(native: NativeWatchedWindow, turns: { count: number }): () => void {
  return () => {
    native.close();
    turns.count += 1;
  };
}

/** The place of a device among those with a row; Infinity: it has none. */
function placesOf(
  rows: readonly (number | undefined)[],
  pooled: boolean,
): (device: number) => number {
  if (pooled) return () => 0;
  let next = 0;
  const places = rows.map((row) => (row === undefined ? Infinity : next++));
  return (device) => places[device] ?? Infinity;
}
