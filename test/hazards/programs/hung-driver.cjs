// A driver call never returns. The other calls of this program must not wait for it.
const { GPUClusteringManager } = require('../../../dist/index.js');

async function main(how) {
  const manager = await GPUClusteringManager.open({
    simulate: {
      devices: [{ board: 'h100', count: 2, load: { shape: 'constant', percent: 50 } }],
      faults: [{ function: 'nvmlDeviceGetPowerUsage', afterCalls: 20, delayMs: -1 }],
    },
    periodMs: 2,
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { ageMs } = manager.getMetrics(manager.listDevices()[0].deviceId);
  const started = performance.now();
  if (how === 'shutdown') await manager.shutdown();
  console.log(JSON.stringify({ ageMs, shutdownMs: performance.now() - started }));
  if (how === 'exit') process.exit(5);
}
main(process.argv[2]);
