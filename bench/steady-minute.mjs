// One minute at 1 kHz on 8 devices: does the sampler allocate, and do its deadlines drift? SECONDS
// (default 60) as the first argument.
import { execFile } from 'node:child_process';
import { createHistogram } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { simulatedDriverPath } from '../dist/testing/index.mjs';
import { single } from './harness/figures.mjs';

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

export async function ask({ args }) {
  const seconds = Number(args[0] ?? 60);
  const pathOf = (path) => fileURLToPath(new URL(path, import.meta.url));
  const { stdout } = await promisify(execFile)(
    pathOf('../out/release/steady_minute'),
    [simulatedDriverPath(), pathOf('../native/simulator/scenarios/h100x8.json'), String(seconds)],
    { maxBuffer: 2 ** 28 },
  );
  const { devices, rounds, missed, allocations, driverAllocations, startsMs } = JSON.parse(stdout);
  const ages = agesOf(startsMs);
  const age = (percentile) => single(ages.percentile(percentile) / 1e3, 'ms');
  return {
    notes: [`${seconds} s at ${periodMs} ms, ${devices} devices`],
    figures: {
      rounds: single(rounds),
      'deadlines missed': single(missed),
      'age of the newest sample: p50': age(50),
      'age of the newest sample: p99': age(99),
      'age of the newest sample: p99.9': age(99.9),
      "allocations on the sampler's threads": single(allocations),
      'allocations in calls of the simulated driver': single(driverAllocations),
      'drift of deadlines': single(Math.abs(driftMs(startsMs)), 'ms'),
    },
    goals: [
      {
        name: 'enough rounds to tell',
        figure: 'rounds',
        atLeast: 1000,
      },
      {
        name: "no allocation on the sampler's threads",
        figure: "allocations on the sampler's threads",
        atMost: 0,
      },
      { name: 'deadlines do not drift', figure: 'drift of deadlines', atMost: 0.1 },
    ],
  };
}
