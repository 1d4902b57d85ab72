// A fresh process for each measurement: `node program.cjs WHAT` prints milliseconds as JSON.
const { performance } = require('node:perf_hooks');
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');

const [what, name, emptyPackages] = process.argv.slice(2);
const requireEmpty = createRequire(`${emptyPackages}/`);

const since = (startMs) => performance.now() - startMs;

/** What the loader does once in a process for packages that have `exports`, whatever they hold. */
const loadFirst = () => requireEmpty('first');

function requiring() {
  const load = name === 'empty' ? requireEmpty : require;
  if (name !== 'first') loadFirst();
  const startMs = performance.now();
  if (name === 'first') loadFirst();
  else load(name);
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

async function importing() {
  const urlOf = (empty) => pathToFileURL(requireEmpty.resolve(empty)).href;
  await import(urlOf('first'));
  const target = name === 'empty' ? urlOf('empty') : name;
  const startMs = performance.now();
  await import(target);
  return since(startMs);
}

const found = { require: requiring, import: importing, use: using }[what]();
Promise.resolve(found).then((answer) => console.log(JSON.stringify(answer)));
