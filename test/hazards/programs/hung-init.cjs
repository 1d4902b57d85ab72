// The driver's init never returns, for an open and many probes. Nothing may wait for it for long,
// and the probes share one thread.
const { once } = require('node:events');
const { readdirSync, readFileSync } = require('node:fs');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const { GPUClusteringManager, isAvailable } = require('../../../dist/index.js');
const { simulatedDriverPath } = require('../../../dist/testing/index.js');

const scenario = {
  devices: [{ board: 'h100' }],
  faults: [{ function: 'nvmlInit*', delayMs: -1 }],
};

function ourThreads() {
  const names = readdirSync('/proc/self/task').map((task) => {
    return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim();
  });
  return names.filter((name) => name === 'gpuring').length;
}

function begin() {
  GPUClusteringManager.open({ simulate: scenario }).catch(() => {});
  for (let probe = 0; probe < 10; probe++) isAvailable({ libraryPath: simulatedDriverPath() });
}

async function main(how) {
  process.env.GPURING_SCENARIO = JSON.stringify(scenario);
  if (how === 'exit') begin();
  const worker = how === 'worker' ? new Worker(__filename) : undefined;
  if (worker !== undefined) await once(worker, 'message');
  await new Promise((resolve) => setTimeout(resolve, 200));
  const threads = ourThreads();
  const started = performance.now();
  await worker?.terminate();
  console.log(JSON.stringify({ threads, terminateMs: performance.now() - started }));
  process.exit(5);
}

if (isMainThread) main(process.argv[2]);
else {
  begin();
  parentPort.postMessage('begun');
}
