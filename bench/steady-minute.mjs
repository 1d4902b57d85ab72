// One minute at 1 kHz on 8 devices: does the sampler allocate, and do its deadlines drift? SECONDS
// (default 60) as the first argument.
import { execFile } from 'node:child_process';
import { createHistogram } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { simulatedDriverPath } from '../dist/testing/index.mjs';

const periodMs = 1;
const windowMs = 10_000;

/**
 * How far the grid of deadlines moved between the first and the last ten seconds. Deadlines are
 * whole periods apart; where in a period most readings begin shows where they lie, whatever the
 * machine does to the others.
 */
function driftMs(startsMs) {
  const last = startsMs.at(-1);
  const head = usualPhase(startsMs.filter((start) => start < startsMs[0] + windowMs));
  const tail = usualPhase(startsMs.filter((start) => start > last - windowMs));
  const apart = (((tail - head) % periodMs) + periodMs) % periodMs;
  return apart > periodMs / 2 ? apart - periodMs : apart;
}

/** Of a period, in steps of a hundredth. */
function usualPhase(startsMs) {
  const steps = 100;
  const counts = new Array(steps).fill(0);
  for (const start of startsMs) counts[Math.floor((start / periodMs) * steps) % steps] += 1;
  return (counts.indexOf(Math.max(...counts)) / steps) * periodMs;
}

/** Age of the newest sample over time, in us: a read every 10 us. */
function agesOf(startsMs) {
  const ages = createHistogram();
  for (let index = 1; index < startsMs.length; index++) {
    const gapUs = (startsMs[index] - startsMs[index - 1]) * 1e3;
    for (let age = 1; age < gapUs; age += 10) ages.record(Math.ceil(age));
  }
  return ages;
}

const seconds = Number(process.argv[2] ?? 60);
const program = fileURLToPath(new URL('../out/release/steady_minute', import.meta.url));
const scenario = fileURLToPath(
  new URL('../native/simulator/scenarios/h100x8.json', import.meta.url),
);
const { stdout } = await promisify(execFile)(
  program,
  [simulatedDriverPath(), scenario, String(seconds)],
  { maxBuffer: 2 ** 28 },
);
const { devices, rounds, missed, allocations, driverAllocations, startsMs } = JSON.parse(stdout);
const ages = agesOf(startsMs);
const age = (percentile) => `${(ages.percentile(percentile) / 1e3).toFixed(3)} ms`;
const drift = driftMs(startsMs);
console.log(`${seconds} s at ${periodMs} ms, ${devices} devices: ${rounds} rounds`);
console.log(`deadlines missed: ${missed}`);
console.log(`age of the newest sample: p50 ${age(50)}, p99 ${age(99)}, p99.9 ${age(99.9)}`);
console.log(`allocations in calls of the simulated driver: ${driverAllocations}`);
const goals = [
  [`no allocation on the sampler's threads: ${allocations}`, allocations === 0],
  [
    `deadlines drift by less than 0.1 ms: ${drift.toFixed(3)} ms`,
    startsMs.length > 1_000 && Math.abs(drift) < 0.1,
  ],
];
for (const [goal, met] of goals) console.log(`goal: ${goal}, ${met ? 'met' : 'missed'}`);
process.exitCode = goals.every(([, met]) => met) ? 0 : 1;
