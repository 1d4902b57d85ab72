// Shuts down twice at once, again afterwards, and opens anew, many times over.
const { GPUClusteringManager } = require('../../../dist/index.js');

async function main(rounds) {
  for (let round = 0; round < rounds; round++) {
    const manager = await GPUClusteringManager.open({ simulate: 'h100x8', periodMs: 1 });
    await Promise.all([manager.shutdown(), manager.shutdown()]);
    await manager.shutdown();
    let code = 'none';
    try {
      manager.listDevices();
    } catch (error) {
      code = error.code;
    }
    if (code !== 'ERR_GPU_CLOSED') throw new Error(`after shutdown: ${code}`);
  }
  console.log(`${rounds} rounds`);
}
main(Number(process.argv[2]));
