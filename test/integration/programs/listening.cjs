// Only an open iterator keeps the process alive: after it, a listener and a manager do not.
const { GPUClusteringManager } = require('../../../dist/index.js');
const { SimulatedHost } = require('../../../dist/testing/index.js');

async function main() {
  process.on('exit', (code) => console.log(`exit ${code}`));
  const manager = await GPUClusteringManager.open({ simulate: true, devices: 'all' });
  manager.emitter.on('health', ({ health }) => console.log(`health ${health.state}`));
  const events = manager.events();
  new SimulatedHost().loseDevice(0);
  for await (const { type } of events) {
    console.log(`iterated ${type}`);
    break;
  }
}

main();
