// The one place that decides which devices pass, what they cost and which is taken. Choosing,
// ranking and explaining are ways of reading its result, so they cannot disagree.
import type { SelectionCriteria } from './criteria.js';
import type { Decision, Scene } from './decision.js';
import type { DeviceView } from './device-view.js';
import { applicableFilters } from './filters/applicable.js';
import type { Filter, Outlook } from './filters/filter.js';
import { isUsual, usualFilters } from './filters/usual.js';
import { type Gang, gangOf, type LinkBetween } from './gang.js';
import { policyFor } from './policies/named.js';
import type { Policy } from './policies/policy.js';
import { score } from './policies/score.js';
import type { PolicyState } from './policy-state.js';
import { explanationOf, type SelectionExplanation } from './reasons.js';

export type { Scene } from './decision.js';
export type { Outlook } from './filters/filter.js';
export type { LinkBetween } from './gang.js';

/** A device with what orders it. */
export interface RankedDevice {
  readonly deviceId: string;
  /** 0..1. Under the policy `score` its score, else 1 / (1 + cost). */
  readonly score: number;
  /** Lower is better; finite and at least 0. Under the policy `score` 1 - score. */
  readonly cost: number;
}

export interface PipelineOptions {
  /** For requests of several devices. @default nothing is known of links */
  readonly linkBetween?: LinkBetween | undefined;
  /** A device that is held back, whatever it is otherwise: the outlook is 'busy'. */
  readonly isWithheld?: ((view: DeviceView) => boolean) | undefined;
}

/** What became of the candidates: indices among them, the one to take first. */
export interface Choice {
  readonly taken: readonly number[];
  readonly gang?: Gang;
}

const none: Choice = { taken: [] };

/**
 * A request made ready to decide: the filters that apply to it, in order, and its policy. It may be
 * kept and used again, over other views too.
 */
export class Pipeline {
  readonly criteria: SelectionCriteria;
  readonly filters: readonly Filter[];
  readonly policy: Policy;
  /** Indices of the filters that are not `usualFilters`. */
  readonly #unusual: readonly number[];
  readonly #state: PolicyState;
  readonly #linkBetween: LinkBetween | undefined;

