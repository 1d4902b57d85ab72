// The clusters that are asked.
import { setTimeout as sleep } from 'node:timers/promises';
import { GPUClusteringManager } from '../../dist/index.mjs';
import { deviceOf } from './data.mjs';

/** A manual cluster with those samples. */
export function manualCluster(samples, options) {
  const manager = new GPUClusteringManager({ maxHistory: 2, ...options });
  for (const [index, sample] of samples.entries()) {
    manager.registerDevice(deviceOf(index));
    manager.recordMetrics(sample);
  }
  return manager;
}

/** Eight simulated H100 whose load changes, read at 1 kHz. */

export const openLive = (simulate = 'h100x8') =>
  GPUClusteringManager.open({
    simulate,
    periodMs: 1,
    maxHistory: 1000,
    devices: 'all',
  });

/** Asks while eight simulated devices are sampled at 1 kHz. */
export async function whileSampling(ask) {
  const live = await openLive();
  const { rounds } = live.status();
  await sleep(100);
  try {
    const answer = await ask(live);
    if (live.status().rounds - rounds < 50) throw new Error('the sampler did not sample');
    return answer;
  } finally {
    await live.shutdown();
  }
}
