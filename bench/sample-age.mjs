// How old is the newest sample when it is read, while the event loop is blocked half a second at a
// time? 8 devices, 10 ms; SECONDS (default 60) as the first argument. Beside it a bare thread that
// only sleeps to the same deadlines, in the same minute: the limit that the machine sets.
import { execFile } from 'node:child_process';
import { createHistogram } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { GPUClusteringManager } from '../dist/index.mjs';
import { single } from './harness/figures.mjs';

const periodMs = 10;
const blockMs = 500;
const readEveryMs = 1;
const scenario = 'h100x8';

/** Reads every device's newest sample about once a millisecond, and keeps the ages. */
async function readAges(untilMs) {
  const manager = await GPUClusteringManager.open({ simulate: scenario, periodMs });
  const ids = manager.listDevices().map(({ deviceId }) => deviceId);
  const ages = createHistogram();
  const bell = new Int32Array(new SharedArrayBuffer(4));
  while (Date.now() < untilMs) {
    for (const id of ids) ages.record(Math.max(1, Math.round(manager.getMetrics(id).ageMs * 1e3)));
    Atomics.wait(bell, 0, 0, readEveryMs);
  }
  await manager.shutdown();
  return { count: ages.count, ...summary(ages) };
}

/** Age of the newest value over time, if one is taken at each of `timesMs`: a read every 100 us. */
function agesOf(timesMs) {
  const ages = createHistogram();
  for (let index = 1; index < timesMs.length; index++) {
    const gapUs = (timesMs[index] - timesMs[index - 1]) * 1e3;
    for (let age = 1; age < gapUs; age += 100) ages.record(Math.round(age));
  }
  return summary(ages);
}

function summary(histogram) {
  const ms = (us) => Number((us / 1e3).toFixed(3));
  return {
    p50: ms(histogram.percentile(50)),
    'p99.9': ms(histogram.percentile(99.9)),
    max: ms(histogram.max),
  };
}

async function blockInTurns(untilMs) {
  let blocked = 0;
  while (Date.now() < untilMs) {
    const end = performance.now() + blockMs;
    while (performance.now() < end);
    blocked += 1;
    await turn();
  }
  return blocked;
}

/** What was read, by whom: its ages as figures. */
function figuresOf(ages) {
  const parts = Object.entries(ages).flatMap(([who, summary]) =>
    Object.entries(summary).map(([what, value]) => [
      `${who}: ${what}`,
      single(value, what === 'count' ? undefined : 'ms'),
    ]),
  );
  return Object.fromEntries(parts);
}

function startReader(untilMs) {
  const reader = new Worker(fileURLToPath(import.meta.url), { workerData: { untilMs } });
  return new Promise((resolve, reject) => {
    reader.once('message', resolve);
    reader.once('error', reject);
  });
}

export async function ask({ args }) {
  const seconds = Number(args[0] ?? 60);
  const manager = await GPUClusteringManager.open({
    simulate: scenario,
    periodMs,
    maxHistory: Math.ceil((seconds * 1e3) / periodMs) + 1000,
  });
  const untilMs = Date.now() + seconds * 1e3;
  const sleeper = fileURLToPath(new URL('../out/release/bare_sleep', import.meta.url));
  const bare = promisify(execFile)(sleeper, [String(periodMs), String(seconds)], {
    maxBuffer: 2 ** 26,
  });
  const read = startReader(untilMs);
  const blocked = await blockInTurns(untilMs);
  const wakes = (await bare).stdout.trim().split('\n').map(Number);
  const observed = await read;
  const [{ deviceId }] = manager.listDevices();
  const { missedDeadlines, rounds } = manager.status();
  const history = manager.getMetricsHistory(deviceId).map(({ timestampMs }) => timestampMs);
  await manager.shutdown();
  return {
    notes: [
      `${seconds} s at ${periodMs} ms, 8 devices: ${rounds} rounds, ${missedDeadlines} missed`,
      `event loop blocked ${blocked} times for ${blockMs} ms`,
    ],
    figures: figuresOf({
      'age, as a worker read it': observed,
      'age, from one sample to the next': { count: history.length, ...agesOf(history) },
      'age, of a bare sleeping thread': { count: wakes.length, ...agesOf(wakes) },
    }),
    goals: [
      {
        name: 'p99.9 of the age within two periods',
        figure: 'age, as a worker read it: p99.9',
        atMost: 2 * periodMs,
      },
    ],
  };
}

if (!isMainThread) parentPort.postMessage(await readAges(workerData.untilMs));
