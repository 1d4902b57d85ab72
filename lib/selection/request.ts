import type { SelectionFilter, SelectionPolicy } from './device-view.js';

export const policyNames = [
  'score',
  'least-loaded',
  'estimated-completion',
  'power-of-two',
  'round-robin',
  'most-free-memory',
  'pack',
  'affinity',
] as const;
Object.freeze(policyNames);

/**
 * How devices are ordered; ties are broken at random, under `score` by the order of registration.
 * - `score`: a weighted sum of free memory (0.6) and idleness (0.4), cut down above 80 °C; what is
 *   unknown drops out of the sum, and a score of 0 is never selected.
 * - `least-loaded`: the least weight in flight, this request's included, for its speed; of equals
 *   the one with less in flight.
 * - `estimated-completion`: the shortest time to be done, by weight in flight and reported, speed,
 *   throttling, others' use and measured latency; of devices that are not near a limit, if any is.
 * - `power-of-two`: the less loaded of two drawn at random.
 * - `round-robin`: in turn, faster devices more often.
 * - `most-free-memory`.
 * - `pack`: fill what is at work already, so that the others may sleep. Say what fits: without
 *   `memoryBytes`, `minMemoryBytes` or `maxInFlight` everything lands on one device.
 * - `affinity`: where requests of the same `affinityKey` went, unless that is overloaded.
 */
export type SelectionPolicyName = (typeof policyNames)[number];

export const stalenessPolicies = ['exclude', 'ledger-only', 'allow'] as const;
Object.freeze(stalenessPolicies);

/** What becomes of a device whose sample is older than `maxAgeMs`, or that has none. */
export type StalenessPolicy = (typeof stalenessPolicies)[number];

export interface SelectionRequest {
  /**
   * Memory that must be free by the latest sample: its `memoryFreeBytes`, else total less used;
   * less what leases have reserved.
   * @default 0
   */
  readonly minMemoryBytes?: number;
  /** The device's memory in all. @default 0 */
  readonly minMemoryTotalBytes?: number;
  readonly maxUtilizationPercent?: number;
  /** The least distance to the device's own slowdown temperature. */
  readonly temperatureMarginCelsius?: number;
  /** 'major.minor', such as '8.0'. */
  readonly minComputeCapability?: string;
  /** Only these. One that is not there is no mistake: devices come and go. */
  readonly deviceIds?: readonly string[];
  /** None of these. */
  readonly excludeDeviceIds?: readonly string[];
  /** Any of these: a text is a part of the device's name, in upper or lower case. */
  readonly names?: readonly (string | RegExp)[];
  /** `GPUDevice.labels` must have all of them. */
  readonly labels?: Readonly<Record<string, string>>;
  /** true: only MIG instances; false: none. */
  readonly mig?: boolean;
  /** @default 'degraded' */
  readonly worstHealth?: 'ok' | 'degraded';
  readonly numaNode?: number;
  /** The most weight in flight on the device, this request's included. */
  readonly maxInFlight?: number;
  /**
   * The greatest age of a sample that still counts; Infinity takes any.
   * @default Infinity on a manual cluster; on a live one five periods, or five rounds of readings
   * where the driver needs longer than a period for one
   */
  readonly maxAgeMs?: number;
  /**
   * `exclude`: out. `ledger-only`: it stays and its telemetry counts as unknown, constraints on it
   * are waived. But memory that others were last seen to use stays used: what is free is what was
   * free then less what was reserved since, and never more than the device's memory less what is
   * leased. `allow`: old values count. A device that is lost, hung, asleep or let go of is out
   * whatever this says.
   * @default 'exclude' for a selection, 'ledger-only' for a lease
   */
  readonly staleness?: StalenessPolicy;
  /** `trust`: take devices with implausible or frozen sensors. @default 'check' */
  readonly sensors?: 'check' | 'trust';
  /** How much of a device the request takes; kept in steps of 1/64, rounded up. @default 1 */
  readonly weight?: number;
  /** What belongs together under the policy `affinity`: a session, a model. */
  readonly affinityKey?: string;
  /** After the built-in ones. A function is a filter that has the function's name. */
  readonly filters?: readonly (SelectionFilter | SelectionFilter['reject'])[];
  /**
   * A name, or one of your own; a function is the cost.
   * @default 'score' for a selection, 'least-loaded' for a lease
   */
  readonly policy?: SelectionPolicyName | SelectionPolicy | SelectionPolicy['cost'];
  /**
   * What becomes of a device that does not say what a constraint asks about.
   * @default 'reject'
   */
  readonly unknown?: 'reject' | 'allow';
}
