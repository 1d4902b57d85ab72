// The other environment of sharing.mjs: holds its tokens until it is told to end, and, where it is
// busy, ends and begins them as fast as it can.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { openLive } from './clusters.mjs';
import { tokensOf } from './leasing.mjs';

const { simulate, count, how, flag } = workerData;
const manager = await openLive(simulate);
const pool = tokensOf(manager, count);
parentPort.postMessage('holds');
while (Atomics.load(flag, 0) === 0) {
  if (how === 'idle') await sleep(5);
  else for (let turn = 0; turn < 1000; turn++) pool.run();
  Atomics.add(flag, 1, 1000);
}
pool.end();
await manager.shutdown();
