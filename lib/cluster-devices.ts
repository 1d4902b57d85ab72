import { describeValue, readFunction, readNumber, readSafely, readWord } from './arguments.js';
import type { Cluster } from './cluster.js';
import type { GPUDevice } from './device.js';
import { readCapacities } from './distribution/capacity.js';
import type { DeviceColumns } from './distribution/device-columns.js';
import type { Sharing } from './distribution/sharing.js';
import { unknownDevice } from './distribution/standalone-devices.js';
import type { CapacitySource } from './distribution/strategy.js';
import { rangeError } from './errors.js';
import { constraintKeys } from './selection/constraints.js';
import { criteriaOf, type SelectionCriteria, type SelectionKey } from './selection/criteria.js';
import { Decision } from './selection/decision.js';
import type { DeviceView } from './selection/device-view.js';
import { Pipeline } from './selection/pipeline.js';
import { countedLoad, outstanding } from './selection/policies/load.js';
import { Random } from './selection/random.js';

export type DeviceOption = SelectionKey | 'capacities' | 'capacityFrom';

export const deviceOptions: readonly DeviceOption[] = [
  ...constraintKeys,
  'capacities',
  'capacityFrom',
];

interface Given {
  get(key: DeviceOption): unknown;
  keys(): Iterable<string>;
}
type Capacities = ReadonlyMap<string, unknown>;

const constraints: ReadonlySet<string> = new Set(constraintKeys);
const noChance = new Random(0);
/** What most ask for, by the devices that are open: until these are others, it stays the same. */
const usualColumns = new WeakMap<readonly DeviceView[], DeviceColumns>();

/** Which devices of a cluster take part in a distribution, and what is known of them now. */
export class ClusterDevices {
  readonly #cluster: Cluster;
  readonly #given: Given;
  /** Whether the request asks nothing but what every lease does. */
  readonly #isUsual: boolean;
  readonly #capacities: Capacities | undefined;
  readonly #source: CapacitySource | undefined;

  /** @throws TypeError, RangeError naming the option; GPUError ERR_GPU_CLOSED */
  constructor(cluster: Cluster, given: Given) {
    const [capacities, source] = [given.get('capacities'), given.get('capacityFrom')];
    this.#cluster = cluster;
    this.#given = given;
    this.#isUsual = ![...given.keys()].some((key) => constraints.has(key));
    this.#capacities =
      capacities === undefined ? undefined : readCapacities(capacities, 'options.capacities');
    this.#source = source === undefined ? undefined : readSource(source);
    // What is wrong with them is said now, not when devices are looked at.
    if (!this.#isUsual) this.criteria();
  }

  /**
   * As they are now. May run code of the user's: filters, and a function that says capacities.
   * @throws RangeError ERR_GPU_MISSING_CAPACITY, ERR_GPU_ZERO_CAPACITY, ERR_GPU_OUT_OF_RANGE;
   *   TypeError of what the user's functions do
   * @throws GPUError ERR_GPU_CLOSED
   */
  columns(sharing: Sharing, needsMemory: boolean): DeviceColumns {
    this.#cluster.open();
    const needsMore = needsMemory || sharing.startsFromLoad || this.#source !== undefined;
    const isUsual = this.#isUsual && this.#capacities === undefined && !needsMore;
    if (isUsual && sharing.strategy === 'capacity') return this.#byComputeUnits();
    const decision = needsMore ? this.#look() : undefined;
    const views = this.#eligible();
    const columns = {
      deviceIds: views.map(({ device }) => device.deviceId),
      speeds: this.#speeds(views, sharing, decision),
      loads: decision && sharing.startsFromLoad ? loadsOf(views, decision) : undefined,
      freeBytes: decision && needsMemory ? freeBytesOf(views, decision) : undefined,
    };
    this.#cluster.open();
    return columns;
  }

  /**
   * @throws RangeError ERR_GPU_UNKNOWN_DEVICE: limits or capacities of a device that is not there
   * @throws GPUError ERR_GPU_CLOSED
   */
  requireKnown({ limits }: Sharing): void {
    const devices = this.#cluster.open().devices();
    const require = (named: ReadonlyMap<string, unknown>, what: string) => {
      for (const deviceId of named.keys()) {
        if (!devices.has(deviceId)) throw unknownDevice(what, deviceId);
      }
    };
    if (limits !== undefined) require(limits, 'options.limits');
    if (this.#capacities !== undefined) require(this.#capacities, 'options.capacities');
  }

  /** What every device has to satisfy. @throws as the constructor */
  criteria(): SelectionCriteria {
    return criteriaOf(this.#given, {
      maxAgeMs: this.#cluster.open().defaultMaxAgeMs(),
      staleness: 'ledger-only',
      policy: 'least-loaded',
      forLease: true,
    });
  }

  #byComputeUnits(): DeviceColumns {
    const views = this.#eligible();
    const known = usualColumns.get(views);
    if (known !== undefined) return known;
    const columns = {
      deviceIds: Object.freeze(views.map(({ device }) => device.deviceId)),
      speeds: checked(views, (view) => view.device.computeUnits, 'capacity from compute-units'),
    };
    usualColumns.set(views, columns);
    return columns;
  }

