// Forgotten and collected: leases, managers that hold some, a manager for whom somebody waits. What
// another manager of the process holds stays; all else comes back.
const { setTimeout: sleep } = require('node:timers/promises');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');
const { GPUClusteringManager } = require('../../../dist/index.js');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const openOptions = { simulate: 'idle', periodMs: 5, devices: [0], leases: { maxInFlight: 64 } };

const held = (manager) => {
  const [{ inFlight, leaseCount, leasedBytes, reservedBytes }] = manager.leaseStatus().devices;
  return [inFlight, leaseCount, leasedBytes, reservedBytes].join();
};

async function untilIs(manager, wanted) {
  const deadline = performance.now() + 10_000;
  while (held(manager) !== wanted) {
    if (performance.now() > deadline) throw new Error(`${held(manager)} instead of ${wanted}`);
    collect();
    await sleep(5);
  }
}

const take = (manager, count) => {
  for (let lease = 0; lease < count; lease++) {
    const { granted, message } = manager.tryAcquire({ memoryBytes: 2 ** 24 });
    if (!granted) throw new Error(message);
  }
};

/** In a function of its own: no frame keeps what it made. */
async function forgetManager(count) {
  const forgotten = await GPUClusteringManager.open(openOptions);
  take(forgotten, count);
  if (forgotten.tryAcquireToken() === 0) throw new Error('no token');
}

/** Nobody but the one who waits knows this manager: it is served all the same. */
async function forgetWaiting() {
  const forgotten = await GPUClusteringManager.open(openOptions);
  const first = forgotten.tryAcquire({ weight: 40 });
  const second = forgotten.acquire({ weight: 40 });
  setTimeout(() => first.release(), 100);
  for (let tries = 0; tries < 10; tries++) {
    collect();
    await sleep(5);
  }
  const lease = await second;
  return lease.granted && lease.release();
}

async function main() {
  const leaked = [];
  process.on('warning', ({ name, code }) => leaked.push(code ?? name));
  const manager = await GPUClusteringManager.open(openOptions);
  const own = manager.tryAcquire({ memoryBytes: 2 ** 30, weight: 2 });
  const mine = held(manager);
  take(manager, 10);
  await untilIs(manager, mine);
  const leaks = leaked.length;
  for (let round = 0; round < 5; round++) await forgetManager(3);
  await untilIs(manager, mine);
  const served = await forgetWaiting();
  await untilIs(manager, mine);
  const released = own.release();
  await untilIs(manager, '0,0,0,0');
  console.log(JSON.stringify({ leaks, warnings: [...new Set(leaked)], served, released }));
  await manager.shutdown();
}
main();
