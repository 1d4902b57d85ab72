// Each environment has a hub of its own over the one log of the process: both are told, once.
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const { GPUClusteringManager } = require('../../../dist/index.js');
const { SimulatedHost } = require('../../../dist/testing/index.js');

const entry = require.resolve('../../../dist/index.js');
const body = `
  const { parentPort } = require('node:worker_threads');
  const { GPUClusteringManager } = require(${JSON.stringify(entry)});
  async function main() {
    const manager = await GPUClusteringManager.open({ simulate: 'h100x8', devices: 'all' });
    const events = manager.events();
    const [device] = manager.listDevices();
    parentPort.postMessage(manager.getHealth(device.deviceId).reason);
    for await (const { type, health } of events) {
      if (type !== 'health') continue;
      parentPort.postMessage(health.reason);
      break;
    }
    await manager.shutdown();
  }
  main();
`;

async function main() {
  const manager = await GPUClusteringManager.open({ simulate: 'h100x8', devices: 'all' });
  const events = manager.events();
  const host = new SimulatedHost();
  host.postEvent(0, { type: 'xid', data: 63 });
  const before = [(await events.next()).value.type, (await events.next()).value.health.reason];
  const worker = new Worker(body, { eval: true });
  const [known] = await once(worker, 'message');
  host.postEvent(1, { type: 'xid', data: 48 });
  const [told] = await once(worker, 'message');
  const after = [(await events.next()).value.type, (await events.next()).value.health.reason];
  const [code] = await once(worker, 'exit');
  await manager.shutdown();
  console.log(JSON.stringify({ before, known, told, after, code }));
}
main();
