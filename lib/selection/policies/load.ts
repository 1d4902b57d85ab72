// How much work a device has, as far as the ledger and others' reports say.
import type { Decision } from '../decision.js';
import type { DeviceView, ReportedLoad } from '../device-view.js';

/** For how long a report counts, by e-folding: the service time where that is measured. */
const usualServiceMs = 1000;

/** The report, where its age counts under the request's staleness. */
export function countedLoad(view: DeviceView, decision: Decision): ReportedLoad | undefined {
  if (view.load === undefined) return undefined;
  const { staleness, maxAgeMs } = decision.request;
  if (staleness === 'allow') return view.load;
  return (view.loadAgeMs(decision.nowMs) ?? Infinity) <= maxAgeMs ? view.load : undefined;
}

/**
 * Weight in flight, and of what others report the part beyond that, which fades with age: without
 * that an old report would do more harm than good.
 */
export function outstanding(view: DeviceView, decision: Decision): number {
  const load = countedLoad(view, decision);
  if (load === undefined) return view.inFlight;
  const reported = (load.queue ?? 0) + (load.running ?? 0);
  const beyond = reported - view.inFlight;
  if (!(beyond > 0)) return view.inFlight;
  const ageMs = view.loadAgeMs(decision.nowMs) ?? 0;
  return view.inFlight + beyond * Math.exp(-ageMs / serviceMs(view));
}

function serviceMs({ latencyMs }: DeviceView): number {
  return latencyMs !== undefined && latencyMs > 0 ? latencyMs : usualServiceMs;
}
