// The package on those boards: through its manager, and the memory that the manager reads.
import { setTimeout as sleep } from 'node:timers/promises';
import module from '../../dist/faces.js';
import { GPUClusteringManager } from '../../dist/index.mjs';
import { loadNative } from '../../dist/native.js';
import { ownSimulatedDriverPath, scenarioText } from '../../dist/testing/simulator.js';
import { keys, scenario } from './host.mjs';

const { BlockReader } = module('telemetry/block.js');
const { copyLocked, words } = module('telemetry/locked-words.js');

export const { monotonicMs } = module('telemetry/monotonic.js');

const periodMs = 10;

/** A second session, which joins the sampler of the manager. */
function openBlock(native) {
  return native.openSession({
    libraryPath: ownSimulatedDriverPath(),
    scenario: scenarioText(scenario),
    periodMs,
    maxHistory: 1000,
    memoryLimitBytes: 2 ** 30,
    hangTimeoutMs: 2000,
    idleReleaseMs: 0,
  });
}

/** Copies the row of a device, whatever was copied of it before. */
function copierOf({ halves }, { firstRowWord, rowStrideWords, rowWords, rowLockWord }) {
  const into = words(rowWords);
  return (row) => {
    const start = firstRowWord + row * rowStrideWords;
    copyLocked(halves, { start, count: rowWords, lock: start + rowLockWord }, into);
    return into.doubles;
  };
}

async function until(isSo) {
  const endMs = performance.now() + 20_000;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error('not within 20 s');
    await sleep(periodMs);
  }
}

export async function openOurs() {
  const manager = await GPUClusteringManager.open({ simulate: scenario, periodMs });
  const ids = manager.listDevices().map(({ deviceId }) => deviceId);
  const native = loadNative();
  const session = openBlock(native);
  await until(() => session.state() !== 'opening');
  const failure = session.failure();
  if (failure !== undefined) throw new Error(JSON.stringify(failure));
  const rows = session.devices().map(({ row }) => row);
  session.watch(rows);
  const block = new BlockReader(session, native.layout);
  await until(() => ids.every((id) => manager.getMetrics(id)?.fanSpeedPercent !== undefined));
  const readers = {
    whole: manager.createMetricsReader({ metrics: keys }),
    latest: manager.createMetricsReader({ metrics: keys, devices: [ids[0]] }),
  };
  const close = async () => {
    session.close();
    await manager.shutdown();
  };
  const read = () => ids.map((id) => manager.getMetrics(id));
  const readAnew = copierOf(block, native.layout);
  return { manager, ids, read, readers, readAnew, block, row: rows[0], close };
}
