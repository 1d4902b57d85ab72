import { GPUError, rangeError } from '../errors.js';
import type { NativeDevice } from '../native.js';
import type { CheckedOpenOptions } from './open-options.js';

/** The command line puts its own option in its place. */
export const allDevicesHint = "pass devices: 'all' for every device of the driver";

type Filter = CheckedOpenOptions['devices'];

/** A device that is gone (`present: false`) has no index any more, whatever its last one was. */
interface Listed extends NativeDevice {
  readonly present?: boolean;
}

/** The option `devices`, applied to a list of devices that changes. */
export class DeviceFilter {
  readonly #filter: Filter;
  /** Entries of a list, once they have met their device: an index is a label that may move. */
  readonly #pinned: (string | undefined)[] = [];

  constructor(filter: Filter) {
    this.#filter = filter;
  }

  /** As chooseDevices, which says what it throws: what is asked for has to be there. */
  begin<T extends Listed>(all: readonly T[], visible: readonly T[]): readonly T[] {
    chooseDevices(this.#filter, all, visible);
    return this.choose(all, visible);
  }

  /** What is there of it now. */
  choose<T extends Listed>(all: readonly T[], visible: readonly T[]): readonly T[] {
    if (this.#filter === 'all') return all;
    if (this.#filter === 'visible') return all.filter((device) => visible.includes(device));
    const chosen = this.#filter.flatMap((wanted, position) => {
      this.#pinned[position] ??= onlyMatch(wanted, all)?.uuid;
      return all.find(({ uuid }) => uuid === this.#pinned[position]) ?? [];
    });
    return [...new Set(chosen)];
  }
}

/**
 * The devices that the option `devices` asks for: a list in its own order, else by driver index.
 * @throws GPUError ERR_GPU_NO_DEVICE when CUDA_VISIBLE_DEVICES leaves none; RangeError
 *   ERR_GPU_UNKNOWN_DEVICE, ERR_GPU_DUPLICATE_DEVICE for a list
 */
export function chooseDevices(
  filter: Filter,
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
  const match = onlyMatch(wanted, all);
  if (match !== undefined) return match;
  const known = all.map(({ index, uuid }) => `${index} ${uuid}`).join(', ');
  throw rangeError(
    'ERR_GPU_UNKNOWN_DEVICE',
    `${what}: expected an index or a unique start of a UUID of ${known}, got ${wanted}`,
  );
}

/** An index is a GPU's: its MIG instances bear the same one, or one of their own. */
function onlyMatch(wanted: string | number, all: readonly Listed[]): NativeDevice | undefined {
  if (wanted === '') return undefined;
  const matches = all.filter(({ uuid, index, parentUuid, present }) =>
    typeof wanted === 'number'
      ? index === wanted && parentUuid === undefined && present !== false
      : uuid.startsWith(wanted),
  );
  return matches.length === 1 ? matches[0] : undefined;
}
