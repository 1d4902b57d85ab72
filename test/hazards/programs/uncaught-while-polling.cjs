// Dies of an uncaught exception while the sampler polls at 1 kHz.
const { GPUClusteringManager } = require('../../../dist/index.js');

GPUClusteringManager.open({ simulate: 'h100x8', periodMs: 1 }).then(() => {
  setTimeout(() => {
    throw new Error('on purpose');
  }, Number(process.argv[2]));
});
