// Terminates workers while their sampler polls. With `alone` the main thread never loads the
// addon, so that it comes and goes with the worker; else the main thread polls on unharmed.
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');

const body = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { GPUClusteringManager } = require(workerData.entry);
  GPUClusteringManager.open({ simulate: 'h100x8', periodMs: 1 }).then((manager) => {
    const [device] = manager.listDevices();
    const power = manager
      .watchWindow({ windowMs: 200, metrics: ['powerWatts'], percentiles: [95] })
      .reader(device.deviceId, 'powerWatts');
    parentPort.postMessage(manager.getMetrics(device.deviceId).timestampMs);
    setInterval(() => {
      manager.getMetricsHistory(device.deviceId);
      manager.aggregate({ windowMs: 100 });
      power();
    }, 1);
  });
`;
const entry = require.resolve('../../../dist/index.js');

async function main(rounds, alone) {
  let manager;
  if (!alone) {
    const { GPUClusteringManager } = require(entry);
    manager = await GPUClusteringManager.open({ simulate: 'h100x8', periodMs: 1 });
  }
  for (let round = 0; round < rounds; round++) {
    const worker = new Worker(body, { eval: true, workerData: { entry } });
    const [message] = await once(worker, 'message');
    if (typeof message !== 'number') throw new Error(`worker said ${message}`);
    await new Promise((resolve) => setTimeout(resolve, round % 5));
    await worker.terminate();
  }
  if (manager !== undefined) {
    const { ageMs } = manager.getMetrics(manager.listDevices()[0].deviceId);
    if (!(ageMs < 1000)) throw new Error(`the main thread's sample is ${ageMs} ms old`);
    await manager.shutdown();
  }
  console.log(`${rounds} rounds`);
}
main(Number(process.argv[2]), process.argv[3] === 'alone');
