// Opens and shuts down many managers, keeps all of them, and prints by how many bytes the process
// grew after the first tenth. The history of one of them takes 33 MB.
const { GPUClusteringManager } = require('../../../dist/index.js');

async function main(rounds) {
  const kept = [];
  let base = 0;
  for (let round = 0; round < rounds; round++) {
    const manager = await GPUClusteringManager.open({ simulate: 'idle', maxHistory: 20_000 });
    await manager.shutdown();
    kept.push(manager);
    if (round === rounds / 10) base = process.memoryUsage.rss();
  }
  console.log(process.memoryUsage.rss() - base);
}
main(Number(process.argv[2]));
