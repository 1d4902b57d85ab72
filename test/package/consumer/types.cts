import gpuring = require('gpuring');

const device: gpuring.GPUDevice = { deviceId: 'a', name: 'A', vendor: 'nvidia', memoryBytes: 1 };
const manager = new gpuring.GPUClusteringManager({ maxHistory: 10 });
manager.registerDevice(device);
const shares: gpuring.Distribution<number> = manager.distributeWorkload([1, 2]);
const count: number | undefined = shares.assignments.get('a')?.length;
const best: string | undefined = manager.selectBestDevice({ minMemoryBytes: 1 });
export = { count, best };
