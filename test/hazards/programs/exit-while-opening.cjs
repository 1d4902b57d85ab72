// Leaves by process.exit() while a driver is being probed or opened; its code follows the delay.
const { GPUClusteringManager, isAvailable } = require('../../../dist/index.js');

const [, , libraryPath, how, delayMs] = process.argv;
if (how === 'probe') isAvailable({ libraryPath });
else GPUClusteringManager.open({ libraryPath }).catch(() => process.exit(3));
setTimeout(() => process.exit(7), Number(delayMs));
