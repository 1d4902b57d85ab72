import type { Decision } from '../decision.js';
import type { DeviceView } from '../device-view.js';

/**
 * An order, over the candidates of a decision. All but `taken` are pure, so that ranking and
 * explaining foretell choosing.
 */
export interface Policy {
  readonly name: string;
  /** Looks at all candidates before any is judged. */
  prepare?(decision: Decision): void;
  /**
   * Writes the key of the candidate at `index`, whose view it is: what orders; lower is better, and
   * NaN says that the device cannot be judged. Writing it saves boxing a number for each device.
   */
  judge(view: DeviceView, decision: Decision, index: number): void;
  /** Whether a candidate of that key may be taken at all. @default any */
  isEligible?(key: number): boolean;
  /** Index of the candidate to take; -1: none. There is at least one. */
  pick(decision: Decision): number;
  /** It was: moves the policy's state on. */
  taken?(decision: Decision, index: number): void;
  /** The public cost of a key. @default the key */
  costOf?(key: number): number;
  /** The public score of a key, 0..1. @default 1 / (1 + cost) */
  scoreOf?(key: number): number;
  /** What the key came from, in a line without the cost. */
  text(view: DeviceView, decision: Decision): string;
}
