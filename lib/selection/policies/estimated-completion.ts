import type { Candidates } from '../candidates.js';
import type { Decision } from '../decision.js';
import type { DeviceView } from '../device-view.js';
import { percent, short } from '../figures.js';
import { anyLowest } from '../pick.js';
import type { PolicyState } from '../policy-state.js';
import { countedLoad, outstanding } from './load.js';
import type { Policy } from './policy.js';

/** NVML's clock-event bits: hardware slowdown, hardware thermal slowdown, hardware power brake. */
const throttleBits = 0x8 | 0x40 | 0x80;
/** No clock reading makes a device slower than this share. */
const leastFactor = 0.1;
/** No load by others takes more of a device than this share. */
const mostOthersShare = 0.9;
/** For so long before a sample the driver may have averaged its utilisation. */
const utilizationMs = 1000;
/** Estimates that differ by less are not worth a herd. */
const tieTolerance = 0.05;
/** Hot: more work for its speed than this share of the candidates (Prequal, NSDI'24). */
const hotQuantile = 0.84;
const hotMarginCelsius = 5;
const hotKvCachePercent = 90;
/** Less memory left beyond what is wanted than this share of it: hot. */
const softHeadroom = 0.1;

/** Clock now over the highest, while the hardware throttles; else 1. */
function throttleFactor(view: DeviceView, decision: Decision): number {
  const metrics = decision.metricsOf(view);
  const reasons = metrics?.clockEventReasons ?? 0;
  // The low word is all that matters, and all that the operator sees.
  if ((reasons & throttleBits) === 0) return 1;
  const [now, most] = [metrics?.clockRateMhz, view.device.clockRateMhz];
  if (now === undefined || most === undefined || !(most > 0)) return 1;
  return Math.min(1, Math.max(leastFactor, now / most));
}

function isHot(view: DeviceView, decision: Decision): boolean {
  const margin = view.slowdownMarginCelsius;
  if (margin !== undefined && margin < hotMarginCelsius && !decision.isLedgerOnly(view))
    return true;
  const cache = countedLoad(view, decision)?.kvCacheUtilizationPercent ?? 0;
  if (cache >= hotKvCachePercent) return true;
  const { minMemoryBytes } = decision.request;
  const free = decision.freeMemoryOf(view);
  return free !== undefined && free < minMemoryBytes * (1 + softHeadroom);
}

/** The least value that at least that share of the candidates' loads does not exceed. */
function loadAtQuantile(candidates: Candidates): number {
  const { count, sorted } = candidates;
  const room = sorted.subarray(0, count);
  room.set(candidates.loads.subarray(0, count));
  room.sort();
  return room[Math.max(0, Math.ceil(hotQuantile * count) - 1)] ?? Infinity;
}

/**
 * The shortest estimated time to be done: outstanding work and the request's, for what is left of
 * the device's speed; in milliseconds where latencies are measured. A device near a limit (hot) is
 * taken only when all are; then the one with the least work for its speed.
 */
export class EstimatedCompletion implements Policy {
  readonly name = 'estimated-completion';
  readonly #state: PolicyState;
  /** Milliseconds of a unit of work at full speed 1; 1 where nothing is measured. */
  #unitMs = 1;

  constructor(state: PolicyState) {
    this.#state = state;
  }

  prepare(decision: Decision): void {
    const { candidates } = decision;
    let sum = 0;
    let known = 0;
    for (let index = 0; index < candidates.count; index += 1) {
      const view = candidates.view(index);
      candidates.loads[index] = outstanding(view, decision) / view.speed;
      const latencyMs = latencyOf(view, decision);
      const unitMs = latencyMs === undefined ? NaN : latencyMs * this.#rate(view, decision);
      if (!Number.isFinite(unitMs)) continue;
      sum += unitMs;
      known += 1;
    }
    this.#unitMs = known === 0 ? 1 : sum / known;
    const limit = loadAtQuantile(candidates);
    for (let index = 0; index < candidates.count; index += 1) {
      const hot = candidates.load(index) > limit || isHot(candidates.view(index), decision);
      candidates.tiers[index] = hot ? 1 : 0;
    }
  }

  /** What is left of the speed after throttling and the load by others. */
  #rate(view: DeviceView, decision: Decision): number {
    const throttle = throttleFactor(view, decision);
    return view.speed * throttle * (1 - this.#othersShare(view, decision));
  }

  /** Utilisation beyond what our own work explains: none while we have, or just had, work there. */
  #othersShare(view: DeviceView, decision: Decision): number {
    const busy = decision.metricsOf(view)?.computeUtilizationPercent;
    if (busy === undefined) return 0;
    const sampledMs = decision.nowMs - (view.ageMs(decision.nowMs) ?? 0);
    const isOwn = this.#state.heldMsOf(view) >= sampledMs - utilizationMs;
    const own = isOwn ? 1 : Math.min(1, view.inFlight);
    return Math.min(mostOthersShare, Math.max(0, busy / 100 - own));
  }

  judge(view: DeviceView, decision: Decision, index: number): void {
    // Its own latency has throttling and others' load in it.
    const eachMs = latencyOf(view, decision) ?? this.#unitMs / this.#rate(view, decision);
    const work = outstanding(view, decision) + decision.request.weight;
    decision.candidates.keys[index] = eachMs * work;
  }

  pick(decision: Decision): number {
    const { candidates } = decision;
    const areAllHot = candidates.tiers.subarray(0, candidates.count).every((tier) => tier === 1);
    const figures = areAllHot ? candidates.loads : candidates.keys;
    return anyLowest(candidates, decision, { tolerance: tieTolerance, figures });
  }

  taken({ candidates, nowMs }: Decision, taken: number): void {
    for (let index = 0; index < candidates.count; index += 1) {
      const view = candidates.view(index);
      if (index === taken || view.inFlight > 0) this.#state.setHeld(view, nowMs);
    }
  }

  text(view: DeviceView, decision: Decision): string {
    const parts = [
      `${short(outstanding(view, decision))} outstanding`,
      `${short(decision.request.weight)} more`,
      `speed ${short(view.speed)}`,
    ];
    const throttle = throttleFactor(view, decision);
    if (throttle < 1) parts.push(`throttled to ${percent(throttle)}`);
    const others = this.#othersShare(view, decision);
    if (others > 0) parts.push(`${percent(others)} used by others`);
    const latencyMs = latencyOf(view, decision);
    if (latencyMs !== undefined) parts.push(`latency ${short(latencyMs)} ms`);
    return parts.join(', ');
  }
}

function latencyOf(view: DeviceView, decision: Decision): number | undefined {
  const latencyMs = view.latencyMs ?? countedLoad(view, decision)?.latencyMs;
  return latencyMs !== undefined && latencyMs > 0 ? latencyMs : undefined;
}
