import { describeValue, outOfRange, readEach, readObject, readProperty } from '../arguments.js';
import { type GPUDevice, readDevice } from '../device.js';
import { rangeError } from '../errors.js';
import type { GPUMetrics } from '../telemetry/sample.js';
import { readMetrics } from '../telemetry/validation.js';
import { readRequest } from './criteria.js';
import { best, type Candidate, evaluate, type RankedDevice, rank } from './evaluation.js';
import { explain, type SelectionExplanation } from './reasons.js';
import type { SelectionRequest } from './request.js';

/** A device and its latest sample. */
export interface SelectorEntry {
  readonly device: GPUDevice;
  readonly metrics: GPUMetrics;
}

/**
 * Selects among a snapshot of devices; later samples do not change it.
 *
 * @example
 * const selector = new DeviceSelector([{ device, metrics }]);
 * selector.selectBestDevice({ minMemoryBytes: 8e9 }); // its id, or undefined
 */
export class DeviceSelector {
  readonly #candidates: readonly Candidate[];

  /**
   * @throws TypeError, RangeError as for a registered device and a recorded sample; RangeError
   * ERR_GPU_DUPLICATE_DEVICE for a device that comes twice.
   */
  constructor(entries: Iterable<SelectorEntry>) {
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
    this.#candidates = [...candidates.values()];
  }

  /** The devices that pass, best first; ties in the entries' order. Scores are 0..1. */
  rankDevices(request?: SelectionRequest): readonly RankedDevice[] {
    const criteria = readRequest(request, Infinity);
    return rank(evaluate(this.#candidates, { criteria, nowMs: Date.now() }));
  }

  /** The id of the first of the ranking, if its score is above 0; else undefined. */
  selectBestDevice(request?: SelectionRequest): string | undefined {
    return best(this.rankDevices(request))?.deviceId;
  }

  /** Why each device is selected, ranked or rejected, in the entries' order. */
  explainSelection(request?: SelectionRequest): readonly SelectionExplanation[] {
    const moment = { criteria: readRequest(request, Infinity), nowMs: Date.now() };
    return explain(evaluate(this.#candidates, moment), moment);
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
