// A worker's stack, and what Node leaves of it to native code below JavaScript's last call.
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const { GPUClusteringManager } = require('../../../dist/index.js');

const metrics = ['powerWatts', 'memoryUsedBytes', 'computeUtilizationPercent'];
const percentiles = [0, 12.5, 50, 95, 99, 100];

async function inWorker() {
  const manager = await GPUClusteringManager.open({ simulate: 'h100x8', devices: 'all' });
  const ask = (per) => manager.aggregate({ metrics, per, last: 100, percentiles });
  while (ask('cluster').metrics.powerWatts.count < 50) await sleep(10);
  let answers = 0;
  // Where it is too deep for JavaScript, it throws there; somewhere above that it just fits.
  const deeper = () => {
    try {
      deeper();
    } catch {}
    if (answers >= 20) return;
    try {
      ask('cluster');
      ask('device');
      answers += 1;
    } catch {}
  };
  deeper();
  await manager.shutdown();
  parentPort.postMessage(answers);
}

async function main() {
  const worker = new Worker(__filename);
  const [answers] = await once(worker, 'message');
  const [code] = await once(worker, 'exit');
  console.log(JSON.stringify({ answers, code }));
}

if (isMainThread) main();
else inWorker();
