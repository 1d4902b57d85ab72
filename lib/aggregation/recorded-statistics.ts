import { outOfRange } from '../arguments.js';
import { loadNative, type NativeModule } from '../native.js';
import type { NativeColumn } from '../native-aggregation.js';
import type { AnyMetricRow } from '../telemetry/describe.js';
import { type MetricKey, metricTable } from '../telemetry/metrics.generated.js';
import type { SampleColumns } from '../telemetry/sample-columns.js';
import type { SampleStore } from '../telemetry/sample-store.js';
import { OpenWindows } from './open-windows.js';
import {
  emptyRecord,
  type RecordQuery,
  RecordRoom,
  type Records,
  type SliceQuestion,
  type StatisticsSource,
} from './source.js';
import { type MetricStatistics, statisticsOf } from './statistics.js';
import {
  type Reading,
  requireOpen,
  SourceWindow,
  type WatchedWindow,
  type WindowToWatch,
} from './watched-window.js';
import {
  type CheckedWindow,
  type NativeWindowBounds,
  nativeBounds,
  type WindowEnds,
} from './window.js';

/** Recorded samples have times of the wall clock and no other. */
const clock = { kind: 'wall', nowMs: () => Date.now() } as const;

/** What ends with such a window. */
const nothing = () => {};

const recordedKeys: readonly string[] = metricTable.map(({ key }) => key);

/** Recorded columns, handed to native code in place. Without the addon there are no statistics. */
export class RecordedStatistics implements StatisticsSource {
  readonly #store: SampleStore;
  readonly #load: () => NativeModule;
  readonly #windows = new OpenWindows();

  constructor(store: SampleStore, load: () => NativeModule = loadNative) {
    this.#store = store;
    this.#load = load;
  }

  get mostPercentiles(): number {
    return this.#load().mostPercentiles;
  }

  bounds(window: CheckedWindow): NativeWindowBounds {
    return nativeBounds(window, this.#load().windowKinds, clock);
  }

  records(query: RecordQuery): Records {
    const { statisticsDoubles } = this.#load();
    const { devices, metrics, pooled } = query;
    const wholes = pooled ? 1 : devices.length;
    const room = new RecordRoom(wholes * metrics.length, query, statisticsDoubles);
    const written = metrics.map((metric, place) => {
      return this.#ask(query, metric, room.from(place * wholes));
    });
    return (device, metric) => {
      const place = pooled ? 0 : (written[metric]?.indexOf(device) ?? -1);
      const isThere = place >= 0 && place < (written[metric]?.length ?? 0);
      return isThere ? room.at(metric * wholes + place) : emptyRecord(query);
    };
  }

  slices({ deviceId, metric, bounds }: SliceQuestion, into: Float64Array): number {
    const all = columnOf(this.#store.columnsOf(deviceId), metric);
    if (all === undefined) return 0;
    const column = bounds.ends === undefined ? newestOf(all, bounds.from) : all;
    const { fromMs: from, toMs: to } = bounds.ends ?? endsOf(column);
    return this.#load().downsampleColumn(column, { from, to }, into);
  }

  watch(window: WindowToWatch): WatchedWindow {
    const handle = this.#windows.open(nothing);
    return new SourceWindow(window, handle, (deviceId, place) => {
      const metric = window.metrics[place];
      if (metric === undefined) throw new RangeError(`no place ${place}`);
      const reading = this.#reading(deviceId, metric, window);
      return () => {
        requireOpen(handle);
        return reading();
      };
    });
  }

  isSimulated(devices: readonly string[]): boolean {
    return devices.some((deviceId) => this.#store.columnsOf(deviceId)?.simulated === true);
  }

  close(): void {
    this.#windows.close();
  }

  /** Writes the records of the devices that have samples of the metric; their places. */
  #ask(query: RecordQuery, metric: AnyMetricRow, into: Float64Array): readonly number[] {
    const found = query.devices.flatMap((deviceId, place) => {
      const column = columnOf(this.#store.columnsOf(deviceId), metric);
      return column === undefined ? [] : [{ place, column }];
    });
    if (found.length === 0) return [];
    const { by, from, to } = query.bounds;
    const { percentiles, linear, ewmaMs, pooled } = query;
    const { maxGapMs } = this.#store;
    const window = { by, from, to, percentiles, linear, ewmaMs, pooled };
    const what = { ...window, maxGapMs, counter: metric.kind === 'counter' };
    const columns = found.map(({ column }) => column);
    if (this.#load().aggregateColumns(columns, what, into) === 0) {
      const samples = columns.reduce((sum, { count }) => sum + count, 0);
      throw outOfRange('samples', 'as many as there is memory to sort', samples);
    }
    return pooled ? [0] : found.map(({ place }) => place);
  }

  /** Worked out when it is read after a sample was recorded. */
  #reading(deviceId: string, metric: AnyMetricRow, window: WindowToWatch): Reading {
    let columns: SampleColumns | undefined;
    let version = -1;
    let statistics: MetricStatistics | undefined;
    return () => {
      const now = this.#store.columnsOf(deviceId);
      if (now !== columns || (now !== undefined && now.version !== version)) {
        columns = now;
        version = now?.version ?? -1;
        statistics = now === undefined ? undefined : this.#newest(now, metric, window);
      }
      return statistics;
    };
  }

  #newest(
    { deviceId, latestMs: toMs, count }: SampleColumns,
    metric: AnyMetricRow,
    window: WindowToWatch,
  ): MetricStatistics | undefined {
    if (count === 0) return undefined;
    const { percentiles, linear, ewmaMs } = window;
    const fromMs = toMs - window.windowMs;
    const bounds = this.bounds({ kind: 'between', fromMs, toMs });
    const whole = { percentiles, linear, ewmaMs, pooled: false };
    const record = this.records({ devices: [deviceId], metrics: [metric], bounds, ...whole })(0, 0);
    const statistics = statisticsOf(record, { metric, percentiles, ends: { fromMs, toMs } });
    if (this.isSimulated([deviceId])) statistics.simulated = true;
    return Object.freeze(statistics);
  }
}

function isRecorded(key: string): key is MetricKey {
  return recordedKeys.includes(key);
}

/** Undefined: there are no samples, or samples do not have that metric. */
function columnOf(columns: SampleColumns | undefined, { key }: AnyMetricRow) {
  return columns === undefined || !isRecorded(key) ? undefined : columns.column(key);
}

/** The newest samples alone. */
function newestOf({ times, values, oldest, count: all }: NativeColumn, last: number): NativeColumn {
  const count = Math.min(all, last);
  return { times, values, oldest: (oldest + all - count) % times.length, count };
}

/** The times of the first and the last sample. */
function endsOf({ times, oldest, count }: NativeColumn): Required<WindowEnds> {
  const timeOf = (index: number) => times[(oldest + index) % times.length] ?? Number.NaN;
  return { fromMs: timeOf(0), toMs: timeOf(count - 1) };
}
