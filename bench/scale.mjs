// Ten thousand devices: what does each of them cost, and what does it cost where there are so
// many? Beside a few: what is asked of one device, or of the best one, should not know how many
// there are.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { GPUClusteringManager } from '../dist/index.mjs';
import { mergeFigures } from './harness/figures.mjs';
import { compare } from './harness/rounds.mjs';
import { ObjectScan } from './selection/alternatives.mjs';
import { manualCluster } from './selection/clusters.mjs';
import { deviceOf, idOf, orderLength, ordinary, randomOrder } from './selection/data.mjs';
import { holding } from './selection/holding.mjs';

const [few, many] = [8, 10_000];
const manyEnough = 1000; // to tell what registering one more costs
const counts = [few, many];
const held = 16;
const memoryRounds = 3;

const registering = (count) => `a device registered, and its first sample, of ${count}`;
const selecting = (count) => `selectBestDevice() of ${count}`;
const updating = (count) => `recordMetrics() and selectBestDevice() of ${count}`;
const reading = (count) => `getMetrics() of one of ${count}`;
const all = (count) => `getMetrics() of all, a device of ${count}`;
const ranking = (count) => `rankDevices(), a device of ${count}`;
const aggregating = (count) => `getAggregatedMetrics(), a device of ${count}`;
const token = (count) => `a token acquired and released, of ${count}`;
const bytes = 'memory of a device with two samples';

const flat = (what, name, limit) => ({
  name: `${name}: of ${many} within ${limit}x of ${few}`,
  ratio: [what(many), what(few)],
  atMost: limit,
});

const goals = [
  {
    name: `a device registered, and its first sample: of ${many} within 2x of ${manyEnough}`,
    ratio: [registering(many), registering(manyEnough)],
    atMost: 2,
  },
  flat(selecting, 'selectBestDevice()', 2),
  flat(token, 'a token', 4),
  flat(reading, 'getMetrics() of one', 4),
  flat(all, 'getMetrics() of all, a device', 4),
  flat(ranking, 'rankDevices(), a device', 4),
  { name: 'a device with two samples: 16 kB', figure: bytes, atMost: 16 },
];

const little = { maxHistory: 2 };

/** How long it takes a device until all of them are there; a garbage collection before each. */
function registeringOf(samples) {
  return {
    inside: () => {
      globalThis.gc();
      const manager = new GPUClusteringManager(little);
      const startMs = performance.now();
      for (const [index, sample] of samples.entries()) {
        manager.registerDevice(deviceOf(index));
        manager.recordMetrics(sample);
      }
      const tookMs = performance.now() - startMs;
      if (manager.listDevices().length !== samples.length) throw new Error('some are not there');
      return (tookMs * 1e6) / samples.length;
    },
  };
}

/** One device after another, at random, has a new sample. */
function updatingOf(manager, samples) {
  const order = randomOrder(samples.length);
  let [at, { timestampMs: nowMs }] = [0, samples[0]];
  return () => {
    at = (at + 1) & (orderLength - 1);
    nowMs += 0.01;
    const sample = samples[order[at]];
    sample.timestampMs = nowMs;
    manager.recordMetrics(sample);
    return manager.selectBestDevice();
  };
}

function readingOf(manager, count) {
  const ids = Array.from(randomOrder(count), idOf);
  let at = 0;
  return () => {
    at = (at + 1) & (orderLength - 1);
    return manager.getMetrics(ids[at]);
  };
}

/** What is asked finds what a plain look at all samples finds. */
function check(manager, samples) {
  const scanned = samples[new ObjectScan(samples).best()].deviceId;
  const ranked = manager.rankDevices();
  const { usedMemoryBytes } = manager.getAggregatedMetrics();
  const sum = samples.reduce((total, { memoryUsedBytes }) => total + memoryUsedBytes, 0);
  const isSame =
    manager.selectBestDevice() === scanned &&
    ranked.length === samples.length &&
    ranked[0].deviceId === scanned &&
    usedMemoryBytes === sum &&
    samples.every(({ deviceId, memoryUsedBytes }) => {
      return manager.getMetrics(deviceId).memoryUsedBytes === memoryUsedBytes;
    });
  if (!isSame) throw new Error(`of ${samples.length} devices something else was found`);
}

function candidatesOf(count) {
  const samples = ordinary(count);
  const manager = manualCluster(samples);
  check(manager, samples);
  const ids = samples.map(({ deviceId }) => deviceId);
  const leased = manualCluster(ordinary(count));
  const tokens = holding({
    count: held,
    acquire: () => leased.tryAcquireToken(),
    release: (one) => leased.releaseToken(one),
    isRefused: (one) => one === 0,
  });
  const updated = ordinary(count, 21);
  const ofOne = {
    [selecting(count)]: { run: () => manager.selectBestDevice() },
    [updating(count)]: { run: updatingOf(manualCluster(updated), updated) },
    [reading(count)]: { run: readingOf(manager, count) },
    [token(count)]: tokens,
  };
  const ofAll = {
    [all(count)]: { run: () => ids.map((id) => manager.getMetrics(id)), items: count },
    [ranking(count)]: { run: () => manager.rankDevices(), items: count },
    [aggregating(count)]: { run: () => manager.getAggregatedMetrics(), items: count },
  };
  return { ofOne, ofAll, end: () => tokens.end() };
}

function memory() {
  const program = fileURLToPath(new URL('scale/program.mjs', import.meta.url));
  const samples = Array.from({ length: memoryRounds }, () => {
    const said = execFileSync(process.execPath, ['--expose-gc', program, String(many)]);
    return JSON.parse(said) / many / 1e3;
  });
  return { [bytes]: { samples, unit: 'kB' } };
}

export async function ask() {
  const built = compare({
    [registering(manyEnough)]: registeringOf(ordinary(manyEnough)),
    [registering(many)]: registeringOf(ordinary(many)),
  });
  const clusters = counts.map(candidatesOf);
  // What goes through all of them leaves the others no caches: apart, one after the other.
  const ofOne = compare(Object.assign({}, ...clusters.map((one) => one.ofOne)), { rounds: 21 });
  for (const { end } of clusters) end();
  const ofAll = compare(Object.assign({}, ...clusters.map((one) => one.ofAll)));
  return { figures: mergeFigures(built, ofOne, ofAll, memory()), goals };
}
