const assert = require('node:assert/strict');
const { GPUClusteringManager, errorCodes, isAvailable } = require('gpuring');
const { simulatedDriverPath } = require('gpuring/testing');

const board = { deviceId: 'a', name: 'A', vendor: 'nvidia', memoryBytes: 8e9 };

async function live() {
  const manager = await GPUClusteringManager.open({ simulate: true, periodMs: 10 });
  const [device] = manager.listDevices();
  assert.ok(device);
  const metrics = manager.getMetrics(device.deviceId);
  assert.ok(metrics.memoryTotalBytes > 0);
  assert.equal(typeof manager.selectBestDevice(), 'string');
  await manager.shutdown();
  assert.throws(() => manager.listDevices(), { code: 'ERR_GPU_CLOSED' });
}

async function main() {
  const manual = new GPUClusteringManager();
  manual.registerDevice(board);
  assert.equal(manual.distributeWorkload([1, 2, 3]).assignments.get('a').length, 3);
  await manual.shutdown();
  assert.ok(errorCodes.includes('ERR_GPU_PLATFORM_UNSUPPORTED'));
  assert.equal(typeof (await isAvailable()), 'boolean');
  assert.equal(await isAvailable({ libraryPath: simulatedDriverPath() }), true);
  await live();
}

main();
