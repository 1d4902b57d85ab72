import type { Board } from '../selection/board.js';
import type { DeviceView } from '../selection/device-view.js';
import { type LinkBetween, Pipeline } from '../selection/pipeline.js';
import type { PolicyState } from '../selection/policy-state.js';
import type { LeaseTerms } from './lease-request.js';

export const nobody: ReadonlySet<number> = new Set();

export interface DemandParts {
  readonly board: Board;
  readonly state: PolicyState;
  /** Asked when several devices are wanted. */
  links(): LinkBetween | undefined;
}

/** A request for a lease, ready to be tried again and again. */
export class LeaseDemand {
  readonly terms: LeaseTerms;
  readonly #parts: DemandParts;
  #withheld = nobody;
  #pipeline: Pipeline | undefined;

  constructor(terms: LeaseTerms, parts: DemandParts) {
    this.terms = terms;
    this.#parts = parts;
  }

  /** What decides while devices of these numbers are held back. */
  pipeline(withheld: ReadonlySet<number>): Pipeline {
    this.#withheld = withheld;
    if (this.#pipeline !== undefined) return this.#pipeline;
    const { criteria } = this.terms;
    this.#pipeline = new Pipeline(criteria, this.#parts.state, {
      linkBetween: criteria.count > 1 ? this.#parts.links() : undefined,
      isWithheld: (view) => this.#isWithheld(view),
    });
    return this.#pipeline;
  }

  #isWithheld({ device }: DeviceView): boolean {
    if (this.#withheld.size === 0) return false;
    const { board } = this.#parts;
    return this.#withheld.has(board.numberOf(board.indexOf(device.deviceId)));
  }
}
