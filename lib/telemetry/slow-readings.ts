import type { NativeModule, NativeSession } from '../native.js';
import { isTelling, leastStillMs, leastStillSamples, movingKeys } from '../selection/stillness.js';
import type { LiveRow } from './live-row.js';
import type { AnyMetricKey } from './metrics.generated.js';
import { changedAt, reportDoubles, stateAt } from './report-layout.js';

/** Doubles of a record of a history before its metrics. */
const recordHeader = 3;

/** Of the row of the device that is read. */
interface Newest {
  readonly row: number;
  readonly sequence: number;
  readonly startMs: number;
}

/** What a decision asks of a device besides its sample: a native call or two, so seldom. */
export class SlowReadings {
  readonly #session: NativeSession;
  readonly #native: NativeModule;
  readonly #reports: Float64Array;
  readonly #record: Float64Array;

  constructor(native: NativeModule, session: NativeSession) {
    this.#native = native;
    this.#session = session;
    this.#reports = new Float64Array(reportDoubles * native.metricKeys.length);
    this.#record = new Float64Array(recordHeader + 2 * (native.tierEnds[0] ?? 0));
  }

  /** What cannot be read is unknown. */
  readInto(into: LiveRow, newest: Newest): void {
    const isThere = this.#session.readReports(newest.row, this.#reports);
    const known = (key: AnyMetricKey) => (isThere ? this.#value(key) : undefined);
    const margin = known('thermalMarginCelsius');
    const least = known('slowdownMarginCelsius');
    into.marginCelsius = margin === undefined || least === undefined ? undefined : margin - least;
    into.slowdownCelsius = known('slowdownTemperatureCelsius');
    into.isFrozen = isThere && this.#isFrozen(newest);
  }

  #isFrozen({ row, sequence, startMs }: Newest): boolean {
    if (!isTelling(this.#value('powerWatts'))) return false;
    let changedMs = -Infinity;
    for (const key of movingKeys) {
      if (this.#value(key) === undefined) continue;
      const at = reportDoubles * this.#native.metricKeys.indexOf(key);
      changedMs = Math.max(changedMs, this.#reports[at + changedAt] ?? 0);
    }
    if (startMs - changedMs < leastStillMs) return false;
    const from = sequence - leastStillSamples + 1;
    if (from < 1) return false;
    const count = this.#session.readHistory({ row, which: 0, from }, this.#record);
    const [first = 0, firstMs = 0] = this.#record;
    return count === 1 && first === from && firstMs >= changedMs;
  }

  #value(key: AnyMetricKey): number | undefined {
    const { metricKeys, valueStates } = this.#native;
    const place = metricKeys.indexOf(key);
    if (place < 0) return undefined;
    const at = reportDoubles * place;
    const state = valueStates[this.#reports[at + stateAt] ?? 0];
    return state === 'known' || state === 'estimated' ? this.#reports[at] : undefined;
  }
}
