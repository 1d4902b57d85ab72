// One of the workers: does what it is told for a while, and says what that took.
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { GPUClusteringManager } from '../../dist/index.mjs';
import { bareCore } from '../aggregation/bare-core.mjs';
import { expected, keys, scenario } from '../reading/host.mjs';
import { tokensOf } from '../selection/leasing.mjs';
import { doneWord, end, orderWord, readOrder, readyWord } from './orders.mjs';

const { index, most, orders, results, stretchMs } = workerData;
const tokensHeld = 16;
const patienceMs = 20_000;
const batch = 100;

const manager = await GPUClusteringManager.open({ simulate: scenario, periodMs: 1 });
const ids = manager.listDevices().map(({ deviceId }) => deviceId);

/** That all devices say what was set, and that one of them is selected. */
function isRight() {
  const isRead = ids.every((id, at) => {
    const sample = manager.getMetrics(id);
    return keys.every((key, place) => sample?.[key] === expected[at][place]);
  });
  return isRead && ids.includes(manager.selectBestDevice());
}

/** Samples may be too old for a moment, where more threads are busy than there are processors. */
async function becomesRight() {
  const endMs = performance.now() + patienceMs;
  while (!isRight()) {
    if (performance.now() > endMs) throw new Error('what is read is not what was set');
    await sleep(5);
  }
}

await becomesRight();
const pool = tokensOf(manager, tokensHeld);
let device = 0;
const does = [
  () => {
    device = (device + 1) % ids.length;
    return manager.getMetrics(ids[device]);
  },
  () => manager.selectBestDevice(),
  pool.run,
];

function doFor(run) {
  const startMs = performance.now();
  const before = bareCore.threadTime();
  let count = 0;
  while (performance.now() - startMs < stretchMs) {
    for (let one = 0; one < batch; one++) run();
    count += batch;
  }
  results[index] = (bareCore.threadTime() - before) / count;
  results[most + index] = count / (performance.now() - startMs);
}

let last = 0;
Atomics.add(orders, readyWord, 1);
for (;;) {
  Atomics.wait(orders, orderWord, last);
  last = Atomics.load(orders, orderWord);
  const { count, work } = readOrder(last);
  if (work === end) break;
  if (index >= count || last === 0) continue;
  doFor(does[work]);
  Atomics.add(orders, doneWord, 1);
  Atomics.notify(orders, doneWord);
}
await becomesRight();
pool.end();
await manager.shutdown();
