import type { Cluster } from './cluster.js';
import { ClusterWindows } from './cluster-windows.js';
import { channels, type SelectMessage } from './diagnostics.js';
import { readRequest } from './selection/criteria.js';
import { Pipeline, type RankedDevice, type Scene } from './selection/pipeline.js';
import type { SelectionExplanation } from './selection/reasons.js';
import type { SelectionRequest } from './selection/request.js';

// A constant of this module: an engine reaches it faster than an export.
const selections = channels.select;

function publish(deviceId: string | undefined): void {
  selections.publish({ ...(deviceId !== undefined && { deviceId }) } satisfies SelectMessage);
}

/** Which device is best: a manager's answers, which change nothing. */
export abstract class ClusterSelection extends ClusterWindows {
  readonly #cluster: Cluster;

  /** @internal */
  constructor(cluster: Cluster) {
    super(cluster);
    this.#cluster = cluster;
  }

  /**
   * The devices that pass the request, best first: the first is what would be selected now. Scores
   * are 0..1; under the policy `score` ties are in registration order.
   * @throws RangeError ERR_GPU_OUT_OF_RANGE, ERR_GPU_UNKNOWN_POLICY.
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION; also where a filter or policy
   *   of your own throws or answers with rubbish, with the cause.
   */
  rankDevices(request?: SelectionRequest): readonly RankedDevice[] {
    return this.#pipeline(request).rank(this.#scene());
  }

  /**
   * The id of the best device; undefined when none passes, or its score is 0. Without a request the
   * answer is there already: it costs a look at memory, however many devices there are.
   * @throws as `rankDevices`
   */
  selectBestDevice(request?: SelectionRequest): string | undefined {
    const deviceId = request === undefined ? this.#best() : this.#choose(request);
    if (selections.hasSubscribers) publish(deviceId);
    return deviceId;
  }

  /** Why each device is selected, ranked or rejected, with numbers; in registration order. */
  explainSelection(request?: SelectionRequest): readonly SelectionExplanation[] {
    return this.#pipeline(request).explain(this.#scene());
  }

  #best(): string | undefined {
    this.#cluster.open();
    return this.#cluster.board.best();
  }

  #choose(request: SelectionRequest): string | undefined {
    const pipeline = this.#pipeline(request);
    const scene = this.#scene();
    return scene.views[pipeline.choose(scene)]?.device.deviceId;
  }

  #pipeline(request: unknown): Pipeline {
    const maxAgeMs = this.#cluster.open().defaultMaxAgeMs();
    return new Pipeline(readRequest(request, maxAgeMs), this.#cluster.policyState);
  }

  /** Reading the request may have run code that shut the cluster down. */
  #scene(): Scene {
    this.#cluster.open();
    return this.#cluster.board.scene();
  }
}
