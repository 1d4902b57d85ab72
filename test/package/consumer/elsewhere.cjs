// Where live telemetry cannot work, the package loads, computes, and says why it does not open.
const assert = require('node:assert/strict');
const { GPUClusteringManager, isAvailable } = require('gpuring');

async function main() {
  const manual = new GPUClusteringManager();
  manual.registerDevice({ deviceId: 'a', name: 'A', vendor: 'apple', memoryBytes: 8e9 });
  assert.equal(manual.distributeWorkload([1]).assignments.get('a').length, 1);
  assert.equal(await isAvailable(), false);
  await assert.rejects(GPUClusteringManager.open(), { code: 'ERR_GPU_PLATFORM_UNSUPPORTED' });
}

main();
