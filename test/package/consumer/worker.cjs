// The addon in worker threads: one that ends by itself, one that is ended while it polls.
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

async function inWorker() {
  const { GPUClusteringManager } = require('gpuring');
  const manager = await GPUClusteringManager.open({ simulate: true, periodMs: 5 });
  parentPort.postMessage(manager.listDevices().length);
  if (workerData.shutsDown) await manager.shutdown();
  else setInterval(() => {}, 1000);
}

async function run(shutsDown) {
  const worker = new Worker(__filename, { workerData: { shutsDown } });
  const exited = once(worker, 'exit');
  const [devices] = await once(worker, 'message');
  assert.ok(devices > 0);
  if (!shutsDown) await worker.terminate();
  const [code] = await exited;
  assert.equal(code, shutsDown ? 0 : 1);
}

async function inMain() {
  await run(true);
  await run(false);
  const { GPUClusteringManager } = require('gpuring');
  const manager = await GPUClusteringManager.open({ simulate: true });
  assert.ok(manager.listDevices().length > 0);
  await manager.shutdown();
}

if (isMainThread) inMain();
else inWorker();
