// Opens a manager, reads once and forgets it: the process must end by itself.
const { GPUClusteringManager } = require('../../../dist/index.js');

GPUClusteringManager.open({ simulate: 'h100x8', periodMs: 5 }).then((manager) => {
  console.log(manager.getAggregatedMetrics().deviceCount);
});
