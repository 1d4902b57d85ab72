// One round of the sampler, eight devices, round after round without a pause; in turns with it a
// loop of the same driver calls.
import { median } from '../harness/figures.mjs';
import { deviceCount, said, saidOverStill } from './driver.mjs';

const turns = 21;
const roundsOfTurn = 1000;

const round = 'a round of the sampler';
const bare = 'the same driver calls from C++, and nothing done with what they say';
const added = 'what a round adds to those calls, a device';
const itself = 'a round over a driver whose calls cost next to nothing';

const goals = [
  {
    id: 'G15',
    name: 'a round of the sampler, warm: 1.5x the same driver calls alone',
    ratio: [round, bare],
    atMost: 1.5,
    headline: true,
  },
];

/** The program compares calls and numbers of the two itself, and fails where they differ. */
export function tick() {
  const { devices, calls, tickNs, bareNs } = said('tick', turns * roundsOfTurn);
  if (devices !== deviceCount) throw new Error(`expected ${deviceCount} devices, got ${devices}`);
  const still = saidOverStill('tick', turns * roundsOfTurn);
  const medians = (all) =>
    Array.from({ length: turns }, (_, turn) =>
      median(all.slice(turn * roundsOfTurn, (turn + 1) * roundsOfTurn)),
    );
  const [ofRound, ofBare] = [medians(tickNs), medians(bareNs)];
  const figure = (samples) => ({ samples, unit: 'ns', run: 'tick' });
  const figures = {
    [round]: figure(ofRound),
    [bare]: figure(ofBare),
    [itself]: figure(medians(still.tickNs)),
    [added]: figure(ofRound.map((took, turn) => (took - ofBare[turn]) / deviceCount)),
  };
  const notes = [`${calls} driver calls a round; medians of ${roundsOfTurn} rounds a turn`];
  return { figures, goals, notes };
}
