import {
  type DistributionStrategy,
  GPUClusteringManager,
  type GPUMetrics,
  isAvailable,
  DistributionStrategy as strategies,
} from 'gpuring';
import { simulatedDriverPath } from 'gpuring/testing';

const strategy: DistributionStrategy = strategies.Capacity;
const path: string = simulatedDriverPath();
const available: boolean = await isAvailable({ libraryPath: path });
const manager: GPUClusteringManager = await GPUClusteringManager.open({ simulate: true });
const metrics: GPUMetrics | undefined = manager.getMetrics('a');
const watts: number | undefined = metrics?.powerWatts;
// @ts-expect-error: samples are read-only
if (metrics) metrics.powerWatts = 1;

export { available, strategy, watts };
