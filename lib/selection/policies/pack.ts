import type { Decision } from '../decision.js';
import type { DeviceView } from '../device-view.js';
import { percent, short } from '../figures.js';
import { anyLowest } from '../pick.js';
import type { Policy } from './policy.js';

/** What somebody else keeps awake is no longer asleep. */
const leastUtilizationPercent = 1;

/** GPUs of which a MIG instance is at work: another instance of theirs wakes nothing. */
function awakeParents({ views }: Decision): ReadonlySet<string> | undefined {
  let parents: Set<string> | undefined;
  for (const view of views) {
    const parent = view.device.parentDeviceId;
    if (parent !== undefined && isHeld(view)) parents = (parents ?? new Set()).add(parent);
  }
  return parents;
}

function isHeld({ inFlight, leaseCount }: DeviceView): boolean {
  return inFlight > 0 || leaseCount > 0;
}

/** How full it is, 0..1, by weight in flight or by leased memory, whichever fills it more. */
function fillOf({ inFlight, leasedBytes, device }: DeviceView, maxInFlight: number): number {
  const byWeight =
    maxInFlight < Infinity ? Math.min(1, inFlight / maxInFlight) : inFlight / (1 + inFlight);
  const known = device.memoryUnknown !== true && device.memoryBytes > 0;
  return Math.max(byWeight, known ? Math.min(1, leasedBytes / device.memoryBytes) : 0);
}

/**
 * The fewest GPUs awake. Costs 0..1: devices at work, the fullest first. 1..2: others that are
 * awake, by a sibling instance or others' work. 2..3: asleep, the smallest first: it leaves more.
 */
export class Pack implements Policy {
  readonly name = 'pack';
  #awake: ReadonlySet<string> | undefined;

  prepare(decision: Decision): void {
    this.#awake = awakeParents(decision);
  }

  judge(view: DeviceView, decision: Decision, index: number): void {
    decision.candidates.keys[index] = this.#costOf(view, decision);
  }

  #costOf(view: DeviceView, decision: Decision): number {
    if (isHeld(view)) return 1 - fillOf(view, decision.request.maxInFlight);
    const { memoryBytes } = view.device;
    const size = memoryBytes / (memoryBytes + 2 ** 40);
    return (this.#isAwake(view, decision) ? 1 : 2) + size;
  }

  #isAwake(view: DeviceView, decision: Decision): boolean {
    if (this.#awake?.has(view.device.parentDeviceId ?? '') === true) return true;
    const busy = decision.metricsOf(view)?.computeUtilizationPercent;
    return busy !== undefined && busy >= leastUtilizationPercent;
  }

  pick(decision: Decision): number {
    return anyLowest(decision.candidates, decision);
  }

  text(view: DeviceView, decision: Decision): string {
    if (isHeld(view)) {
      const fill = percent(fillOf(view, decision.request.maxInFlight));
      return `at work with ${short(view.inFlight)} in flight, ${fill} full`;
    }
    return this.#isAwake(view, decision) ? 'awake, not at work for us' : 'asleep';
  }
}
