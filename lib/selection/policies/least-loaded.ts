import type { DeviceView } from '../device-view.js';
import { short } from '../figures.js';
import { anyLowest } from '../pick.js';
import type { Policy } from './policy.js';

/** Weight in flight, with that of the request, for the device's speed. */
export function loadFor({ inFlight, speed }: DeviceView, weight: number): number {
  return (inFlight + weight) / speed;
}

/** By the ledger alone, which nothing makes stale. */
export const leastLoaded: Policy = {
  name: 'least-loaded',
  key: (view, { request }) => loadFor(view, request.weight),
  pick: (decision) => anyLowest(decision.candidates, decision),
  text: (view, { request }) => loadText(view, request.weight),
};

export function loadText({ inFlight, speed }: DeviceView, weight: number): string {
  return `${short(inFlight)} in flight and ${short(weight)} more at speed ${short(speed)}`;
}
