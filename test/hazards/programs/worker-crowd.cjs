// Twenty workers open the driver at once, read, and are all terminated at once; many rounds.
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');

const body = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { GPUClusteringManager } = require(workerData.entry);
  const maxHistory = workerData.index % 2 === 0 ? 10 : 20_000;
  GPUClusteringManager.open({ simulate: 'h100x8', periodMs: 1, maxHistory }).then((manager) => {
    const [device] = manager.listDevices();
    const power = manager
      .watchWindow({ windowMs: 200, metrics: ['powerWatts'], percentiles: [95] })
      .reader(device.deviceId, 'powerWatts');
    parentPort.postMessage(manager.getMetrics(device.deviceId).ageMs);
    setInterval(() => {
      manager.getMetricsHistory(device.deviceId);
      manager.aggregate({ windowMs: 100 });
      power();
    }, 1);
  });
`;
const entry = require.resolve('../../../dist/index.js');

async function main(rounds) {
  for (let round = 0; round < rounds; round++) {
    const workers = Array.from({ length: 20 }, (_, index) => {
      return new Worker(body, { eval: true, workerData: { entry, index } });
    });
    const ages = await Promise.all(workers.map((worker) => once(worker, 'message')));
    if (!ages.every(([age]) => age >= 0)) throw new Error(`ages: ${ages}`);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  console.log(`${rounds} rounds`);
}
main(Number(process.argv[2]));
