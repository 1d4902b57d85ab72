import type { DeviceView } from '../device-view.js';
import { short } from '../figures.js';
import { anyLowest } from '../pick.js';
import type { Policy } from './policy.js';

/** Weight in flight, with that of the request, for the device's speed. */
export function loadFor({ inFlight, speed }: DeviceView, weight: number): number {
  return (inFlight + weight) / speed;
}

/**
 * More than the tolerance of ties for the least difference in flight, and less than any real
 * difference in cost up to some thousand requests on a device.
 */
const emptierShare = 1e-7;

/**
 * By what equal loads are told apart: the emptier device first. A slow one that is idle is wasted
 * otherwise, and the fast one stays free for what comes next: 5 % of the mean latency in a replay.
 */
export function emptierFirst(load: number, inFlight: number): number {
  return load * (1 + emptierShare * inFlight);
}

/** By the ledger alone, which nothing makes stale. */
export const leastLoaded: Policy = {
  name: 'least-loaded',
  judge(view, { candidates, request }, index) {
    candidates.keys[index] = loadFor(view, request.weight);
  },
  pick(decision) {
    const { candidates } = decision;
    for (let index = 0; index < candidates.count; index += 1) {
      const { inFlight } = candidates.view(index);
      candidates.loads[index] = emptierFirst(candidates.key(index), inFlight);
    }
    return anyLowest(candidates, decision, { figures: candidates.loads });
  },
  text: (view, { request }) => loadText(view, request.weight),
};

function loadText({ inFlight, speed }: DeviceView, weight: number): string {
  return `${short(inFlight)} in flight and ${short(weight)} more at speed ${short(speed)}`;
}
