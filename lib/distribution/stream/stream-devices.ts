import {
  describeValue,
  readArray,
  readNonEmptyString,
  readNumber,
  readOptions,
  readString,
} from '../../arguments.js';
import { rangeError } from '../../errors.js';
import { PlainHost } from './plain-host.js';

/** A device for a stream without a manager. */
export interface StreamDeviceOptions {
  readonly deviceId: string;
  /** What it does in a unit of time, relative to the others; above 0. @default 1 */
  readonly speed?: number;
}

/**
 * Devices that are known by their ids alone, for streams without a manager. They may come and go
 * while streams run over them.
 *
 * @example
 * const devices = new StreamDevices([{ deviceId: 'a', speed: 2 }, { deviceId: 'b' }]);
 * const stream = distributeStream(devices, prompts);
 * devices.lose('b'); // what it had in flight goes to 'a'
 */
export class StreamDevices {
  /** @internal */
  readonly host: PlainHost = new PlainHost();

  /**
   * @throws TypeError ERR_GPU_INVALID_TYPE, ERR_GPU_UNKNOWN_OPTION.
   * @throws RangeError ERR_GPU_OUT_OF_RANGE, ERR_GPU_DUPLICATE_DEVICE.
   */
  constructor(devices: readonly StreamDeviceOptions[] = []) {
    for (const [place, device] of readArray(devices, 'devices').entries()) {
      this.#add(device, `devices[${place}]`);
    }
  }

  /** @internal Undefined for anything else. Runs no code of `value`, as instanceof may. */
  static hostOf(value: unknown): PlainHost | undefined {
    const isOne = typeof value === 'object' && value !== null && #add in value;
    return isOne ? value.host : undefined;
  }

  get deviceIds(): readonly string[] {
    return this.host.devices().map(({ deviceId }) => deviceId);
  }

  /** One more, or one that was away. @throws as the constructor */
  add(device: StreamDeviceOptions): void {
    this.#add(device, 'device');
    this.host.changed();
  }

  /** It takes no more; what it has in flight may be done yet. False: there is none of that id. */
  drain(deviceId: string): boolean {
    return this.host.drain(readString(deviceId, 'deviceId'));
  }

  /** It is lost with all it has in flight, drained or not. False: there was nothing to lose. */
  lose(deviceId: string): boolean {
    return this.host.lose(readString(deviceId, 'deviceId'));
  }

  /** Cost in flight, of all streams. */
  inFlight(deviceId: string): number {
    return this.host.inFlightOn(readString(deviceId, 'deviceId'));
  }

  #add(given: StreamDeviceOptions, what: string): void {
    const options = readOptions(given, ['deviceId', 'speed'], what);
    const deviceId = readNonEmptyString(options.get('deviceId'), `${what}.deviceId`);
    const speed = readNumber(options.get('speed') ?? 1, `${what}.speed`, { above: 0 });
    if (this.host.add({ deviceId, speed })) return;
    const expected = `${what}.deviceId: expected each device once`;
    throw rangeError(
      'ERR_GPU_DUPLICATE_DEVICE',
      `${expected}, got ${describeValue(deviceId)} again`,
    );
  }
}
