import type { SelectionCriteria } from './criteria.js';
import { Decision } from './decision.js';
import type { DeviceView } from './device-view.js';
import { applicableFilters } from './filters/applicable.js';
import type { Filter } from './filters/filter.js';
import { isUsual, usualFilters } from './filters/usual.js';
import { Random } from './random.js';

/**
 * A request that is decided ahead of time, view by view, by the filters of the pipeline. REQUIRES:
 * none of the user's, so no code of users runs.
 */
export class Lane {
  readonly #usual: readonly Filter[];
  readonly #others: readonly Filter[];
  readonly #decision: Decision;

  constructor(criteria: SelectionCriteria) {
    const filters = applicableFilters(criteria);
    this.#others = filters.filter((filter) => !usualFilters.has(filter));
    this.#usual = filters.filter((filter) => usualFilters.has(filter));
    this.#decision = new Decision(criteria, new Random(0));
  }

  begin(nowMs: number, maxAgeMs: number): void {
    const decision = this.#decision;
    decision.nowMs = nowMs;
    if (decision.request.maxAgeMs === maxAgeMs) return;
    decision.request = { ...decision.request, maxAgeMs };
  }

  passes(view: DeviceView): boolean {
    const decision = this.#decision;
    return (
      (isUsual(view, decision) || passesAll(this.#usual, view, decision)) &&
      passesAll(this.#others, view, decision)
    );
  }

  /** Whether the age of the view's sample counts, and so may become too great. */
  isRecent(view: DeviceView): boolean {
    return this.#decision.isRecent(view);
  }
}

function passesAll(filters: readonly Filter[], view: DeviceView, decision: Decision): boolean {
  for (let index = 0; index < filters.length; index += 1) {
    if (filters[index]?.reject(view, decision) !== undefined) return false;
  }
  return true;
}