  constructor(criteria: SelectionCriteria, state: PolicyState, options: PipelineOptions = {}) {
    this.criteria = criteria;
    this.filters = applicableFilters(criteria, options.isWithheld);
    this.#unusual = [...this.filters.keys()].filter(
      (index) => !usualFilters.has(this.filters[index] as Filter),
    );
    this.policy = policyFor(criteria.policy, state);
    this.#state = state;
    this.#linkBetween = options.linkBetween;
  }

  /**
   * Position in `views` of the one device to take; -1: none. Moves the policy's state on.
   * @throws TypeError ERR_GPU_INVALID_TYPE, naming a filter or policy of the user's that throws or
   *   answers with rubbish; nothing is moved on then.
   */
  choose(scene: Scene): number {
    return this.#decide(scene, (decision) => {
      const index = this.#pickOne(decision);
      if (index === -1) return -1;
      this.policy.taken?.(decision, index);
      return decision.candidates.positions[index] ?? -1;
    });
  }

  /**
   * Positions in `views` of `criteria.count` devices that belong together; undefined: there are not
   * so many that pass. Moves the policy's state on. @throws as `choose`
   */
  chooseGroup(scene: Scene): readonly number[] | undefined {
    return this.#decide(scene, (decision) => {
      const { taken } = this.#pick(decision);
      if (taken.length === 0) return undefined;
      for (const index of taken) this.policy.taken?.(decision, index);
      return taken.map((index) => decision.candidates.positions[index] ?? -1);
    });
  }

  /**
   * Those that pass: first what would be chosen now, then the others by tier and cost. Changes
   * nothing. @throws as `choose`
   */
  rank(scene: Scene): RankedDevice[] {
    return this.#foretell(scene, (decision, { taken }) => {
      const { candidates } = decision;
      const rest = Array.from({ length: candidates.count }, (_, index) => index)
        .filter((index) => !taken.includes(index))
        .sort(
          (a, b) =>
            candidates.tier(a) - candidates.tier(b) ||
            candidates.key(a) - candidates.key(b) ||
            a - b,
        );
      return [...taken, ...rest].map((index) => this.#ranked(decision, index));
    });
  }

  /** One a device, in the views' order, of the choice that comes next. Changes nothing. */
  explain(scene: Scene): SelectionExplanation[] {
    return this.#foretell(scene, (decision, choice) =>
      scene.views.map((_view, position) => explanationOf(this, decision, { choice, position })),
    );
  }

  /** One a device, in the views' order. Changes nothing. @throws as `choose` */
  outlook(scene: Scene): Outlook[] {
    return this.#look(scene, (decision) =>
      scene.views.map((view, position) => {
        const filter = this.rejecting(decision, position);
        if (filter !== undefined) return filter.outlook(view, decision);
        return decision.candidates.has(position) ? 'passes' : 'later';
      }),
    );
  }

  /** The filter that rejected the device; undefined: none did. */
  rejecting({ candidates }: Decision, position: number): Filter | undefined {
    const number = candidates.rejectedBy[position] ?? 0;
    return number === 0 ? undefined : this.filters[number - 1];
  }

  #ranked({ candidates }: Decision, index: number): RankedDevice {
    const key = candidates.key(index);
    return { deviceId: candidates.view(index).device.deviceId, ...this.worthOf(key) };
  }

  /** What users see of a key. */
  worthOf(key: number): { readonly score: number; readonly cost: number } {
    const cost = this.policy.costOf?.(key) ?? key;
    return { score: this.policy.scoreOf?.(key) ?? 1 / (1 + cost), cost };
  }

  #decide<R>(scene: Scene, read: (decision: Decision) => R): R {
    const decision = this.#state.borrow(this.criteria);
    try {
      decision.begin(this.criteria, scene);
      this.#filter(decision);
      this.#judge(decision);
      return read(decision);
    } finally {
      this.#state.giveBack(decision);
    }
  }

  /** The choice that comes next, which is still to come. */
  #foretell<R>(scene: Scene, read: (decision: Decision, choice: Choice) => R): R {
    return this.#look(scene, (decision) => read(decision, this.#pick(decision)));
  }

  #look<R>(scene: Scene, read: (decision: Decision) => R): R {
    return this.#state.random.peek(() => this.#decide(scene, read));
  }

  #filter(decision: Decision): void {
    const { views, candidates } = decision;
    for (let position = 0; position < views.length; position += 1) {
      const rejecting = this.#firstToReject(views[position] as DeviceView, decision);
      candidates.rejectedBy[position] = rejecting;
      if (rejecting === 0) candidates.add(position);
    }
  }

  /** Its number, counted from 1; 0: none. */
  #firstToReject(view: DeviceView, decision: Decision): number {
    if (!isUsual(view, decision)) return this.#firstOfAll(view, decision);
    for (let each = 0; each < this.#unusual.length; each += 1) {
      const index = this.#unusual[each] as number;
      if (this.filters[index]?.reject(view, decision) !== undefined) return index + 1;
    }
    return 0;
  }

  #firstOfAll(view: DeviceView, decision: Decision): number {
    for (let index = 0; index < this.filters.length; index += 1) {
      if (this.filters[index]?.reject(view, decision) !== undefined) return index + 1;
    }
    return 0;
  }

  #judge(decision: Decision): void {
    const { candidates } = decision;
    this.policy.prepare?.(decision);
    for (let index = 0; index < candidates.count; index += 1) {
      this.policy.judge(candidates.view(index), decision, index);
    }
    candidates.dropUnjudged();
  }

  #pickOne(decision: Decision): number {
    const { candidates } = decision;
    if (candidates.count === 0) return -1;
    const index = this.policy.pick(decision);
    if (index === -1 || this.policy.isEligible?.(candidates.key(index)) === false) return -1;
    return index;
  }

  #pick(decision: Decision): Choice {
    if (this.criteria.count > 1) return this.#pickGroup(decision);
    const index = this.#pickOne(decision);
    return index === -1 ? none : { taken: [index] };
  }

  #pickGroup(decision: Decision): Choice {
    const { candidates } = decision;
    const eligible = this.#inChanceOrder(decision).filter(
      (index) => this.policy.isEligible?.(candidates.key(index)) !== false,
    );
    const members = eligible.map((index) => ({
      deviceId: candidates.view(index).device.deviceId,
      numaNode: candidates.view(index).device.numaNode,
      tier: candidates.tier(index),
      cost: this.worthOf(candidates.key(index)).cost,
    }));
    const gang = gangOf(members, this.criteria.count, this.#linkBetween);
    if (gang === undefined) return none;
    const taken = gang.members.map((member) => eligible[member] ?? -1).sort((a, b) => a - b);
    return { taken, gang };
  }

  /** So that equal groups are taken at random, but under `score` in the order of registration. */
  #inChanceOrder(decision: Decision): number[] {
    const order = Array.from({ length: decision.candidates.count }, (_, index) => index);
    if (this.policy === score) return order;
    for (let left = order.length - 1; left > 0; left -= 1) {
      const other = Math.floor(decision.random() * (left + 1));
      [order[left], order[other]] = [order[other] ?? 0, order[left] ?? 0];
    }
    return order;
  }
}
