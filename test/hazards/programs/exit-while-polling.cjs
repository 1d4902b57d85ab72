// Leaves by process.exit() while the sampler polls at 1 kHz.
const { GPUClusteringManager } = require('../../../dist/index.js');

GPUClusteringManager.open({ simulate: 'h100x8', periodMs: 1 }).then((manager) => {
  const [device] = manager.listDevices();
  if (manager.getMetrics(device.deviceId) === undefined) process.exit(3);
  setTimeout(() => process.exit(7), Number(process.argv[2]));
});
