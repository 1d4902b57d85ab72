// selectBestDevice(), which allocates nothing and asks no driver: beside the cheapest calls into
// native code, and beside scans, while the sampler works at 1 kHz.

import { bareCore } from '../aggregation/bare-core.mjs';
import { compare } from '../harness/rounds.mjs';
import { HistoryScan, ObjectScan, TypedScan } from './alternatives.mjs';
import { whileSampling } from './clusters.mjs';

const selecting = 'selectBestDevice(), 8 devices read at 1 kHz';
const emptyCall = 'an empty native call that gives a number';
const sixProperties = 'a native call that gives an object of six properties';

const goals = [
  {
    name: 'selectBestDevice(): within 1.5x of an empty native call that gives a number',
    ratio: [selecting, emptyCall],
    atMost: 1.5,
  },
  {
    id: 'G1',
    name: 'selectBestDevice(): within 0.6x of an empty native call that gives a number',
    ratio: [selecting, emptyCall],
    atMost: 0.6,
    aim: 0.5,
    headline: true,
  },
  {
    id: 'G1',
    name: 'selectBestDevice(): 75x an object of six properties from native code',
    ratio: [sixProperties, selecting],
    atLeast: 75,
  },
];

/**
 * The quick way names whom the ranking has first, between two rounds of the sampler, many times.
 * What a manager says by itself is no reference: the formula is applied to the samples as well.
 */
export function checkLive(manager) {
  let compared = 0;
  for (let tries = 0; tries < 1e5 && compared < 200; tries++) {
    const { rounds } = manager.status();
    const best = manager.selectBestDevice();
    const samples = manager.listDevices().map(({ deviceId }) => manager.getMetrics(deviceId));
    const [first] = manager.rankDevices();
    if (manager.status().rounds !== rounds || first === undefined) continue;
    compared += 1;
    const scan = samples[new ObjectScan(samples).best()].deviceId;
    const listed = new HistoryScan(samples, 100).best();
    if (best !== first.deviceId || best !== scan || best !== listed) {
      throw new Error(
        `selected ${best}, ranked first ${first.deviceId}, scanned ${scan} and ${listed}`,
      );
    }
  }
  if (compared < 200) throw new Error(`compared only ${compared} times`);
}

export function selectingBest() {
  return whileSampling((manager) => {
    checkLive(manager);
    const samples = manager.listDevices().map(({ deviceId }) => manager.getMetrics(deviceId));
    const [objects, typed] = [new ObjectScan(samples), new TypedScan(samples)];
    const histories = new HistoryScan(samples, 100);
    let at = 0;
    const next = () => (at = (at + 1) & 7);
    const figures = compare(
      {
        [selecting]: { run: () => manager.selectBestDevice() },
        [emptyCall]: { run: bareCore.emptyDouble },
        [sixProperties]: { run: bareCore.sixProperties },
        'a scan of 8 objects, one of them new': {
          run: () => {
            const index = next();
            objects.update(index, samples[index]);
            return objects.best();
          },
        },
        'lists of samples of 8 devices, one of them new, all scored and sorted': {
          run: () => {
            histories.record(samples[next()]);
            return histories.best();
          },
        },
        'a scan of 8 numbers, one of them new': {
          run: () => {
            const index = next();
            typed.update(index, samples[index]);
            return typed.best();
          },
        },
        'selectBestDevice({ minMemoryBytes })': {
          run: () => manager.selectBestDevice({ minMemoryBytes: 1e9 }),
        },
        "selectBestDevice({ policy: 'least-loaded' })": {
          run: () => manager.selectBestDevice({ policy: 'least-loaded' }),
        },
        'rankDevices()': { run: () => manager.rankDevices() },
      },
      { rounds: 21 },
    );
    checkLive(manager);
    return { figures, goals };
  });
}
