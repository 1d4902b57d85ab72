import {
  describeValue,
  outOfRange,
  readEach,
  readNumber,
  readObject,
  readOptions,
  readProperty,
} from '../arguments.js';
import { type GPUDevice, readDevice } from '../device.js';
import { rangeError } from '../errors.js';
import type { GPUMetrics } from '../telemetry/sample.js';
import { readMetrics } from '../telemetry/validation.js';
import { readRequest } from './criteria.js';
import type { DeviceView } from './device-view.js';
import { Pipeline, type RankedDevice, type Scene } from './pipeline.js';
import { PolicyState } from './policy-state.js';
import type { SelectionExplanation } from './reasons.js';
import type { SelectionRequest } from './request.js';
import { type Candidate, snapshotViews } from './snapshot-view.js';
import { speedsOf } from './speed.js';

/** A device and its latest sample. */
export interface SelectorEntry {
  readonly device: GPUDevice;
  readonly metrics: GPUMetrics;
}

export interface DeviceSelectorOptions {
  /** For choices that repeat: equal seeds, equal draws. @default another one each time */
  readonly seed?: number;
}

/**
 * Selects among a snapshot of devices; later samples do not change it.
 *
 * @example
 * const selector = new DeviceSelector([{ device, metrics }]);
 * selector.selectBestDevice({ minMemoryBytes: 8e9 }); // its id, or undefined
 */
export class DeviceSelector {
  readonly #views: readonly DeviceView[];
  readonly #state: PolicyState;

  /**
   * @throws TypeError, RangeError as for a registered device and a recorded sample; RangeError
   * ERR_GPU_DUPLICATE_DEVICE for a device that comes twice.
   */
  constructor(entries: Iterable<SelectorEntry>, options?: DeviceSelectorOptions) {
    const seed = readOptions(options, ['seed']).get('seed');
    this.#state = new PolicyState({
      seed: seed === undefined ? undefined : readNumber(seed, 'options.seed'),
    });
    const candidates = new Map<string, Candidate>();
    for (const entry of readEach(entries, 'entries')) {
      const what = `entries[${candidates.size}]`;
      const candidate = readEntry(entry, what);
      const { deviceId } = candidate.device;
      if (candidates.has(deviceId)) {
        throw rangeError(
          'ERR_GPU_DUPLICATE_DEVICE',
          `${what}.device.deviceId: expected each device once, ` +
            `got ${describeValue(deviceId)} again`,
        );
      }
      candidates.set(deviceId, candidate);
    }
    const known = [...candidates.values()];
    this.#views = snapshotViews(known, speedsOf(known.map(({ device }) => device)));
  }

  /** The devices that pass, best first: the first is what would be selected now. Scores 0..1. */
  rankDevices(request?: SelectionRequest): readonly RankedDevice[] {
    return this.#pipeline(request).rank(this.#scene());
  }

  /** The id of the best device; undefined when none passes, or its score is 0. */
  selectBestDevice(request?: SelectionRequest): string | undefined {
    return this.#views[this.#pipeline(request).choose(this.#scene())]?.device.deviceId;
  }

  /** Why each device is selected, ranked or rejected, in the entries' order. */
  explainSelection(request?: SelectionRequest): readonly SelectionExplanation[] {
    return this.#pipeline(request).explain(this.#scene());
  }

  #pipeline(request: unknown): Pipeline {
    return new Pipeline(readRequest(request, Infinity), this.#state);
  }

  #scene(): Scene {
    return { views: this.#views, nowMs: Date.now() };
  }
}

function readEntry(entry: unknown, what: string): Candidate {
  const source = readObject(entry, what);
  const device = readDevice(readProperty(source, 'device', what), `${what}.device`);
  const metrics = readMetrics(readProperty(source, 'metrics', what), `${what}.metrics`);
  if (metrics.deviceId !== device.deviceId) {
    const expected = `${describeValue(device.deviceId)}, the id of its device`;
    throw outOfRange(`${what}.metrics.deviceId`, expected, metrics.deviceId);
  }
  return { device, metrics };
}
