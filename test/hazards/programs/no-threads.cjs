// The system gives no thread: open() and isAvailable() say so, and work once it does again.
const { GPUClusteringManager, isAvailable } = require('../../../dist/index.js');
const { simulatedDriverPath } = require('../../../dist/testing/index.js');

async function attempt() {
  const opened = await GPUClusteringManager.open({ simulate: 'h100x8' }).catch((error) => error);
  await opened.shutdown?.();
  const available = await isAvailable({ libraryPath: simulatedDriverPath() });
  return { code: opened.code, available };
}

async function main() {
  process.env.TEST_NO_THREADS = '1';
  const without = await attempt();
  delete process.env.TEST_NO_THREADS;
  console.log(JSON.stringify({ without, afterwards: await attempt() }));
}
main();
