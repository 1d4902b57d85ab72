// A request that waits keeps the process alive, until its time is over; a lease does not.
const { GPUClusteringManager } = require('../../../dist/index.js');

async function main() {
  process.on('exit', (code) => console.log(`exit ${code}`));
  const manager = await GPUClusteringManager.open({ simulate: true, leases: { maxInFlight: 1 } });
  const { deviceId } = manager.listDevices()[0];
  await manager.acquire({ deviceIds: [deviceId] });
  const { code } = await manager
    .acquire({ deviceIds: [deviceId], timeoutMs: 300 })
    .catch((error) => error);
  console.log(code);
}

main();
