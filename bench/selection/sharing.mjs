// Tokens where another environment has a share in the ledger: nobody, one that only holds, one that
// acquires and releases as fast as it can. Printed, with no goal: what a processor pays for cells
// that another one writes is the machine's.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { bareCore } from '../aggregation/bare-core.mjs';
import { median, ratios } from '../harness/figures.mjs';
import { withUnit } from '../harness/report.mjs';
import { compare } from '../harness/rounds.mjs';
import { openLive } from './clusters.mjs';
import { holding } from './holding.mjs';
import { checkHeld, tokensOf } from './leasing.mjs';

const devices = 64;
const perDevice = 2;
const alike = {
  devices: [{ board: 'h100', count: devices, load: { shape: 'constant', percent: 0 } }],
};

function measure(manager, beside) {
  const token = `a token acquired and released, ${devices} devices, ${beside}`;
  const scan = `counters of ${devices}, scanned in two native calls, ${beside}`;
  const empty = `an empty native call that gives a number, ${beside}`;
  const count = perDevice * devices;
  const pools = {
    [token]: tokensOf(manager, count),
    [scan]: holding({
      count,
      acquire: () => bareCore.scanAcquire(devices),
      release: (index) => bareCore.scanRelease(index),
    }),
  };
  const figures = compare({ ...pools, [empty]: { run: bareCore.emptyDouble } }, { rounds: 21 });
  for (const pool of Object.values(pools)) pool.end();
  const [underScan, ofEmpty] = [
    ratios(figures[scan], figures[token]),
    ratios(figures[token], figures[empty]),
  ].map((values) => withUnit(median(values), 'x'));
  const note = `${token}: ${underScan} under a native scan, ${ofEmpty} of an empty native call`;
  return { figures, note };
}

/** Runs `ask` beside a worker that holds as many tokens, and goes on with them where it is told. */
async function besideWorker(how, ask) {
  const flag = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL('sharing-worker.mjs', import.meta.url), {
    workerData: { simulate: alike, count: perDevice * devices, how, flag },
  });
  const ended = once(worker, 'exit');
  await Promise.race([once(worker, 'message'), ended]);
  const answer = ask();
  Atomics.store(flag, 0, 1);
  await ended;
  const turns = Atomics.load(flag, 1);
  if (how === 'busy' && turns < 1000) throw new Error(`the worker did only ${turns} turns`);
  return answer;
}

export async function sharing() {
  const manager = await openLive(alike);
  const answers = [
    measure(manager, 'no other environment'),
    await besideWorker('idle', () => measure(manager, 'beside one that only holds')),
    await besideWorker('busy', () => measure(manager, 'beside one that does the same')),
  ];
  checkHeld(manager, { held: 0, evenly: true });
  await manager.shutdown();
  const figures = Object.assign({}, ...answers.map((answer) => answer.figures));
  return { figures, goals: [], notes: answers.map(({ note }) => note) };
}
