import type { TopologyLink } from '../telemetry/topology.js';
import type { SelectionCriteria } from './criteria.js';
import type { DeviceView } from './device-view.js';
import type { RankedDevice } from './evaluation.js';
import type { SelectionExplanation } from './reasons.js';

/**
 * How a device stands to a request. `busy`: the end of leases would let it pass. `later`: time may
 * (its telemetry, its health). `never`: nothing would.
 */
export type Outlook = 'passes' | 'busy' | 'later' | 'never';

/** The link between two devices of the cluster; undefined: unknown. */
export type LinkBetween = (deviceId: string, other: string) => TopologyLink | undefined;

/** The devices at one time. Nobody changes the array; a new list is a new array. */
export interface Scene {
  readonly views: readonly DeviceView[];
  /** Unix. */
  readonly nowMs: number;
}

/**
 * A request made ready to decide: the filters that apply to it and its policy. Made by
 * `new Pipeline(criteria, state, options)`, where `state` is the PolicyState of the manager.
 */
export interface SelectionPipeline {
  readonly criteria: SelectionCriteria;
  /** Position in `views` of the device to take; -1: none. Moves the policy's state on. */
  choose(scene: Scene): number;
  /** Positions of `criteria.count` devices that belong together; undefined: not that many. */
  chooseGroup(scene: Scene): readonly number[] | undefined;
  /** Those that pass, what `choose` would take first. Changes nothing. */
  rank(scene: Scene): RankedDevice[];
  /** One a device, in the views' order. Changes nothing. */
  explain(scene: Scene): SelectionExplanation[];
  /** One a device, in the views' order. Changes nothing. */
  outlook(scene: Scene): Outlook[];
}

export interface PipelineOptions {
  /** For requests of several devices. */
  readonly linkBetween?: LinkBetween;
  /** A device that is held back, whatever it is otherwise: the outlook is 'busy'. */
  readonly isWithheld?: (view: DeviceView) => boolean;
}
