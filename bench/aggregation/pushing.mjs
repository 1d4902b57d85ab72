// What keeping the index costs the sampler: the worst push of ten million, and memory. The machine
// is shared and takes the processor away at times: stretches in which the thread only looks at the
// clock, as many and as long as the pushes and in turns with them, show how long.
import { single } from '../harness/figures.mjs';
import { bareCore } from './bare-core.mjs';

const pushes = 1e7;
const capacity = 100_000; // so that it wraps a hundred times
const tiers = ['fast', 'medium', 'slow'];

function durations(what, [mean, most, worst]) {
  return {
    [`${what}: mean`]: single(mean, 'ns'),
    [`${what}: 99.99 % within`]: single(most, 'ns'),
    [`${what}: worst`]: single(worst, 'ns'),
  };
}

/** By tier: of a sample, and of a metric in it. */
function memory() {
  const { bytesPerSample } = bareCore;
  const counts = bareCore.metricsOfTiers();
  const figures = tiers.map((tier, number) => [
    [`memory of a ${tier} sample`, single(bytesPerSample(number), 'bytes')],
    [
      `memory of a metric in a ${tier} sample`,
      single(bytesPerSample(number) / counts[number], 'bytes'),
    ],
  ]);
  return Object.fromEntries(figures.flat());
}

export function pushing() {
  const fast = 0;
  const found = bareCore.timePushes(fast, capacity, pushes);
  return {
    figures: {
      ...durations('push of a fast sample, of 1e7', found.subarray(0, 3)),
      ...durations('as long a stretch of looks at the clock', found.subarray(3)),
      ...memory(),
    },
    goals: [],
  };
}
