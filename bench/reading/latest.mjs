// The newest sample of one device, beside an object of six numbers that an addon makes.
import { bareCore } from '../aggregation/bare-core.mjs';
import { compare } from '../harness/rounds.mjs';
import { expected, keys, literalLike } from './host.mjs';
import { monotonicMs, openOurs } from './ours.mjs';

const object = 'getMetrics() of a device: an object of all its metrics';
const numbers = 'reader.read() of a device: twelve numbers, in arrays that are there';
const row = 'inside: the row that both read, in an array that is there';
const clock = 'the clock alone, which tells the age';
const anew = 'the same right after it was sampled: copied under its lock';
const six = 'an object of six numbers from native code, here';
const literal = 'an object literal of six numbers';
const ourLiteral = 'an object literal of as many properties';

const goals = [
  {
    id: 'G3',
    name: 'the newest sample as an object: 25x under six properties from native code',
    ratio: [six, object],
    atLeast: 25,
  },
  {
    id: 'G3',
    name: 'the newest sample in arrays that are there, reader.read(): 60x under them',
    ratio: [six, numbers],
    atLeast: 60,
  },
];

function check({ manager, ids, readers, readAnew, block, row }) {
  const sample = manager.getMetrics(ids[0]);
  const numbers = readers.latest.read();
  const [sameRow, copied] = [block.row(row), readAnew(row)];
  if (!sameRow.every((word, at) => Object.is(word, copied[at]))) {
    throw new Error(`read ${sameRow}, and anew ${copied}`);
  }
  const isSame = keys.every((key, at) => {
    return sample[key] === expected[0][at] && numbers[at] === expected[0][at];
  });
  if (!isSame) throw new Error(`read ${JSON.stringify(sample)} and ${numbers}`);
}

export async function latest() {
  const ours = await openOurs();
  const { manager, ids, block, readers } = ours;
  try {
    check(ours);
    const id = ids[0];
    let value = 0;
    const figures = compare({
      [object]: { run: () => manager.getMetrics(id) },
      [numbers]: { run: () => readers.latest.read() },
      [clock]: { run: monotonicMs },
      [ourLiteral]: { run: literalLike(manager.getMetrics(id)) },
      [anew]: { run: () => ours.readAnew(ours.row) },
      [row]: { run: () => block.row(ours.row) },
      [six]: { run: bareCore.sixProperties },
      'an empty native call that gives a number, beside it': { run: bareCore.emptyDouble },
      [literal]: {
        run: () => {
          value += 1;
          return { a: value, b: value, c: value, d: value, e: value, f: value };
        },
      },
    });
    return { figures, goals };
  } finally {
    await ours.close();
  }
}
