// `lease-crowd.cjs SECONDS WORKERS`: that many workers acquire and release on one live cluster,
// while more workers are terminated in the middle of it and this thread watches. Prints what it
// found.
const { once } = require('node:events');
const { join } = require('node:path');
const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { GPUClusteringManager } = require('../../../dist/index.js');
const { openOptions, grantedCells, maxInFlight } = require('./lease-crowd-cluster.cjs');

const file = join(__dirname, 'lease-crowd-worker.cjs');

/**
 * Nobody counts what those hold that are terminated, so they come in the second half only. All that
 * they held has to come back to the ledger.
 */
async function churn(state, afterMs) {
  await sleep(afterMs);
  while (!state.stopped) {
    const counted = new SharedArrayBuffer(4 * grantedCells);
    const workerData = { seed: state.churned, counted, isCounted: false };
    const worker = new Worker(file, { workerData });
    const ended = once(worker, 'exit');
    await Promise.race([once(worker, 'message'), ended]);
    await sleep(20 * Math.random());
    await worker.terminate();
    state.churned += 1;
  }
}

/** Looks at the ledger again and again: what it says is a sum of somebody's leases at any time. */
async function watch(manager, state) {
  const isWhole = (value) => Number.isSafeInteger(value) && value >= 0;
  while (!state.stopped) {
    for (let looks = 0; looks < 20; looks++) {
      const { devices } = manager.leaseStatus();
      state.looks += 1;
      for (const { inFlight, leaseCount, leasedBytes, reservedBytes } of devices) {
        const sane = isWhole(64 * inFlight) && isWhole(leaseCount) && isWhole(leasedBytes);
        if (!sane || !isWhole(reservedBytes)) {
          state.strange.push({ inFlight, leaseCount, leasedBytes, reservedBytes });
        }
        if (inFlight > maxInFlight) state.announced += 1;
        state.mostInFlight = Math.max(state.mostInFlight, inFlight);
        state.mostLeasedBytes = Math.max(state.mostLeasedBytes, leasedBytes);
      }
    }
    await turn();
  }
}

function ledgerOf(manager) {
  const { devices } = manager.leaseStatus();
  const sum = (key) => devices.reduce((total, device) => total + device[key], 0);
  return Object.fromEntries(
    ['inFlight', 'leaseCount', 'leasedBytes', 'reservedBytes'].map((key) => [key, sum(key)]),
  );
}

async function main(seconds, count) {
  const manager = await GPUClusteringManager.open(openOptions);
  const counted = new SharedArrayBuffer(4 * grantedCells);
  const state = { stopped: false, churned: 0, looks: 0, announced: 0, strange: [] };
  state.mostInFlight = state.mostLeasedBytes = 0;
  const workers = Array.from({ length: count }, (_, index) => {
    return new Worker(file, { workerData: { seed: 1000 + index, counted, isCounted: true } });
  });
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const beside = [churn(state, 500 * seconds), watch(manager, state)];
  for (const worker of workers) worker.postMessage('begin');
  await sleep(1000 * seconds);
  const results = workers.map((worker) => once(worker, 'message'));
  for (const worker of workers) worker.postMessage('end');
  const told = (await Promise.all(results)).map(([one]) => one);
  state.stopped = true;
  await Promise.all(beside);
  const afterRelease = ledgerOf(manager);
  const granted = new Int32Array(counted).reduce((sum, value) => sum + Math.abs(value), 0);
  for (const worker of workers) worker.postMessage('leave');
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  const afterwards = ledgerOf(manager);
  const keys = Object.keys(told[0].counts);
  const totals = keys.map((key) => [key, told.reduce((sum, { counts }) => sum + counts[key], 0)]);
  const { churned, looks, announced, strange, mostInFlight, mostLeasedBytes } = state;
  const mistakes = told.flatMap(({ mistakes }) => mistakes).slice(0, 20);
  const ledger = { afterRelease, afterwards, granted };
  const seen = { churned, looks, announced, strange: strange.slice(0, 5) };
  const most = { inFlight: mostInFlight, leasedBytes: mostLeasedBytes };
  console.log(JSON.stringify({ counts: Object.fromEntries(totals), mistakes, ledger, seen, most }));
  await manager.shutdown();
}
main(Number(process.argv[2]), Number(process.argv[3]));
