import { GPUError, rangeError } from '../errors.js';
import type { NativeDevice } from '../native.js';
import type { CheckedOpenOptions } from './open-options.js';

/** The command line puts its own option in its place. */
export const allDevicesHint = "pass devices: 'all' for every device of the driver";

/**
 * The devices that the option `devices` asks for: a list in its own order, else by driver index.
 * @throws GPUError ERR_GPU_NO_DEVICE when CUDA_VISIBLE_DEVICES leaves none; RangeError
 *   ERR_GPU_UNKNOWN_DEVICE, ERR_GPU_DUPLICATE_DEVICE for a list
 */
export function chooseDevices(
  filter: CheckedOpenOptions['devices'],
  all: readonly NativeDevice[],
  visible: readonly NativeDevice[],
): readonly NativeDevice[] {
  if (filter === 'all') return all;
  if (filter === 'visible') {
    if (visible.length > 0) return all.filter((device) => visible.includes(device));
    const list = JSON.stringify(process.env.CUDA_VISIBLE_DEVICES);
    throw new GPUError('ERR_GPU_NO_DEVICE', `CUDA_VISIBLE_DEVICES (${list}) leaves no device`, {
      hint: allDevicesHint,
    });
  }
  const chosen: NativeDevice[] = [];
  filter.forEach((wanted, position) => {
    const what = `options.devices[${position}]`;
    const device = pick(wanted, what, all);
    if (chosen.includes(device)) {
      const message = `${what}: expected each device once, got ${device.uuid} again`;
      throw rangeError('ERR_GPU_DUPLICATE_DEVICE', message);
    }
    chosen.push(device);
  });
  return chosen;
}

function pick(wanted: string | number, what: string, all: readonly NativeDevice[]): NativeDevice {
  const matches = all.filter((device) =>
    typeof wanted === 'number' ? device.index === wanted : device.uuid.startsWith(wanted),
  );
  const [match] = matches;
  if (match !== undefined && matches.length === 1 && wanted !== '') return match;
  const known = all.map(({ index, uuid }) => `${index} ${uuid}`).join(', ');
  throw rangeError(
    'ERR_GPU_UNKNOWN_DEVICE',
    `${what}: expected an index or a unique start of a UUID of ${known}, got ${wanted}`,
  );
}
