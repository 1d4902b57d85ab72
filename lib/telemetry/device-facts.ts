import type { NativeModule, NativeSession } from '../native.js';
import type { DeviceFacts, Fact } from './health-state.js';
import { knownMonotonicAt, reportDoubles, stateAt, valueAt } from './report-layout.js';

const factMetrics = [
  'recoveryAction',
  'remappedRowsPending',
  'remappedRowsFailed',
  'retiredPagesPending',
  'eccVolatileUncorrectedCount',
] as const satisfies readonly (keyof DeviceFacts)[];

/** Reads what is known of a device besides events: one native call a device. */
export class FactReader {
  readonly #native: NativeModule;
  readonly #session: NativeSession;
  readonly #reports: Float64Array;

  constructor(native: NativeModule, session: NativeSession) {
    this.#native = native;
    this.#session = session;
    this.#reports = new Float64Array(reportDoubles * native.metricKeys.length);
  }

  /** Undefined: there are no reports of the device. */
  read(row: number): DeviceFacts | undefined {
    if (!this.#session.readReports(row, this.#reports)) return undefined;
    const facts = factMetrics.map((metric) => [metric, this.#fact(metric)] as const);
    return Object.fromEntries(facts.filter(([, fact]) => fact !== undefined));
  }

  #fact(metric: (typeof factMetrics)[number]): Fact | undefined {
    const at = reportDoubles * this.#native.metricKeys.indexOf(metric);
    if (at < 0) return undefined;
    const state = this.#native.valueStates[this.#reports[at + stateAt] ?? 0];
    if (state !== 'known') return undefined;
    return {
      value: this.#reports[at + valueAt] ?? 0,
      monotonicMs: this.#reports[at + knownMonotonicAt] ?? 0,
    };
  }
}
