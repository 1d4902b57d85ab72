// A fresh process: `node --expose-gc program.mjs COUNT` prints by how many bytes it grew, all of
// its memory together, while so many devices with two samples came.
import { readFileSync } from 'node:fs';
import { manualCluster } from '../selection/clusters.mjs';
import { ordinary } from '../selection/data.mjs';

function resident() {
  globalThis.gc();
  globalThis.gc();
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kilobytes) * 1024;
}

const count = Number(process.argv[2]);
const samples = ordinary(count);
const first = manualCluster(ordinary(8)); // what comes with the first one is no device's
const before = resident();
const manager = manualCluster(samples);
for (const sample of samples)
  manager.recordMetrics({ ...sample, timestampMs: sample.timestampMs + 1 });
const grew = resident() - before;
if (manager.listDevices().length !== count || first.listDevices().length !== 8) {
  throw new Error('some are not there');
}
console.log(JSON.stringify(grew));
