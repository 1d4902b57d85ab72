// A fresh process for each measurement: `node --expose-gc program.mjs WHAT COUNT...` prints as JSON
// by how many bytes it grew, all of its memory together.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { GPUClusteringManager } from '../../dist/index.mjs';

const deviceId = 'a';
const startMs = 1.7e12;
const metrics = [
  'computeUtilizationPercent',
  'memoryUtilizationPercent',
  'memoryTotalBytes',
  'memoryUsedBytes',
  'powerWatts',
  'powerLimitWatts',
  'temperatureCelsius',
  'memoryTemperatureCelsius',
  'clockRateMhz',
  'memoryClockMhz',
  'fanSpeedPercent',
];
const batch = 10_000;
const patienceMs = 120_000;

/** What is in memory of this process, in bytes. */
function resident() {
  globalThis.gc();
  globalThis.gc();
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kilobytes) * 1024;
}

// Integers, halves among them, as drivers give them.
const valueAt = (metric, index) =>
  metric === 2 ? 80e9 : metric === 3 ? 1e9 + index * 4096 : ((index * 7 + metric) % 199) / 2;

/** A list of objects, as programs keep samples first. */
function objects(count) {
  const list = [];
  const before = resident();
  for (let index = 0; index < count; index++) {
    list.push({
      deviceId,
      timestampMs: startMs + index,
      computeUtilizationPercent: valueAt(0, index),
      memoryUtilizationPercent: valueAt(1, index),
      memoryTotalBytes: valueAt(2, index),
      memoryUsedBytes: valueAt(3, index),
      powerWatts: valueAt(4, index),
      powerLimitWatts: valueAt(5, index),
      temperatureCelsius: valueAt(6, index),
      memoryTemperatureCelsius: valueAt(7, index),
      clockRateMhz: valueAt(8, index),
      memoryClockMhz: valueAt(9, index),
      fanSpeedPercent: valueAt(10, index),
    });
  }
  const grew = resident() - before;
  if (list.length !== count) throw new Error('not all is kept');
  return grew;
}

function columnsFrom(first) {
  const column = (of) => Float64Array.from({ length: batch }, (_, at) => of(first + at));
  const values = metrics.map((metric, place) => [metric, column((at) => valueAt(place, at))]);
  return { deviceId, timestampsMs: column((at) => startMs + at), ...Object.fromEntries(values) };
}

function recorded(count) {
  const manager = new GPUClusteringManager({ maxHistory: count });
  manager.registerDevice({ deviceId, name: 'A', vendor: 'amd', memoryBytes: 80e9 });
  const before = resident();
  for (let first = 0; first < count; first += batch) manager.recordMany(columnsFrom(first));
  const grew = resident() - before;
  if (manager.getMetricsHistory(deviceId).length !== count) throw new Error('not all is kept');
  return grew;
}

const devices = (count) => ({ devices: [{ board: 'h100', count, load: { shape: 'constant' } }] });

/** Open, until the history of every device is full; then for twice as long again. */
async function live(deviceCount, maxHistory) {
  const probe = await GPUClusteringManager.open({ simulate: devices(1) });
  await probe.shutdown();
  const before = resident();
  const options = { simulate: devices(deviceCount), periodMs: 1, devices: 'all', maxHistory };
  const manager = await GPUClusteringManager.open(options);
  const roundsUntil = async (rounds) => {
    const endMs = performance.now() + patienceMs;
    while (manager.status().rounds < rounds) {
      if (performance.now() > endMs) throw new Error(`${rounds} rounds do not come`);
      await sleep(50);
    }
  };
  await roundsUntil(1.2 * maxHistory);
  const full = resident();
  await roundsUntil(3 * maxHistory);
  const later = resident();
  const { length } = manager.getMetricsHistory(manager.listDevices()[deviceCount - 1].deviceId);
  if (length !== maxHistory) throw new Error(`${length} samples of ${maxHistory} are kept`);
  await manager.shutdown();
  return { grew: full - before, grewLater: later - full };
}

const [what, ...counts] = process.argv.slice(2);
const found = await { objects, recorded, live }[what](...counts.map(Number));
console.log(JSON.stringify(found));
