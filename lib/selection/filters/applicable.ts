import type { SelectionCriteria } from '../criteria.js';
import type { DeviceView } from '../device-view.js';
import { customFilter } from './custom.js';
import type { Filter } from './filter.js';
import {
  computeCapability,
  deviceIds,
  excluded,
  labels,
  mig,
  names,
  numaNode,
  split,
} from './identity.js';
import { inFlight } from './in-flight.js';
import { freeMemory, totalMemory } from './memory.js';
import { available, healthy, leasable, undegraded } from './standing.js';
import { age, sensors, temperature, utilization } from './telemetry.js';

/**
 * In this order: what a device is, how it stands, what its sensors say, what is held on it. The
 * first that rejects names the reason, so what nothing can cure comes first.
 */
const builtIn: readonly Filter[] = [
  split,
  deviceIds,
  excluded,
  names,
  labels,
  mig,
  computeCapability,
  totalMemory,
  numaNode,
  available,
  healthy,
  undegraded,
  leasable,
  sensors,
  age,
  freeMemory,
  utilization,
  temperature,
  inFlight,
];

function withheld(isWithheld: (view: DeviceView) => boolean): Filter {
  return {
    name: 'withheld',
    applies: () => true,
    reject: (view) => (isWithheld(view) ? 'withheld' : undefined),
    text: () => ({ reason: 'it is held for a request that came before' }),
    outlook: () => 'busy',
  };
}

/** The filters that the request asks for, in order; those of the user come last. */
export function applicableFilters(
  criteria: SelectionCriteria,
  isWithheld?: (view: DeviceView) => boolean,
): readonly Filter[] {
  return [
    ...builtIn.filter((filter) => filter.applies(criteria)),
    ...(isWithheld === undefined ? [] : [withheld(isWithheld)]),
    ...criteria.filters.map(customFilter),
  ];
}
