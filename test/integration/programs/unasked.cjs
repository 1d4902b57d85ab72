// What a search for the real driver finds must not depend on simulated ones opened before.
const { GPUClusteringManager, isAvailable } = require('../../../dist/index.js');
const { copyFileSync, mkdtempSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { simulatedDriverPath } = require('../../../dist/testing/index.js');

async function found() {
  try {
    const manager = await GPUClusteringManager.open();
    const { simulated } = manager;
    await manager.shutdown();
    return simulated ? 'simulated' : 'real';
  } catch (error) {
    return error.code;
  }
}

async function main() {
  const before = [await isAvailable(), await found()];
  const copy = join(mkdtempSync(join(tmpdir(), 'gpuring-')), 'renamed.so');
  copyFileSync(simulatedDriverPath(), copy);
  const uses = [
    { simulate: true },
    { libraryPath: simulatedDriverPath() },
    { simulate: 'h100x8', devices: 'all' },
    { libraryPath: copy },
  ];
  for (const options of uses) {
    const manager = await GPUClusteringManager.open(options);
    await manager.shutdown();
    const after = [await isAvailable(), await found()];
    if (String(after) !== String(before)) throw new Error(`${before} before, ${after} after`);
  }
  console.log('as before');
}
main();
