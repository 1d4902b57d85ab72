import { describe, expect, it } from 'vitest';
import { GPUClusteringManager } from '../../../lib/manager.js';
import type { GPUMetrics } from '../../../lib/telemetry/sample.js';
import { clusterOf, gpu, sample } from '../../support/cluster.js';

const working = { powerWatts: 90.31, clockRateMhz: 1200 };

function still(atMs: number, more: Partial<GPUMetrics> = {}): GPUMetrics {
  return sample('a', { timestampMs: atMs, ...working, ...more });
}

/** Records what comes out, and whether the device is chosen after each. */
function chosen(samples: readonly GPUMetrics[], manager = clusterOf(gpu('a'))): boolean[] {
  return samples.map((one) => {
    manager.recordMetrics(one);
    return manager.selectBestDevice() === 'a';
  });
}

function each(count: number, stepMs: number, more?: Partial<GPUMetrics>): GPUMetrics[] {
  return Array.from({ length: count }, (_, index) => still(index * stepMs, more));
}

describe('sensors that are stuck', () => {
  it('are believed for a minute and thirty samples', () => {
    expect(chosen(each(40, 3000)).indexOf(false)).toBe(29);
    expect(chosen(each(70, 1000)).indexOf(false)).toBe(60);
    expect(chosen(each(90, 500))).not.toContain(false);
  });

  it('are told by the history, where nobody looked meanwhile', () => {
    const manager = clusterOf(gpu('a'));
    for (const one of each(80, 1000)) manager.recordMetrics(one);
    expect(manager.explainSelection()).toMatchObject([{ code: 'sensor-frozen' }]);
    expect(manager.selectBestDevice()).toBeUndefined();
    expect(manager.selectBestDevice({ sensors: 'trust' })).toBe('a');
  });

  it('are told by what is still kept, and no further', () => {
    const manager = new GPUClusteringManager({ maxHistory: 20 });
    manager.registerDevice(gpu('a'));
    for (const one of each(80, 1000)) manager.recordMetrics(one);
    expect(manager.selectBestDevice()).toBe('a');
    for (let index = 80; index < 130; index++) {
      manager.recordMetrics(still(index * 1000));
      manager.selectBestDevice();
    }
    expect(manager.explainSelection()).toMatchObject([{ code: 'sensor-frozen' }]);
  });

  it('are believed again once one value moves, and not longer than that', () => {
    const manager = clusterOf(gpu('a'));
    expect(chosen(each(80, 1000), manager).at(-1)).toBe(false);
    const moved = each(80, 1000, { temperatureCelsius: 51 }).map((one) => ({
      ...one,
      timestampMs: one.timestampMs + 80_000,
    }));
    expect(chosen(moved, manager).indexOf(false)).toBe(60);
  });

  it('are not suspected where no power is drawn, or none is known', () => {
    expect(chosen(each(80, 1000, { powerWatts: 0 }))).not.toContain(false);
    const silent = each(80, 1000).map(({ powerWatts, ...rest }) => rest);
    expect(chosen(silent)).not.toContain(false);
  });

  it('are not suspected where power is rounded to whole watts, or made up', () => {
    expect(chosen(each(80, 1000, { powerWatts: 10 }))).not.toContain(false);
  });

  it('counts a value that comes and goes as one that moves', () => {
    const flickering = each(80, 1000).map(({ clockRateMhz, ...rest }, index) =>
      index % 20 === 0 ? rest : { ...rest, ...working },
    );
    expect(chosen(flickering)).not.toContain(false);
  });

  it('begins anew with a device that is registered again after it went', () => {
    const manager = clusterOf(gpu('a'));
    expect(chosen(each(80, 1000), manager).at(-1)).toBe(false);
    manager.unregisterDevice('a');
    manager.registerDevice(gpu('a'));
    expect(chosen(each(30, 1000), manager)).not.toContain(false);
  });
});
