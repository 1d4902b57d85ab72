// Equal items by capacity: where each device's lie, which touches none of them.
import { GPUClusteringManager } from '../../dist/index.mjs';
import { mergeFigures } from '../harness/figures.mjs';
import { compare } from '../harness/rounds.mjs';
import { slices } from './alternatives.mjs';

const most = 1e6;
const counts = { '1e3': 1e3, '1e6': most };
const deviceCounts = [8, 64];
const ours = (items, devices) => `distribute() of ${items} by capacity, ${devices} devices`;
const read = (devices) => `the same of 1e6, its ranges read, ${devices} devices`;
const sliced = (devices) => `1e6 items sliced, ${devices} devices`;

const goals = [
  {
    id: 'G18',
    name: 'ranges of 1e6 items, 8 devices: 10,000x slices',
    ratio: [sliced(8), ours('1e6', 8)],
    atLeast: 10_000,
    headline: true,
  },
  ...deviceCounts.map((devices) => ({
    id: 'G18',
    name: `ranges, ${devices} devices: 1e6 items within 1.5x of 1e3`,
    ratio: [ours('1e6', devices), ours('1e3', devices)],
    atMost: 1.5,
  })),
];

const capacityOf = (device) => 100 + ((device * 37) % 64);

function clusterOf(devices) {
  const manager = new GPUClusteringManager();
  for (let device = 0; device < devices; device++) {
    manager.registerDevice({
      deviceId: `GPU-${device}`,
      name: 'NVIDIA H100',
      vendor: 'nvidia',
      memoryBytes: 80e9,
      computeUnits: capacityOf(device),
    });
  }
  return manager;
}

/** As long as slices are, but for what rounding gives the one or the other; one after another. */
function check(manager, lists) {
  const { ranges, unassigned } = manager.distribute(most, byCapacity);
  let next = 0;
  for (const [device, { start, end }] of [...ranges.values()].entries()) {
    const isFar = Math.abs(end - start - lists[device].length) > ranges.size;
    if (start !== next || isFar) throw new Error(`device ${device} has ${start} to ${end}`);
    next = end;
  }
  if (next !== most || unassigned.length > 0) throw new Error(`only ${next} items are assigned`);
}

const byCapacity = { strategy: 'capacity' };

function candidatesOf(devices, items) {
  const manager = clusterOf(devices);
  const capacities = Array.from({ length: devices }, (_, device) => capacityOf(device));
  check(manager, slices(items, capacities));
  const candidates = {
    [read(devices)]: { run: () => manager.distribute(most, byCapacity).ranges },
    [sliced(devices)]: { run: () => slices(items, capacities) },
  };
  for (const [name, count] of Object.entries(counts)) {
    candidates[ours(name, devices)] = { run: () => manager.distribute(count, byCapacity) };
  }
  return candidates;
}

/** Eight devices first: as in programs, no other cluster has been through the code before. */
export function contiguous() {
  const items = Array.from({ length: most }, (_, id) => ({ id }));
  const figures = deviceCounts.map((devices) =>
    compare(candidatesOf(devices, items), { rounds: 21 }),
  );
  return { figures: mergeFigures(...figures), goals };
}
