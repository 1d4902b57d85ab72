// A reader that waits for what a lost device holds keeps the process alive; a stream where nobody
// waits does not, whatever is in flight.
const { GPUClusteringManager } = require('../../../dist/index.js');
const { SimulatedHost } = require('../../../dist/testing/index.js');

async function main() {
  process.on('exit', (code) => console.log(`exit ${code}`));
  const manager = await GPUClusteringManager.open({ simulate: true });
  const host = new SimulatedHost();
  const [lost] = manager.listDevices();
  setTimeout(() => host.loseDevice(0), 200).unref();
  const { acknowledged, returned } = await manager
    .distributeStream(['item'])
    .run((_item, { deviceId }) => (deviceId === lost.deviceId ? new Promise(() => {}) : undefined));
  console.log(`acknowledged ${acknowledged} returned ${returned}`);
  const stream = manager.distributeStream(['held']);
  console.log((await stream.itemsOf(stream.deviceIds[0]).next()).value);
  await stream.completion;
}

main();
