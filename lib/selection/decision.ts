import type { GPUMetrics } from '../telemetry/sample.js';
import { Candidates } from './candidates.js';
import type { SelectionCriteria } from './criteria.js';
import type { DeviceView, SelectionContext } from './device-view.js';
import type { Random } from './random.js';

/** The devices at one time. Nobody changes the array; a new list is a new array. */
export interface Scene {
  readonly views: readonly DeviceView[];
  /** Unix. */
  readonly nowMs: number;
}

/** One choice while it is made: the context, and room for the candidates. Used again and again. */
export class Decision implements SelectionContext {
  readonly candidates: Candidates = new Candidates();
  readonly #random: Random;
  request: SelectionCriteria;
  nowMs = 0;
  views: readonly DeviceView[] = [];

  constructor(request: SelectionCriteria, random: Random) {
    this.request = request;
    this.#random = random;
  }

  begin(request: SelectionCriteria, { views, nowMs }: Scene): void {
    this.request = request;
    this.nowMs = nowMs;
    this.views = views;
    this.candidates.reset(views);
  }

  random(): number {
    return this.#random.next();
  }

  /** Whether the age of the device's sample is one that counts; false without a sample. */
  isRecent(view: DeviceView): boolean {
    const ageMs = view.ageMs(this.nowMs);
    return ageMs !== undefined && ageMs <= this.request.maxAgeMs;
  }

  /** Whether only the ledger speaks for the device: constraints on its telemetry are waived. */
  isLedgerOnly(view: DeviceView): boolean {
    return this.request.staleness === 'ledger-only' && !this.isRecent(view);
  }

  metricsOf(view: DeviceView): GPUMetrics | undefined {
    const { metrics } = view;
    if (metrics === undefined || this.request.staleness === 'allow') return metrics;
    return this.isRecent(view) ? metrics : undefined;
  }

  /** An old sample goes on saying what others use: nobody has seen them give it back. */
  freeMemoryOf(view: DeviceView): number | undefined {
    const free = view.freeMemoryBytes;
    return free === undefined && this.isLedgerOnly(view) ? unleasedBytes(view) : free;
  }
}

/** The device's memory less what is leased; undefined where its memory is unknown. */
export function unleasedBytes({ device, leasedBytes }: DeviceView): number | undefined {
  return device.memoryUnknown ? undefined : Math.max(0, device.memoryBytes - leasedBytes);
}
