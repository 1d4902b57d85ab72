// A fresh process for each measurement: `node program.cjs WHAT` prints milliseconds as JSON.
const { performance } = require('node:perf_hooks');
const { readFileSync } = require('node:fs');

/** The loader's own first time, in all of them. */
require('./empty-first.cjs');

const since = (startMs) => performance.now() - startMs;

function requiring(name) {
  const startMs = performance.now();
  require(name);
  return since(startMs);
}

/** Whether a driver's library, or a simulated one, is in this process. */
const hasDriver = () => readFileSync('/proc/self/maps', 'utf8').includes('libnvidia-ml');

/** What a program waits for before it has a manager of each kind; the driver may come only then. */
async function using() {
  const startMs = performance.now();
  const { GPUClusteringManager } = require('gpuring');
  const classMs = since(startMs);
  const manual = new GPUClusteringManager();
  const manualMs = since(startMs);
  const hadDriver = hasDriver();
  const openMs = performance.now();
  const manager = await GPUClusteringManager.open({ simulate: 'h100x8' });
  const tookMs = since(openMs);
  if (manager.listDevices().length !== 8 || !hasDriver()) throw new Error('it did not open');
  const anotherMs = performance.now();
  const another = await GPUClusteringManager.open({ simulate: 'h100x8' });
  const againMs = since(anotherMs);
  for (const one of [another, manager, manual]) await one.shutdown();
  return { classMs, manualMs, openMs: tookMs, againMs, hadDriver };
}

async function importing(name) {
  await import('./empty-first.mjs');
  const startMs = performance.now();
  await import(name);
  return since(startMs);
}

async function main([what, name]) {
  if (what === 'require') return requiring(name);
  if (what === 'import') return importing(name);
  return using();
}

main(process.argv.slice(2)).then((found) => console.log(JSON.stringify(found)));
