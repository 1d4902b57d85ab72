import {
  describeValue,
  readArray,
  readNativeString,
  readNumber,
  readObject,
  readOptions,
  readSafely,
  wrongType,
} from '../arguments.js';
import { rangeError } from '../errors.js';
import { errorOf, loadNative, type NativeModule } from '../native.js';
import type {
  SimulatedEvent,
  SimulatedFault,
  SimulatedHostDevice,
  SimulatedMigInstance,
  SimulatedMisuse,
} from './host-types.js';
import type {
  Scenario,
  ScenarioDevices,
  ScenarioFault,
  ScenarioProcess,
  ScenarioValues,
} from './scenario.js';
import { ownSimulatedDriverPath, scenarioText } from './simulator.js';

export interface SimulatedHostOptions {
  /** A simulated driver opened with `libraryPath`. Default: the one that `simulate` opens. */
  readonly libraryPath?: string;
}

/** A fault whose device may be named by its `deviceId` too. */
export type Fault = Omit<ScenarioFault, 'device'> & { readonly device?: number | string };

/** As the driver's command `list` writes it. */
interface ListedDevice extends Omit<SimulatedHostDevice, 'deviceId' | 'index' | 'mig'> {
  readonly uuid: string;
  readonly index: number | null;
  readonly mig: readonly ListedInstance[] | null;
}
type ListedInstance = Omit<SimulatedMigInstance, 'deviceId'> & { readonly uuid: string };

const mostRowsAtOnce = 1_000_000;

/**
 * The host that the simulated driver simulates, to be changed while your code runs on it: devices
 * that go and come back, a driver that is unloaded, calls that fail, hang or lie.
 *
 * It is the one host of this process, and every change shows at once to whoever has it open;
 * opening with `simulate` begins it anew, unless it is open already. A device is named by its
 * position in the scenario or by its `deviceId`. Every method refuses what the simulated driver
 * refuses, in its words: GPUError ERR_GPU_SCENARIO_INVALID. A refused call changes nothing.
 *
 * @example
 * const manager = await GPUClusteringManager.open({ simulate: 'h100x8' });
 * const host = new SimulatedHost();
 * host.loseDevice(3);
 * // ... your code is to go on with the other seven
 * host.restoreDevice(3);
 */
export class SimulatedHost {
  readonly #libraryPath: string;
  readonly #native: NativeModule;

  /**
   * @throws GPUError ERR_GPU_SIMULATOR_NOT_FOUND when this platform has none, and where the addon
   *   does not load
   */
  constructor(options?: SimulatedHostOptions);
  /** @internal */
  constructor(options: SimulatedHostOptions | undefined, native: NativeModule);
  constructor(options?: SimulatedHostOptions, native: NativeModule = loadNative()) {
    const path = readOptions(options, ['libraryPath']).get('libraryPath');
    this.#libraryPath =
      path === undefined ? ownSimulatedDriverPath() : readNativeString(path, 'options.libraryPath');
    this.#native = native;
  }

  /** Begins another scenario: what was changed and injected before is gone. */
  load(scenario: true | string | Scenario): void {
    this.#command('load', scenarioText(scenario));
  }

