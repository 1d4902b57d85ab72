// What a worker holds is waited for here: it releases it, it ends, it is terminated.
const { once } = require('node:events');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const { GPUClusteringManager } = require('../../../dist/index.js');

const open = () => GPUClusteringManager.open({ simulate: true, leases: { maxInFlight: 1 } });

const endings = {
  released: (worker) => worker.postMessage('release'),
  ended: (worker) => worker.postMessage('end'),
  terminated: (worker) => worker.terminate(),
};

async function main() {
  const manager = await open();
  const request = { deviceIds: [manager.listDevices()[0].deviceId] };
  for (const [ending, end] of Object.entries(endings)) {
    const worker = new Worker(__filename);
    const [state] = await once(worker, 'message');
    const refused = manager.tryAcquire(request);
    const waiting = manager.acquire(request);
    const exited = once(worker, 'exit');
    end(worker);
    const lease = await waiting;
    console.log(state, refused.code, ending, lease.granted);
    lease.release();
    worker.postMessage('end');
    await exited;
  }
  console.log(JSON.stringify(manager.leaseStatus().devices[0]));
}

async function hold() {
  const manager = await open();
  const lease = manager.tryAcquire({ deviceIds: [manager.listDevices()[0].deviceId] });
  parentPort.on('message', (word) => {
    if (word === 'release') lease.release();
    else process.exit();
  });
  parentPort.postMessage(lease.granted ? 'held' : lease.message);
}

if (isMainThread) main();
else hold();
