// What a fault of one device, or of the driver, costs the others, and for how long. Eight simulated
// H100, the default period; each figure is measured in one run, on the addon as it ships, and
// printed beside its goal. Not a test: the same behaviour is asserted under the manual clock.
import { execFile } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GPUClusteringManager } from '../dist/index.mjs';
import { SimulatedHost, writeSimulatedDriver } from '../dist/testing/index.mjs';
import { single } from './harness/figures.mjs';

const periodMs = 100;
const hangTimeoutMs = 2000;
const scenario = { devices: [{ board: 'h100', count: 8, load: { shape: 'constant' } }] };
const lookEveryMs = 1;
const patienceMs = 30_000;
// All calls about a device; then one of its readings, of its survey, of its slower work.
const hanging = [
  'nvmlDevice*',
  'nvmlDeviceGetPowerUsage',
  'nvmlDeviceGetHandleByIndex*',
  'nvmlDeviceGetUUID',
  'nvmlDeviceGetSamples',
  'nvmlDeviceGetFieldValues',
  'nvmlDeviceGetComputeRunningProcesses*',
];

async function until(condition) {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > patienceMs) throw new Error(`waited in vain: ${condition}`);
    await sleep(lookEveryMs);
  }
  return performance.now() - start;
}

async function open(options = {}) {
  const manager = await GPUClusteringManager.open({
    simulate: scenario,
    periodMs,
    hangTimeoutMs,
    devices: 'all',
    ...options,
  });
  const ids = manager.listDevices().map(({ deviceId }) => deviceId);
  const isFresh = (id) => (manager.getMetrics(id)?.ageMs ?? Infinity) < 2 * periodMs;
  await until(() => ids.every(isFresh));
  return { manager, ids, isFresh };
}

const found = { figures: {}, goals: [] };

/** `what` is at most `goal`; its unit stands in brackets at its end. */
function figure(what, value, goal) {
  const [, name, unit] = /^(.*?)(?: \((\w+)\))?$/.exec(what);
  found.figures[name] = single(value, unit);
  found.goals.push({ name, figure: name, atMost: goal });
}

/** The greatest age of the newest sample of any of `ids`, read until `done`. */
async function greatestAge(manager, ids, done) {
  let greatest = 0;
  await until(() => {
    for (const id of ids) greatest = Math.max(greatest, manager.getMetrics(id).ageMs);
    return done();
  });
  return greatest;
}

/** Device 3 of 8 hangs for ever, in one function or in whatever is asked about it. */
async function hang(functions) {
  const { manager, ids } = await open();
  const host = new SimulatedHost();
  const others = ids.filter((_, index) => index !== 3);
  host.inject([{ function: functions, device: 3, delayMs: -1 }]);
  await until(() => host.injectedFaults()[0].struck > 0);
  const struckMs = performance.now();
  let hungMs;
  const age = await greatestAge(manager, others, () => {
    const now = performance.now();
    if (manager.getHealth(ids[3]).state === 'hung') hungMs ??= now - struckMs;
    return hungMs !== undefined && now - struckMs > hangTimeoutMs + 3000;
  });
  figure(`${functions}: hung is shown after (ms)`, hungMs, hangTimeoutMs + 100);
  figure(`${functions}: greatest age of the other seven (ms)`, age, 2 * periodMs);
  const chosen = new Set(Array.from({ length: 100 }, () => manager.selectBestDevice()));
  figure(`${functions}: times that selection named it`, chosen.has(ids[3]) ? 1 : 0, 0);
  const startMs = performance.now();
  await manager.shutdown();
  figure(`${functions}: shutdown() (ms)`, performance.now() - startMs, 250);
}

async function lostAndBack() {
  const { manager, ids, isFresh } = await open();
  const host = new SimulatedHost();
  const others = ids.filter((_, index) => index !== 3);
  const told = [];
  manager.emitter.on('health', (event) => told.push(`${event.deviceId} ${event.health.state}`));
  const counts = () => others.map((id) => manager.getMetricsHistory(id).length);
  const rounds = () => manager.status().rounds;
  const [roundsBefore, samplesBefore] = [rounds(), counts()];
  host.loseDevice(3);
  await until(() => manager.getHealth(ids[3]).state === 'lost');
  figure('lost: polls until it is seen', rounds() - roundsBefore, 1);
  await sleep(1000);
  const roundsBack = rounds();
  host.restoreDevice(3);
  await until(() => manager.getHealth(ids[3]).state === 'ok' && isFresh(ids[3]));
  figure('back: polls until it is seen and sampled', rounds() - roundsBack, 2);
  await sleep(1000);
  const passed = rounds() - roundsBefore;
  const taken = counts().map((count, index) => count - samplesBefore[index]);
  figure('lost and back: samples that the others missed', passed - Math.min(...taken), 1);
  figure('lost and back: events beyond one lost, one ok', told.length - 2, 0);
  await manager.shutdown();
}

/** The longer a driver is away, the rarer it is looked for. */
async function reload(awayMs) {
  const { manager, ids, isFresh } = await open();
  const host = new SimulatedHost();
  host.unloadDriver();
  await until(() => manager.status().driver === 'lost');
  await sleep(awayMs);
  host.loadDriver({ version: '580.65.06' });
  const lostMs = await until(() => ids.every(isFresh) && manager.status().driver === 'serving');
  figure(`driver back after ${awayMs} ms: telemetry continues after (ms)`, lostMs, 5000);
  await manager.shutdown();
}

async function swap() {
  const folder = mkdtempSync(join(tmpdir(), 'gpuring-survival-'));
  const libraryPath = writeSimulatedDriver(join(folder, 'old.so'), {
    without: ['nvmlDeviceGetUtilizationRates'],
    unloads: true,
  });
  new SimulatedHost({ libraryPath }).load(scenario);
  const { manager, ids } = await open({ simulate: undefined, libraryPath });
  renameSync(writeSimulatedDriver(join(folder, 'new.so'), { unloads: true }), libraryPath);
  new SimulatedHost({ libraryPath }).mismatchDriver();
  const has = (id) => manager.getMetrics(id)?.computeUtilizationPercent !== undefined;
  const swapMs = await until(() => ids.every(has));
  figure('library replaced: telemetry continues from the new one after (ms)', swapMs, 5000);
  await manager.shutdown();
  rmSync(folder, { recursive: true });
}

/** A process with a call that hangs: from its last line to its end. */
async function exits() {
  const file = fileURLToPath(import.meta.url);
  let saidMs = 0;
  await new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [file, 'child'], (error) =>
      error === null ? resolve() : reject(error),
    );
    child.stdout.on('data', () => {
      saidMs = performance.now();
    });
  });
  figure('a call hangs: process ends after shutdown() (ms)', performance.now() - saidMs, 250);
}

async function child() {
  const { manager } = await open();
  new SimulatedHost().inject([{ function: 'nvmlDevice*', device: 3, delayMs: -1 }]);
  await sleep(1000);
  await manager.shutdown();
  console.log('shut down');
}

export async function ask() {
  for (const functions of hanging) await hang(functions);
  await lostAndBack();
  for (const awayMs of [0, 3000, 9000]) await reload(awayMs);
  await swap();
  await exits();
  return found;
}

if (process.argv[2] === 'child') await child();
