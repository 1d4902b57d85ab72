// The best device of a live cluster, which is known before anybody asks: against what a look at
// everything says, and never by what is too old.
import { afterEach, describe, expect, it } from 'vitest';
import { GPUClusteringManager } from '../../lib/manager.js';
import type { OpenOptions } from '../../lib/telemetry/open-options.js';
import { SimulatedHost } from '../../lib/testing/simulated-host.js';
import { eventually } from '../support/patience.js';

const host = new SimulatedHost();
const managers: GPUClusteringManager[] = [];

async function open(options: OpenOptions): Promise<GPUClusteringManager> {
  const manager = await GPUClusteringManager.open({ simulate: 'h100x8', ...options });
  managers.push(manager);
  return manager;
}

afterEach(async () => {
  host.clearFaults();
  await Promise.all(managers.splice(0).map((manager) => manager.shutdown()));
});

/** The event loop stands still meanwhile, and with it all timers. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('the best device of a live cluster', () => {
  it('is the first of the ranking, while samples keep coming', async () => {
    const manager = await open({ periodMs: 2 });
    let [agreed, differed] = [0, 0];
    await eventually('compared', () => {
      const before = manager.selectBestDevice();
      const ranked = manager.rankDevices()[0]?.deviceId;
      const after = manager.selectBestDevice();
      // Samples may come in between.
      if (before !== after) return false;
      if (ranked === before) agreed += 1;
      else differed += 1;
      return agreed >= 300;
    });
    expect(differed).toBeLessThan(10);
  });

  it('counts no longer than it may, though the event loop and the driver stand still', async () => {
    const manager = await open({ periodMs: 20 });
    expect(manager.selectBestDevice()).toBeDefined();
    host.inject([{ function: 'nvml*', delayMs: -1 }]);
    block(1000);
    expect(manager.selectBestDevice()).toBeUndefined();
    const codes = manager.explainSelection().map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['too-old']));
    host.clearFaults();
    await eventually('read again', () => manager.selectBestDevice() !== undefined);
  });

  it('is none while the driver is let go of', async () => {
    const manager = await open({ periodMs: 10 });
    await manager.suspend();
    await eventually('rows say so', () =>
      manager.explainSelection().every(({ code }) => code === 'unavailable'),
    );
    expect(manager.selectBestDevice()).toBeUndefined();
    await manager.resume();
    await eventually('back', () => manager.selectBestDevice() !== undefined);
  });

  it('may be asked for by labels of your own', async () => {
    const manager = await open({
      labels: ({ index = 0 }) => ({ pool: index % 2 === 0 ? 'even' : 'odd' }),
    });
    const ranked = manager.rankDevices({ labels: { pool: 'odd' } });
    const indices = ranked.map(({ deviceId }) => manager.getDevice(deviceId)?.index);
    expect(indices.toSorted()).toEqual([1, 3, 5, 7]);
  });
});
