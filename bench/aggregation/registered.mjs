// A window that the sampler keeps up to date: read in JavaScript, beside an empty call into native
// code, while the sampler works at 1 kHz.
import { setTimeout as sleep } from 'node:timers/promises';
import { GPUClusteringManager } from '../../dist/index.mjs';
import { compare } from '../harness/rounds.mjs';
import { mustAgree, ofTypedArray, percentiles } from './alternatives.mjs';
import { bareCore } from './bare-core.mjs';

const windowMs = 1000;
const metric = 'computeUtilizationPercent';

/** What is published says what a look at the history says. */
function check(manager, { deviceId, read }) {
  const published = read();
  const history = manager.getMetricsHistory(deviceId);
  const inside = history.filter(
    ({ timestampMs }) => timestampMs >= published.fromMs && timestampMs <= published.toMs,
  );
  const values = Float64Array.from(inside, (sample) => sample[metric]);
  mustAgree('a registered window', published, ofTypedArray(values));
}

const goals = [
  {
    id: 'G8',
    name: 'a registered window read: within an empty native call that gives a number',
    ratio: ['a registered window read', 'an empty native call that gives a number'],
    atMost: 1,
  },
  {
    id: 'G8',
    name: 'a registered window read: within an empty native call that gives nothing',
    ratio: ['a registered window read', 'an empty native call'],
    atMost: 1,
  },
];

export async function registered() {
  const manager = await GPUClusteringManager.open({
    simulate: 'h100x8',
    periodMs: 1,
    maxHistory: 10_000,
  });
  const [{ deviceId }] = manager.listDevices();
  const window = manager.watchWindow({ windowMs, metrics: [metric], percentiles });
  const read = window.reader(deviceId, metric);
  await sleep(1.5 * windowMs);
  check(manager, { deviceId, read });
  const figures = compare({
    'an empty native call': { run: bareCore.emptyCall },
    'an empty native call that gives a number': { run: bareCore.emptyDouble },
    'a registered window read': { run: read },
    'aggregate() of the same window': {
      run: () => manager.aggregate({ metrics: [metric], devices: [deviceId], windowMs }),
    },
  });
  check(manager, { deviceId, read });
  await manager.shutdown();
  return { figures, goals };
}
