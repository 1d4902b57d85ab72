import type { GPUDevice } from '../device.js';
import { Random } from '../selection/random.js';
import { backgroundOf } from './background.js';
import { castOf, type LedgerKind, type ReplayPolicy } from './cast.js';
import { type Dispatchers, simulate } from './engine.js';
import { figuresOf, type ReplayFigures } from './figures.js';
import { SimulatedGpu } from './gpu.js';
import { expectedRequests, requestsOf, type Traffic } from './requests.js';
import type { ReplayScenario } from './scenario.js';
import { SimulatedSensors } from './telemetry.js';
import { VirtualClock } from './virtual-clock.js';

export interface ReplaySettings {
  readonly scenario: ReplayScenario;
  readonly seed: number;
  readonly telemetryMs: number;
  readonly load: number;
  readonly burst: number;
  readonly seconds: number;
  readonly dispatchers: number;
  readonly serviceMs: number;
  /** What each request reserves and uses until it is done. */
  readonly memoryBytes: number;
  /** Requests that a GPU takes at once. @default Infinity */
  readonly maxInFlight?: number;
}

export interface ReplayPlan extends ReplaySettings {
  readonly ledger: LedgerKind;
}

export interface PolicyOutcome {
  readonly policy: ReplayPolicy;
  readonly figures: ReplayFigures;
}

/** What a policy makes of the requests of a plan, through the code that selects and leases. */
export function replayPolicy(plan: ReplayPlan, policy: ReplayPolicy): ReplayFigures {
  const { ledger, ...settings } = plan;
  return replay(settings, (stage) => castOf(policy, { ledger, stage }));
}

/** What a policy is played over. */
export interface ReplayStage {
  readonly settings: ReplaySettings;
  readonly clock: VirtualClock;
  /** As a user would register them, in the GPUs' order. */
  readonly devices: readonly GPUDevice[];
  /** The truth, which only an oracle may look at. */
  readonly gpus: readonly SimulatedGpu[];
}

/** One run of the same requests on the same GPUs, placed by what `cast` makes. */
export function replay(
  settings: ReplaySettings,
  cast: (stage: ReplayStage) => Dispatchers,
): ReplayFigures {
  const clock = new VirtualClock();
  const gpus = gpusOf(settings.scenario);
  const sensors = gpus.map((gpu, place) => {
    const random = new Random(settings.seed + 1009 * (place + 1));
    return new SimulatedSensors(gpu, { random, requestBytes: settings.memoryBytes });
  });
  const devices = gpus.map(deviceOf);
  const dispatchers = cast({ settings, clock, devices, gpus });
  const requests = requestsOf(trafficOf(settings, gpus), new Random(settings.seed));
  const { telemetryMs } = settings;
  const outcome = simulate({ clock, gpus, sensors, requests, dispatchers, telemetryMs });
  return figuresOf(outcome, gpus);
}

/** How many requests a replay will have, on average. */
export function requestsExpected(settings: ReplaySettings): number {
  return expectedRequests(trafficOf(settings, gpusOf(settings.scenario)));
}

/** GPUs that play the same recording are at different places of it. */
function gpusOf({ gpus }: ReplayScenario): readonly SimulatedGpu[] {
  return gpus.map((gpu, place) => {
    const background = backgroundOf(gpu, place / gpus.length);
    return new SimulatedGpu(`SIMULATED-${place}`, gpu.model, background);
  });
}

function trafficOf(settings: ReplaySettings, gpus: readonly SimulatedGpu[]): Traffic {
  const { load, burst, seconds, dispatchers, serviceMs } = settings;
  const capacity = gpus.reduce((sum, { background }) => sum + background.rate.mean(), 0);
  return { load, burst, seconds, dispatchers, serviceMs, capacity };
}

/** Compute units stand for the speed: selection takes the speed of a device from them. */
function deviceOf({ deviceId, model, background }: SimulatedGpu, index: number): GPUDevice {
  return {
    deviceId,
    name: model.name,
    vendor: 'nvidia',
    index,
    memoryBytes: background.totalBytes,
    computeUnits: model.speed,
    simulated: true,
  };
}
