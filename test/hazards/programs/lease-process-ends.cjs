// The process ends while leases and tokens are held and while somebody waits: by `exit` or `throw`.
const { GPUClusteringManager } = require('../../../dist/index.js');

const openOptions = { simulate: 'idle', periodMs: 1, devices: 'all', leases: { maxInFlight: 2 } };

GPUClusteringManager.open(openOptions).then((manager) => {
  const kept = Array.from({ length: 4 }, () => manager.tryAcquire({ memoryBytes: 2 ** 28 }));
  for (let token = 0; token < 4; token++) kept.push(manager.tryAcquireToken());
  const { leases, waiting } = manager.leaseStatus();
  if (leases !== 8 || waiting !== 0) process.exit(3);
  manager.acquire().then(() => process.exit(4));
  if (manager.leaseStatus().waiting !== 1) process.exit(3);
  setTimeout(() => {
    if (process.argv[2] === 'exit') process.exit(7);
    throw new Error(`on purpose, ${kept.length} held`);
  }, Number(process.argv[3]));
});
