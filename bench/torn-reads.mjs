// Is a row ever read half old and half new? And does a reader of a ring ever have to try again?
// Beside native threads that write without a pause, what no sampler does.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { loadNative } from '../dist/native.js';
import { bareCore } from './aggregation/bare-core.mjs';
import { single } from './harness/figures.mjs';
import { copyCarelessly, readFor } from './torn-reads/reading.mjs';

const lengthMs = 8000;
const carelessMs = 300;
const nativeReads = 1.1e8;
const ringRounds = 100;
const ringReads = 1e5; // a round is over before the machine takes the thread's turn away, mostly

const torn = 'rows read half old and half new';
const read = 'rows that were read and compared, word by word';
const retries = 'reads of the newest record of a ring that were tried again, a round';
const wrong = 'records that were not those that were written';

const goals = [
  { id: 'G4', name: 'rows read half old and half new: none', figure: torn, atMost: 0 },
  {
    id: 'G4',
    name: 'of as many as 1e8, most of them read by native code',
    figure: read,
    atLeast: 1e8,
  },
  {
    id: 'G12',
    name: 'reads of the newest record beside a writer without a pause, tried again: none',
    figure: retries,
    atMost: 0,
  },
  { name: 'records that were not those that were written: none', figure: wrong, atMost: 0 },
];

/** On the main thread and on another one at once, then in native code. */
async function readRows() {
  const memory = new SharedArrayBuffer(8 * bareCore.blockWords());
  const { layout } = loadNative();
  bareCore.beginWriting(new Float64Array(memory));
  const workerData = { memory, layout, lengthMs };
  const worker = new Worker(new URL('torn-reads/worker.mjs', import.meta.url), { workerData });
  const message = once(worker, 'message');
  await once(worker, 'online');
  const here = readFor(memory, layout, { lengthMs });
  const [there] = await message;
  const careless = readFor(memory, layout, { lengthMs: carelessMs, copy: copyCarelessly });
  const [nativeTorn, inTheWay] = bareCore.readRows(nativeReads);
  const written = bareCore.endWriting();
  const native = { read: nativeReads - inTheWay, torn: nativeTorn, missed: inTheWay };
  return { here, there, native, careless, written };
}

export async function ask() {
  const { here, there, native, careless, written } = await readRows();
  if (!(written > 1e6)) throw new Error(`the writer wrote only ${written} rows`);
  if (careless.torn === 0) throw new Error('what a careless reader sees is not seen');
  const sum = (key) => here[key] + there[key] + native[key];
  const ring = bareCore.readRing(ringReads, ringRounds);
  const figures = {
    [torn]: single(sum('torn')),
    [read]: single(sum('read')),
    'by JavaScript, on the main thread': single(here.read),
    'by JavaScript, on another one at the same time': single(there.read),
    'rows that JavaScript could not have in a hundred attempts': single(here.missed + there.missed),
    'by native code': single(native.read),
    'reads of native code that met the writer, and knew it': single(native.missed),
    'torn of a million, where the lock is not looked at': single(
      Math.round((careless.torn / careless.read) * 1e6),
    ),
    'rows written meanwhile': single(written),
    [retries]: { samples: [...ring.subarray(0, ringRounds)] },
    [wrong]: single(ring[ringRounds]),
    'records written beside those reads': single(ring[ringRounds + 1]),
  };
  const again = ring.subarray(0, ringRounds).reduce((all, one) => all + one, 0);
  const notes = [
    `${again} of ${ringReads * ringRounds} reads of the ring were tried again: the reader had ` +
      'lost its processor for as long as the writer takes to go around',
  ];
  return { figures, goals, notes };
}
