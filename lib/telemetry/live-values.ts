import type { NativeDetail, NativeModule, NativeSession } from '../native.js';
import { absenceOf } from './absence.js';
import {
  type AnyMetricRow,
  type MetricDescription,
  type MetricState,
  readMetricName,
} from './describe.js';
import { type DeviceDetails, detailLists } from './details.js';
import type { LiveTelemetry } from './live.js';
import type { LiveDevices } from './live-devices.js';
import {
  type AnyMetricKey,
  type DetailKey,
  type DetailValues,
  detailTable,
} from './metrics.generated.js';
import { monotonicMs } from './monotonic.js';
import { reportDoubles } from './report-layout.js';
import {
  emptySeries,
  type MetricSeries,
  readSeries,
  readSeriesMetric,
  readSeriesOptions,
} from './series.js';
import type { ValueStore } from './store.js';
import { type Topology, topologyOf } from './topology.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What the native side knows of a metric. Times are 0 where no sample ever knew it. */
interface Report {
  readonly state: MetricState;
  readonly value: number;
  readonly knownMs: number;
  readonly knownWallMs: number;
  readonly changedWallMs: number;
  readonly invalidCount: number;
}

/** Of one device, at one moment. */
interface Reports {
  readonly of: (metric: AnyMetricRow) => Report;
  readonly nowMs: number;
}

export interface LiveValuesOptions {
  readonly native: NativeModule;
  readonly session: NativeSession;
  readonly devices: LiveDevices;
  readonly telemetry: LiveTelemetry;
  /** From this age on a value of the tier is stale. */
  maxAgeMs(tier: AnyMetricRow['tier']): number;
}

/** Every tier of a live cluster, and why what is not known is not. Each answer is a native call. */
export class LiveValues implements ValueStore {
  readonly #options: LiveValuesOptions;
  readonly #places: ReadonlyMap<string, number>;
  /** Index of a series by its metric. */
  readonly #series: ReadonlyMap<string | undefined, number>;
  /** Taken anew by every reading. */
  readonly #words: Float64Array;

  constructor(options: LiveValuesOptions) {
    const { metricKeys, seriesMetrics } = options.native;
    this.#options = options;
    this.#places = new Map(metricKeys.map((key, place) => [key, place]));
    this.#series = new Map(seriesMetrics.map((place, index) => [metricKeys[place], index]));
    this.#words = new Float64Array(reportDoubles * metricKeys.length);
  }

  describe(deviceId: string, metric: unknown): MetricDescription {
    const row = readMetricName(metric, 'metric');
    const { of, nowMs } = this.#reports(deviceId);
    const { state, value, knownMs, knownWallMs, changedWallMs, invalidCount } = of(row);
    const known = { value, sampledAtMs: knownWallMs, ageMs: Math.max(0, nowMs - knownMs) };
    const isKnown = state === 'known' || state === 'estimated';
    return {
      deviceId,
      metric: row.key,
      unit: row.unit,
      state,
      ...(isKnown && { ...known, changedAtMs: changedWallMs }),
      ...(!isKnown && knownMs > 0 && { lastKnown: known }),
      invalidCount,
      ...this.#mark(),
    };
  }

  /** Undefined: nothing was read yet. */
  details(deviceId: string): DeviceDetails | undefined {
    const { of, nowMs } = this.#reports(deviceId);
    const detail = this.#detail(deviceId);
    const values: Mutable<DetailValues> = {};
    const estimated: DetailKey[] = [];
    let newest = { monotonicMs: detail?.monotonicMs ?? 0, timestampMs: detail?.timestampMs ?? 0 };
    for (const row of detailTable) {
      const { state, value, knownMs, knownWallMs } = of(row);
      if (knownMs > newest.monotonicMs) newest = { monotonicMs: knownMs, timestampMs: knownWallMs };
      if (state === 'known' || state === 'estimated') values[row.key] = value;
      if (state === 'estimated') estimated.push(row.key);
    }
    if (newest.monotonicMs === 0) return undefined;
    return {
      deviceId,
      timestampMs: newest.timestampMs,
      ageMs: Math.max(0, nowMs - newest.monotonicMs),
      ...values,
      ...(detail !== undefined && this.#holds(deviceId, detail, nowMs) && detailLists(detail)),
      ...(estimated.length > 0 && { estimated }),
      ...this.#mark(),
    };
  }

  series(deviceId: string, name: unknown, options: unknown): MetricSeries {
    const { key: metric, unit } = readSeriesMetric(name, 'metric');
    const checked = readSeriesOptions(options);
    const { session, devices } = this.#options;
    const which = this.#series.get(metric);
    const read = (row: number) =>
      which === undefined ? undefined : readSeries(session, { row, which }, checked);
    const part = devices.inRowOf(deviceId, read) ?? emptySeries(checked);
    return { deviceId, metric, unit, ...part, ...this.#mark() };
  }

  topology(): Topology {
    const { native, devices } = this.#options;
    const cells = devices.topology();
    const deviceIds = [...devices.current.keys()];
    return { ...topologyOf({ deviceIds, cells, linkNames: native.linkNames }), ...this.#mark() };
  }

  #detail(deviceId: string): NativeDetail | undefined {
    const { session, devices } = this.#options;
    return devices.inRowOf(deviceId, (row) => session.readDetail(row));
  }

  /** The lists are read with the slow metrics. */
  #holds(deviceId: string, detail: NativeDetail, nowMs: number): boolean {
    const isRecent = nowMs - detail.monotonicMs <= this.#options.maxAgeMs('slow');
    return isRecent && this.#absence(deviceId) === undefined;
  }

  #reports(deviceId: string): Reports {
    const { session, devices } = this.#options;
    const read = (row: number) => session.readReports(row, this.#words);
    const isThere = devices.inRowOf(deviceId, read) ?? false;
    const absence = this.#absence(deviceId);
    const nowMs = monotonicMs();
    return {
      nowMs,
      of: (metric) => {
        const report = isThere ? this.#report(metric.key) : unread;
        const state = absence ?? this.#stateOf(report, nowMs, metric.tier);
        return { ...report, state };
      },
    };
  }

  #report(key: AnyMetricKey): Report {
    const { valueStates } = this.#options.native;
    const place = this.#places.get(key);
    if (place === undefined) return unread;
    const words = this.#words.subarray(reportDoubles * place, reportDoubles * (place + 1));
    const [value = Number.NaN, knownMs = 0, knownWallMs = 0, , changedWallMs = 0] = words;
    const [, , , , , state = 0, invalidCount = 0] = words;
    const name = valueStates[state] as MetricState;
    return { state: name, value, knownMs, knownWallMs, changedWallMs, invalidCount };
  }

  #stateOf({ state, knownMs }: Report, nowMs: number, tier: AnyMetricRow['tier']): MetricState {
    if (state !== 'known' && state !== 'estimated') return state;
    return nowMs - knownMs > this.#options.maxAgeMs(tier) ? 'stale' : state;
  }

  #absence(deviceId: string): ReturnType<typeof absenceOf> {
    const { telemetry } = this.#options;
    return absenceOf(telemetry.getFailure(deviceId), telemetry.driverState());
  }

  #mark(): { simulated?: true } {
    return this.#options.devices.simulated ? { simulated: true } : {};
  }
}

const unread: Report = {
  state: 'not-sampled',
  value: Number.NaN,
  knownMs: 0,
  knownWallMs: 0,
  changedWallMs: 0,
  invalidCount: 0,
};
