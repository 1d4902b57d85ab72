import { readOptions } from '../../lib/arguments.js';
import type { GPUDevice } from '../../lib/device.js';
import {
  type CriteriaDefaults,
  criteriaOf,
  type SelectionCriteria,
  selectionKeys,
} from '../../lib/selection/criteria.js';
import type { DeviceView, ReportedLoad } from '../../lib/selection/device-view.js';
import { Pipeline, type PipelineOptions } from '../../lib/selection/pipeline.js';
import { PolicyState } from '../../lib/selection/policy-state.js';
import type { SelectionRequest } from '../../lib/selection/request.js';
import { SnapshotView } from '../../lib/selection/snapshot-view.js';
import type { GPUMetrics } from '../../lib/telemetry/sample.js';
import { gpu, sample } from './cluster.js';

type Changed = { -readonly [K in keyof DeviceView]?: DeviceView[K] };

/** What is to be different about a view; the rest is an idle 24 GB card, sampled at time 1000. */
export interface ViewChanges extends Changed {
  readonly about?: Partial<GPUDevice>;
  /** null: no sample. */
  readonly sampled?: Partial<GPUMetrics> | null;
  readonly loadAt?: number;
}

export type TestView = { -readonly [K in keyof DeviceView]: DeviceView[K] };

export function view(deviceId: string, changes: ViewChanges = {}): TestView {
  const { about, sampled = {}, loadAt = 1000, ...more } = changes;
  const base = new SnapshotView({
    device: gpu(deviceId, about),
    metrics: sampled === null ? undefined : sample(deviceId, sampled),
  });
  return {
    device: base.device,
    metrics: base.metrics,
    ageMs: (nowMs) => base.ageMs(nowMs),
    health: undefined,
    parentHealth: undefined,
    failure: () => undefined,
    sensor: base.sensor,
    slowdownMarginCelsius: undefined,
    speed: 1,
    inFlight: 0,
    leaseCount: 0,
    leasedBytes: 0,
    reservedBytes: 0,
    freeMemoryBytes: base.freeMemoryBytes,
    load: undefined as ReportedLoad | undefined,
    loadAgeMs: (nowMs) => Math.max(0, nowMs - loadAt),
    latencyMs: undefined,
    ...more,
  };
}

export function criteria(
  request: SelectionRequest = {},
  defaults: Partial<CriteriaDefaults> = {},
): SelectionCriteria {
  return criteriaOf(readOptions(request, selectionKeys), { maxAgeMs: Infinity, ...defaults });
}

export interface PipelineSetup extends PipelineOptions, Partial<CriteriaDefaults> {
  readonly state?: PolicyState;
}

export function pipeline(request: SelectionRequest = {}, setup: PipelineSetup = {}): Pipeline {
  const { state = new PolicyState({ seed: 1 }), linkBetween, isWithheld, ...defaults } = setup;
  return new Pipeline(criteria(request, defaults), state, { linkBetween, isWithheld });
}

/** The ids that a pipeline chooses, one after another, at time 1000. */
export function choices(
  chooser: Pipeline,
  views: readonly DeviceView[],
  count = 1,
): (string | undefined)[] {
  return Array.from(
    { length: count },
    () => views[chooser.choose({ views, nowMs: 1000 })]?.device.deviceId,
  );
}
