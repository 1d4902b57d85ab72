import { outOfRange, readNumber, readSafely } from '../arguments.js';
import type { GPUDevice } from '../device.js';

type Figure = (device: GPUDevice) => number | undefined;

const units: Figure = ({ computeUnits }) => computeUnits;
const unitsAtFullClock: Figure = ({ computeUnits, clockRateMhz }) =>
  computeUnits === undefined || clockRateMhz === undefined
    ? undefined
    : computeUnits * clockRateMhz;

const isSpeed = (figure: number | undefined) => figure !== undefined && figure > 0;

/**
 * How fast each device is, the fastest being 1: what `speedOf` says; else compute units times clock
 * where every device knows both, else compute units where every one does, else 1 for all. Different
 * units are never compared. A GPU that is split into instances takes no work and does not count.
 * @throws RangeError, TypeError when `speedOf` gives no number above 0, or throws.
 */
export function speedsOf(devices: readonly GPUDevice[], speedOf?: Figure): readonly number[] {
  const isWhole = ({ migEnabled }: GPUDevice) => migEnabled !== true;
  const figures =
    speedOf === undefined
      ? knownToAll(devices, isWhole)
      : devices.map((device) => (isWhole(device) ? ask(speedOf, device) : 1));
  let fastest = 0;
  for (const [index, device] of devices.entries()) {
    if (isWhole(device)) fastest = Math.max(fastest, figures[index] ?? 0);
  }
  if (fastest === 0) return devices.map(() => 1);
  return figures.map((figure, index) => {
    const device = devices[index];
    // So small a quotient that it is 0 would make a device infinitely slow.
    return device !== undefined && isWhole(device) ? Math.max(figure / fastest, Number.EPSILON) : 1;
  });
}

function knownToAll(
  devices: readonly GPUDevice[],
  isWhole: (device: GPUDevice) => boolean,
): readonly number[] {
  const counted = devices.filter(isWhole);
  const figure = [unitsAtFullClock, units].find((candidate) =>
    counted.every((device) => isSpeed(candidate(device))),
  );
  return devices.map((device) => figure?.(device) ?? 1);
}

function ask(speedOf: Figure, device: GPUDevice): number {
  const what = `speedOf of ${JSON.stringify(device.deviceId)}`;
  const speed = readNumber(
    readSafely(what, () => speedOf(device)),
    what,
  );
  if (speed > 0) return speed;
  throw outOfRange(what, 'a finite number above 0', speed);
}