  #look(): Decision {
    const decision = new Decision(this.criteria(), noChance);
    decision.nowMs = this.#cluster.board.scene().nowMs;
    return decision;
  }

  #eligible(): readonly DeviceView[] {
    const { board, policyState } = this.#cluster;
    if (this.#isUsual) {
      board.refresh();
      // A function of the user's that says how fast devices are may have closed the cluster.
      this.#cluster.open();
      return board.openViews;
    }
    const scene = board.scene();
    const outlook = new Pipeline(this.criteria(), policyState).outlook(scene);
    return scene.views.filter((_, position) => outlook[position] === 'passes');
  }

  #speeds(views: readonly DeviceView[], sharing: Sharing, decision?: Decision): Float64Array {
    const { strategy } = sharing;
    const given = this.#givenSpeeds(views, strategy === 'capacity', decision);
    if (strategy === 'uniform') return new Float64Array(views.length).fill(1);
    return given ?? Float64Array.from(views, ({ speed }) => speed);
  }

  #givenSpeeds(
    views: readonly DeviceView[],
    isNeeded: boolean,
    decision: Decision | undefined,
  ): Float64Array | undefined {
    const capacities = this.#capacities;
    const source = this.#source ?? (isNeeded ? 'compute-units' : undefined);
    if (capacities !== undefined) {
      return checked(views, ({ device }) => capacities.get(device.deviceId), 'options.capacities');
    }
    if (source === undefined) return undefined;
    return checked(views, capacityReader(source, decision), `capacity from ${nameOf(source)}`);
  }
}

const sources = ['compute-units', 'free-memory', 'measured'] as const;

type CapacityReader = (view: DeviceView) => unknown;

function readSource(value: unknown): CapacitySource {
  const what = 'options.capacityFrom';
  if (typeof value === 'function') return readFunction(value, what);
  return readWord(value, what, { words: sources });
}

function nameOf(source: CapacitySource): string {
  return typeof source === 'string' ? source : 'options.capacityFrom()';
}

function capacityReader(source: CapacitySource, decision: Decision | undefined): CapacityReader {
  if (typeof source === 'function') return ({ device }) => askFor(source, device);
  if (source === 'compute-units' || decision === undefined)
    return (view) => view.device.computeUnits;
  if (source === 'free-memory') return (view) => decision.freeMemoryOf(view);
  return (view) => {
    const latencyMs = view.latencyMs ?? countedLoad(view, decision)?.latencyMs;
    return latencyMs !== undefined && latencyMs > 0 ? 1 / latencyMs : undefined;
  };
}

function askFor(source: (device: GPUDevice) => number, device: GPUDevice): unknown {
  return readSafely('options.capacityFrom', () => source(device));
}

/** @throws RangeError ERR_GPU_MISSING_CAPACITY, ERR_GPU_ZERO_CAPACITY, ERR_GPU_OUT_OF_RANGE */
function checked(views: readonly DeviceView[], read: CapacityReader, what: string): Float64Array {
  const capacities = new Float64Array(views.length);
  let isAnyAbove = views.length === 0;
  for (let place = 0; place < views.length; place += 1) {
    const view = views[place] as DeviceView;
    const capacity = read(view);
    if (capacity === undefined) throw missingCapacity(view.device.deviceId, what);
    if (!(typeof capacity === 'number' && capacity >= 0 && capacity < Infinity)) {
      readNumber(capacity, `${what}: of ${describeValue(view.device.deviceId)}`, { minimum: 0 });
    }
    capacities[place] = (capacity as number) + 0;
    isAnyAbove ||= (capacity as number) > 0;
  }
  if (isAnyAbove) return capacities;
  throw rangeError(
    'ERR_GPU_ZERO_CAPACITY',
    `${what}: expected at least one above 0, got ${views.length} of 0`,
  );
}

function missingCapacity(deviceId: string, what: string): RangeError {
  return rangeError(
    'ERR_GPU_MISSING_CAPACITY',
    `${what}: expected one for every device, got none for ${describeValue(deviceId)}`,
  );
}

function loadsOf(views: readonly DeviceView[], decision: Decision): Float64Array | undefined {
  const loads = Float64Array.from(views, (view) => outstanding(view, decision));
  return loads.some((load) => load > 0) ? loads : undefined;
}

/** NaN: unknown; Infinity where the request lets unknown memory pass. */
function freeBytesOf(views: readonly DeviceView[], decision: Decision): Float64Array {
  const unknown = decision.request.unknown === 'allow' ? Infinity : NaN;
  return Float64Array.from(views, (view) => decision.freeMemoryOf(view) ?? unknown);
}
