import type { SelectionCriteria } from '../criteria.js';
import type { Decision } from '../decision.js';
import type { DeviceView } from '../device-view.js';

/**
 * How a device stands to a request. `busy`: the end of leases would let it pass. `later`: time may
 * (its telemetry, its health). `never`: nothing would.
 */
export type Outlook = 'passes' | 'busy' | 'later' | 'never';

/** Why a device is out. Codes are stable; a filter of the user's gives `filter:` and its name. */
export type RejectionCode =
  | 'mig-parent'
  | 'not-listed'
  | 'excluded'
  | 'name-mismatch'
  | 'label-mismatch'
  | 'mig-instance'
  | 'not-mig-instance'
  | 'compute-capability-too-low'
  | 'compute-capability-unknown'
  | 'memory-total-too-small'
  | 'memory-total-unknown'
  | 'numa-mismatch'
  | 'numa-unknown'
  | 'unavailable'
  | 'unhealthy'
  | 'degraded'
  | 'health-unknown'
  | 'no-new-leases'
  | 'sensor-implausible'
  | 'sensor-frozen'
  | 'no-metrics'
  | 'too-old'
  | 'not-enough-memory'
  | 'memory-unknown'
  | 'too-utilized'
  | 'utilization-unknown'
  | 'too-hot'
  | 'temperature-margin-unknown'
  | 'max-in-flight'
  | 'withheld'
  | `filter:${string}`
  | 'cost-unknown'
  | 'score-unknown';

/** What to say of a rejection. */
export interface RejectionText {
  /** One line with the numbers that decided. */
  readonly reason: string;
  /** Where one number was compared: what the device has, and what the request wants. */
  readonly actual?: number;
  readonly wanted?: number;
}

/** One constraint. Its functions are pure and make nothing but the text. */
export interface Filter {
  readonly name: string;
  /** Whether the request asks for it: looked at once, when the request is made ready. */
  applies(criteria: SelectionCriteria): boolean;
  reject(view: DeviceView, decision: Decision): RejectionCode | undefined;
  /** Of a device that it rejected. */
  text(view: DeviceView, decision: Decision): RejectionText;
  /** Of a device that it rejected. */
  outlook(view: DeviceView, decision: Decision): Outlook;
}
