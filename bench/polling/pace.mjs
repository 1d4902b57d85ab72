// The sampler at 1000, 100, 10 and 1 Hz, and in turns with it threads that sleep to the same
// deadlines. Each stretch is a process of its own: its processor time is all that it took.
import { median, mergeFigures } from '../harness/figures.mjs';
import { withUnit } from '../harness/report.mjs';
import { said, saidOverStill } from './driver.mjs';

const who = {
  still: 'the sampler itself',
  sampler: 'the sampler over the simulated driver',
  calls: "a thread that makes the simulated driver's calls",
  sleep: 'a thread that sleeps',
  slack: 'the same with default timer slack',
};
const cpu = (hz, what) => `processor time a round at ${hz} Hz, ${who[what]}`;
const late = (hz, what) => `median lateness at ${hz} Hz, ${who[what]}`;
const core = (hz, what) => `share of a core at ${hz} Hz, ${who[what]}`;
const drift = 'deadlines off the grid of whole periods';

const paces = [
  { hz: 1000, lengthMs: 200, rounds: 11, whos: ['still', 'sampler', 'calls', 'sleep', 'slack'] },
  { hz: 100, lengthMs: 300, rounds: 3, whos: ['still', 'sampler', 'calls', 'sleep'] },
  { hz: 10, lengthMs: 1000, rounds: 5, whos: ['still', 'sampler', 'calls', 'sleep'] },
  { hz: 1, lengthMs: 3000, rounds: 3, whos: ['still', 'sampler', 'sleep'] },
];

const goals = [
  {
    id: 'G16',
    name: 'processor time at 1 kHz, the sampler itself: 1.15x a thread that sleeps',
    ratio: [cpu(1000, 'still'), cpu(1000, 'sleep')],
    atMost: 1.15,
  },
  {
    id: 'G16',
    name: 'processor time at 1 kHz, simulated driver: 1.15x a thread that makes the same calls',
    ratio: [cpu(1000, 'sampler'), cpu(1000, 'calls')],
    atMost: 1.15,
  },
  {
    id: 'G16',
    name: 'share of a core at 10 Hz, the sampler itself: 0.1 %',
    figure: core(10, 'still'),
    atMost: 0.1,
  },
  { id: 'G17', name: 'deadlines do not drift', figure: drift, atMost: 0 },
  {
    id: 'G17',
    name: 'median lateness at 1 kHz: 1.1x a thread that sleeps',
    ratio: [late(1000, 'sampler'), late(1000, 'sleep')],
    atMost: 1.1,
  },
  {
    id: 'G17',
    name: 'median lateness at 1 kHz: 1.8x under default timer slack',
    ratio: [late(1000, 'slack'), late(1000, 'sampler')],
    atLeast: 1.8,
  },
];

function stretchesOf({ hz, lengthMs, rounds, whos }) {
  const found = Object.fromEntries(whos.map((what) => [what, []]));
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < whos.length; step++) {
      const what = whos[(round + step) % whos.length];
      const stretch =
        what === 'still'
          ? saidOverStill('pace', 'sampler', 1000 / hz, lengthMs)
          : said('pace', what, 1000 / hz, lengthMs);
      const due = (lengthMs * hz) / 1000;
      if (stretch.rounds < Math.min(due / 2, 5))
        throw new Error(`${what}: ${stretch.rounds} rounds of ${due}`);
      found[what].push(stretch);
    }
  }
  return found;
}

function figuresOf({ hz }, found) {
  const run = `pace at ${hz} Hz`;
  const ofEach = Object.entries(found).map(([what, stretches]) => ({
    [cpu(hz, what)]: { samples: stretches.map((one) => one.usedNs / one.rounds), unit: 'ns', run },
    [late(hz, what)]: { samples: stretches.map((one) => one.lateP50Ns), unit: 'ns', run },
  }));
  const shares = ['still', 'sampler'].map((what) => ({
    [core(hz, what)]: {
      samples: found[what].map(({ usedNs, lengthMs }) => usedNs / (lengthMs * 1e4)),
      unit: '%',
      run,
    },
  }));
  return mergeFigures(...ofEach, ...shares);
}

const usedARound = (stretches) => median(stretches.map(({ usedNs, rounds }) => usedNs / rounds));

const worst = (stretches) =>
  withUnit(Math.max(...stretches.map(({ lateMaxNs }) => lateMaxNs)), 'ns');

export function pace() {
  const figures = [];
  const offGrid = [];
  const notes = [];
  for (const one of paces) {
    const found = stretchesOf(one);
    figures.push(figuresOf(one, found));
    for (const what of ['still', 'sampler']) {
      offGrid.push(...found[what].map(({ offGridNs }) => offGridNs));
    }
    const latest = one.whos.map((what) => `${who[what]} ${worst(found[what])}`);
    const whole = usedARound(found.sampler) / usedARound(found.sleep);
    notes.push(
      `over the simulated driver at ${one.hz} Hz: ${whole.toFixed(1)}x a thread that sleeps, ` +
        'most of it the simulated driver',
    );
    notes.push(`latest of all at ${one.hz} Hz: ${latest.join(', ')}`);
  }
  const off = { [drift]: { samples: [Math.max(...offGrid)], unit: 'ns' } };
  return { figures: mergeFigures(...figures, off), goals, notes };
}
