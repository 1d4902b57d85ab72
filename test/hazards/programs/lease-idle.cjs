// What keeps a process alive: who waits does, until it is served; who only holds does not.
const { GPUClusteringManager } = require('../../../dist/index.js');

const openOptions = {
  simulate: 'idle',
  periodMs: 5,
  devices: [0],
  leases: { maxInFlight: 1 },
};

async function main(how) {
  const manager = await GPUClusteringManager.open(openOptions);
  const lease = manager.tryAcquire({ ttlMs: 600_000 });
  if (!lease.granted) throw new Error(lease.message);
  if (how === 'holding') return console.log('holding');
  const waited = manager.acquire({ timeoutMs: 600_000 });
  // Neither this timer nor the time to live keeps the process alive: only the one who waits does.
  setTimeout(() => lease.release(), 400).unref();
  const next = await waited;
  console.log(`served ${next.device.deviceId === lease.device.deviceId}`);
}
main(process.argv[2]);
