// Managers that nobody shuts down are collected: their threads end, and another driver may open.
const { readdirSync, readFileSync } = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');
const { GPUClusteringManager } = require('../../../dist/index.js');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

function ourThreads() {
  const names = readdirSync('/proc/self/task').map((task) => {
    return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim();
  });
  return names.filter((name) => name === 'gpuring').length;
}

async function main(managers) {
  for (let made = 0; made < managers; made++) {
    await GPUClusteringManager.open({ simulate: 'h100x8', periodMs: 1 });
    if (made % 20 === 0) collect();
  }
  const before = ourThreads();
  for (let tries = 0; tries < 100 && ourThreads() > 0; tries++) {
    collect();
    await sleep(10);
  }
  const after = ourThreads();
  const other = await GPUClusteringManager.open({ simulate: 'mixed' });
  await other.shutdown();
  console.log(JSON.stringify({ before, after }));
}
main(Number(process.argv[2]));
