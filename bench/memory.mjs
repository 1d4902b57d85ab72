// How much memory does a device take, and a sample of it? Each measurement is how much a process of
// its own grew, all of its memory together: nothing is hidden outside the heap.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compare } from './harness/rounds.mjs';

const program = fileURLToPath(new URL('memory/program.mjs', import.meta.url));
const recordedCount = 400_000;
const liveRounds = 3;
const [few, many] = [1000, 4000]; // samples
const [eight, sixteen] = [8, 16]; // devices

function measured(...args) {
  const said = execFileSync(process.execPath, ['--expose-gc', program, ...args.map(String)], {
    encoding: 'utf8',
  });
  return JSON.parse(said);
}

const list = 'a sample of twelve numbers in a list of objects';
const recorded = 'a sample of twelve numbers, recordMany()';

function recording() {
  const bytes = (what) => ({ inside: () => measured(what, recordedCount) / recordedCount });
  const figures = compare({ [list]: bytes('objects'), [recorded]: bytes('recorded') });
  const inBytes = Object.entries(figures).map(([name, figure]) => [
    name,
    { ...figure, unit: 'bytes' },
  ]);
  return Object.fromEntries(inBytes);
}

const later = 'live, full: grew while every sample was replaced twice';

/** What one more device takes, and one more sample, between sizes that are far enough apart. */
function living() {
  const samples = { sample: [], device: [], later: [] };
  for (let round = 0; round < liveRounds; round++) {
    const small = measured('live', eight, few);
    const longer = measured('live', eight, many);
    const more = measured('live', sixteen, few);
    samples.sample.push((longer.grew - small.grew) / (eight * (many - few)));
    samples.device.push((more.grew - small.grew) / (sixteen - eight) / 1e3);
    samples.later.push(Math.max(0, longer.grewLater) / 1e3);
  }
  return {
    'live: a sample more of all metrics, its index and series with it': {
      samples: samples.sample,
      unit: 'bytes',
    },
    [`live: a device more, ${few} samples and the simulated device with it`]: {
      samples: samples.device,
      unit: 'kB',
    },
    [later]: { samples: samples.later, unit: 'kB' },
  };
}

const goals = [
  {
    name: 'a recorded sample: a half of an object in a list',
    ratio: [list, recorded],
    atLeast: 2,
  },
  { name: 'a live history that is full grows no more: 512 kB', figure: later, atMost: 512 },
];

export async function ask() {
  return { figures: { ...recording(), ...living() }, goals };
}
