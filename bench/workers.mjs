// What do worker threads cost each other that read, select and lease at the same time? One, two and
// four of them, in turns; all share one sampler and one ledger.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { doneWord, end, orderOf, orderWord, readyWord, works } from './workers/orders.mjs';

const rounds = 11;
const most = 4;
const counts = [1, 2, most];
const stretchMs = 25;
const patienceMs = 30_000;

const time = (work, count) => `${work}, processor time, ${count} at once`;
const rate = (work, count) => `${work} a millisecond, all of ${count} together`;

const goals = ['getMetrics()', 'selectBestDevice()'].flatMap((work) =>
  [2, most].map((count) => ({
    name: `${work}: ${count} threads at once within 1.5x of one`,
    ratio: [time(work, count), time(work, 1)],
    atMost: 1.5,
  })),
);

/** Blocks this thread: it has nothing to do meanwhile, and takes no processor. */
function waitFor(orders, word, value) {
  const endMs = performance.now() + patienceMs;
  for (let is = Atomics.load(orders, word); is !== value; is = Atomics.load(orders, word)) {
    if (performance.now() > endMs) throw new Error(`${is} workers of ${value} answered`);
    Atomics.wait(orders, word, is, 100);
  }
}

function say(orders, count, work) {
  const number = (Atomics.load(orders, orderWord) >> 8) + 1;
  Atomics.store(orders, doneWord, 0);
  Atomics.store(orders, orderWord, orderOf({ number, count, work }));
  Atomics.notify(orders, orderWord);
}

/** Has the first `count` workers do the work for a while. */
function give(orders, count, work) {
  say(orders, count, work);
  waitFor(orders, doneWord, count);
}

function measure(orders, results) {
  const figures = {};
  const keep = (name, value, unit) => {
    figures[name] ??= { samples: [], unit, run: 'workers' };
    figures[name].samples.push(value);
  };
  for (const [work, name] of works.entries()) {
    give(orders, most, work); // warms up
    for (let round = 0; round < rounds; round++) {
      for (let step = 0; step < counts.length; step++) {
        const count = counts[(round + step) % counts.length];
        give(orders, count, work);
        const sum = (first) => results.slice(first, first + count).reduce((all, one) => all + one);
        keep(time(name, count), sum(0) / count, 'ns');
        keep(rate(name, count), sum(most));
      }
    }
  }
  return figures;
}

export async function ask() {
  const orders = new Int32Array(new SharedArrayBuffer(12));
  const results = new Float64Array(new SharedArrayBuffer(16 * most));
  const workers = Array.from({ length: most }, (_, index) => {
    const workerData = { index, most, orders, results, stretchMs };
    return new Worker(new URL('workers/worker.mjs', import.meta.url), { workerData });
  });
  const failed = Promise.race(workers.map(async (one) => Promise.reject(await once(one, 'error'))));
  const ended = Promise.all(workers.map((one) => once(one, 'exit')));
  await Promise.race([failed, allThere(orders)]);
  const figures = measure(orders, results);
  say(orders, most, end);
  await Promise.race([failed, ended]);
  return { figures, goals };
}

async function allThere(orders) {
  const endMs = performance.now() + patienceMs;
  while (Atomics.load(orders, readyWord) < most) {
    if (performance.now() > endMs) throw new Error('the workers do not come');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