  /** In the order of positions, those that were removed too. */
  devices(): readonly SimulatedHostDevice[] {
    const listed = JSON.parse(this.#command('list', '')) as readonly ListedDevice[];
    return listed.map(({ uuid, index, mig, ...rest }) => ({
      ...rest,
      deviceId: uuid,
      ...(index !== null && { index }),
      ...(mig !== null && { mig: mig.map(({ uuid: deviceId, ...at }) => ({ deviceId, ...at })) }),
    }));
  }

  /**
   * From now on these faults in place of those injected before; the scenario's own stay. Calls
   * that hang return once the faults that held them are replaced.
   */
  inject(faults: readonly Fault[]): void {
    const named = readArray(faults, 'faults').map((fault, index) => {
      const { device, ...rest } = readObject(fault, `faults[${index}]`) as Fault;
      return device === undefined ? rest : { ...rest, device: this.#position(device) };
    });
    this.#command('inject', jsonOf('faults', named));
  }

  clearFaults(): void {
    this.inject([]);
  }

  /** The device answers no call any more but that it is lost. It is still counted. */
  loseDevice(device: number | string): void {
    this.#change('devices', { lose: this.#position(device) });
  }

  /** The device falls off the bus: the driver counts one less, and indices above it move down. */
  removeDevice(device: number | string): void {
    this.#change('devices', { remove: this.#position(device) });
  }

  /** A device that was lost or removed is back, with its counters and MIG instances. */
  restoreDevice(device: number | string): void {
    this.#change('devices', { restore: this.#position(device) });
  }

  /** As `restoreDevice`, also of a device that is present; its counters begin anew. */
  resetDevice(device: number | string): void {
    this.#change('devices', { reset: this.#position(device) });
  }

  /** @returns the devices that came */
  addDevices(devices: ScenarioDevices): readonly SimulatedHostDevice[] {
    const first = Number(this.#change('devices', { add: readObject(devices, 'devices') }));
    return this.devices().slice(first);
  }

  /** Gives the driver's indices anew: every device that is counted, once. */
  reorderDevices(order: readonly (number | string)[]): void {
    const positions = readArray(order, 'order').map((device) => this.#position(device));
    this.#change('devices', { order: positions });
  }

  /** MIG is on, with these instances; those that are there already stay. */
  setMig(device: number | string, profiles: readonly string[]): void {
    const instances = readArray(profiles, 'profiles');
    this.#change('mig', { device: this.#position(device), instances });
  }

  disableMig(device: number | string): void {
    this.#change('mig', { device: this.#position(device), enabled: false });
  }

  /** Calls answer that no driver is loaded. */
  unloadDriver(): void {
    this.#change('driver', { state: 'unloaded' });
  }

  /** Calls answer that library and driver are of different versions, as after an upgrade. */
  mismatchDriver(): void {
    this.#change('driver', { state: 'mismatch' });
  }

  /** A driver is there again. It does not know the clients of the one before. */
  loadDriver(options?: { readonly version?: string }): void {
    const version = readOptions(options, ['version']).get('version');
    this.#change('driver', { state: 'loaded', ...(version !== undefined && { version }) });
  }

  /**
   * Values in place of the device's own from now on; `null` gives one back.
   * @returns the driver's clock at that moment, in µs
   */
  setValues(device: number | string, values: ScenarioValues): number {
    const position = this.#position(device);
    const reply = this.#change('set', { device: position, values: readObject(values, 'values') });
    return (JSON.parse(reply) as { readonly timeUs: number }).timeUs;
  }

  /** From now on these processes, and no others. */
  setProcesses(device: number | string, processes: readonly ScenarioProcess[]): void {
    const list = readArray(processes, 'processes');
    this.#change('processes', { device: this.#position(device), processes: list });
  }

  postEvent(device: number | string, event: SimulatedEvent): void {
    const position = this.#position(device);
    this.#change('event', { ...readObject(event, 'event'), device: position });
  }

  /** Of a scenario whose `step` is `manual`: the devices move on so many rows, or 100 ms each. */
  step(rows: number = 1): void {
    const rule = { minimum: 1, maximum: mostRowsAtOnce, integer: true } as const;
    this.#command('step', String(readNumber(rows, 'rows', rule)));
  }

  /** What clients did that they must not do, since the process began or `forgetCalls()`. */
  misuse(): SimulatedMisuse {
    return JSON.parse(this.#command('misuse', '')) as SimulatedMisuse;
  }

  /** How often each function was called, since the process began or `forgetCalls()`. */
  calls(): ReadonlyMap<string, number> {
    return new Map(Object.entries(JSON.parse(this.#command('calls', '')) as object));
  }

  /** What became of the injected faults, in their order. */
  injectedFaults(): readonly SimulatedFault[] {
    return JSON.parse(this.#command('faults', '')) as readonly SimulatedFault[];
  }

  /** Counts calls and misuse anew. */
  forgetCalls(): void {
    this.#command('misuse', 'reset');
  }

  #position(device: number | string): number {
    if (typeof device === 'number') {
      return readNumber(device, 'device', { minimum: 0, integer: true });
    }
    if (typeof device !== 'string') {
      throw wrongType('device', 'the position of a device, or its deviceId', device);
    }
    const found = this.devices().find(({ deviceId }) => deviceId === device);
    if (found !== undefined) return found.position;
    throw rangeError(
      'ERR_GPU_UNKNOWN_DEVICE',
      `device: expected a device of the simulated host, got ${describeValue(device)}`,
    );
  }

  #change(command: string, argument: object): string {
    return this.#command(command, jsonOf(command, argument));
  }

  #command(command: string, argument: string): string {
    const { reply, failure } = this.#native.controlSimulator(this.#libraryPath, command, argument);
    if (failure !== undefined) throw errorOf(failure);
    return reply;
  }
}

/** What toJSON and getters of the caller's throw, and what JSON cannot write, is a TypeError. */
function jsonOf(what: string, value: object): string {
  return readSafely(what, () => JSON.stringify(value));
}
