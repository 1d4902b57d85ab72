// Workers end while they hold leases and tokens and while they wait: the ledger goes back to what
// the main thread holds. `terminate`, `exit` and `throw` say how they end.
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { GPUClusteringManager } = require('../../../dist/index.js');

const openOptions = { simulate: 'idle', periodMs: 5, devices: 'all', leases: { maxInFlight: 8 } };
const body = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { GPUClusteringManager } = require(workerData.entry);
  GPUClusteringManager.open(workerData.openOptions).then((manager) => {
    const kept = [];
    for (let held = 0; held < 6; held++) {
      kept.push(manager.tryAcquire({ memoryBytes: 2 ** 28, weight: 1.5 }));
      kept.push(manager.tryAcquireToken());
    }
    kept[0].materialised();
    const waiting = manager.acquire({ weight: 8 }).then(() => 'served', () => 'refused');
    globalThis.kept = { kept, waiting, manager };
    parentPort.postMessage(kept.every((one) => typeof one === 'number' ? one > 0 : one.granted));
    if (workerData.how === 'exit') setTimeout(() => process.exit(0), workerData.delayMs);
    if (workerData.how === 'throw') {
      setTimeout(() => { throw new Error('on purpose'); }, workerData.delayMs);
    }
  });
`;
const entry = require.resolve('../../../dist/index.js');

function sums(manager) {
  const { devices } = manager.leaseStatus();
  const keys = ['inFlight', 'leaseCount', 'leasedBytes', 'reservedBytes'];
  return keys.map((key) => devices.reduce((total, device) => total + device[key], 0)).join();
}

async function untilIs(manager, wanted) {
  const deadline = performance.now() + 10_000;
  while (sums(manager) !== wanted) {
    if (performance.now() > deadline) throw new Error(`${sums(manager)} instead of ${wanted}`);
    await sleep(1);
  }
}

async function main(rounds, how) {
  const manager = await GPUClusteringManager.open(openOptions);
  const own = [manager.tryAcquire({ memoryBytes: 2 ** 30 }), manager.tryAcquire({ weight: 2 })];
  const token = manager.tryAcquireToken();
  const mine = sums(manager);
  for (let round = 0; round < rounds; round++) {
    const workerData = { entry, openOptions, how, delayMs: round % 3 };
    const worker = new Worker(body, { eval: true, workerData });
    const failed = once(worker, 'error').catch(() => {});
    const ended = once(worker, 'exit').catch(() => {});
    // Not `once`, which an error that overtakes the message would end.
    const hasAll = await new Promise((resolve) => worker.once('message', resolve));
    if (!hasAll) throw new Error('the worker did not get all that it asked for');
    if (how === 'terminate') {
      await sleep(round % 3);
      await worker.terminate();
    } else {
      await Promise.race([failed, ended]);
      await ended;
    }
    await untilIs(manager, mine);
  }
  const released = own.map((lease) => lease.release());
  if (!released.every(Boolean) || !manager.releaseToken(token)) throw new Error('not released');
  await untilIs(manager, '0,0,0,0');
  console.log(`${rounds} rounds`);
}
main(Number(process.argv[2]), process.argv[3]);
