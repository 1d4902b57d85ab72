import { type Cluster, statusOf } from './cluster.js';
import { type Command, printJson } from './command.js';
import { plainFrame } from './frame.js';
import {
  clusterOptions,
  firstSamples,
  layoutOf,
  openOptions,
  printLines,
  withCluster,
} from './session.js';
import { captureView } from './view.js';

export const snapshot: Command = {
  name: 'snapshot',
  summary: 'print one reading of every device',
  options: { ...clusterOptions, json: { kind: 'flag', text: 'print JSON' } },
  run: (options, context) =>
    withCluster(context, openOptions(options, context.signal), async (cluster) => {
      await firstSamples(cluster, context);
      if (options.has('json')) {
        printJson(snapshotOf(cluster), context);
      } else {
        const view = captureView(cluster, context.now());
        printLines(plainFrame(view, { ...layoutOf(context), history: false }), context);
      }
      return 0;
    }),
};

/**
 * A device without `metrics` has not answered, one under `failing` did not the last time; a metric
 * that is absent is unknown.
 */
function snapshotOf(cluster: Cluster) {
  const { simulated, simulation, ...status } = statusOf(cluster);
  return {
    simulated,
    ...(simulation === undefined ? {} : { simulation }),
    driver: {
      libraryPath: status.libraryPath,
      driverVersion: status.driverVersion,
      nvmlVersion: status.nvmlVersion,
      cudaDriverVersion: status.cudaDriverVersion,
    },
    ...(status.skippedDevices === undefined ? {} : { skippedDevices: status.skippedDevices }),
    failing: status.failing,
    aggregate: cluster.getAggregatedMetrics(),
    devices: cluster.listDevices().map((device) => ({
      ...device,
      metrics: cluster.getMetrics(device.deviceId),
    })),
  };
}
