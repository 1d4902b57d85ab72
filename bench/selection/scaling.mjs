// How selectBestDevice() grows with the number of devices: where nothing changed, and where a
// sample of one device came before.
import { compare } from '../harness/rounds.mjs';
import { ObjectScan } from './alternatives.mjs';
import { manualCluster, whileSampling } from './clusters.mjs';
import { idle, orderLength, ordinary, randomOrder } from './data.mjs';

const counts = [8, 64, 1024];
const selecting = (count, data = 'ordinary') => `selectBestDevice(), ${count} devices, ${data}`;
const updating = (count) => `recordMetrics() and selectBestDevice(), ${count} devices`;

const goals = [
  {
    id: 'G1',
    name: 'selectBestDevice(): 1024 devices within 2x of 8',
    ratio: [selecting(1024), selecting(8)],
    atMost: 2,
  },
  {
    id: 'G1',
    name: 'selectBestDevice(), all devices alike: 1024 within 2x of 8',
    ratio: [selecting(1024, 'all alike'), selecting(8, 'all alike')],
    atMost: 2,
  },
];

function check(manager, samples) {
  const selected = manager.selectBestDevice();
  const scanned = samples[new ObjectScan(samples).best()].deviceId;
  if (selected !== scanned) throw new Error(`selected ${selected}, scanned ${scanned}`);
}

/** Telemetry of one device after another, at random; each a little later than the one before. */
function updatingOf(manager, samples) {
  const order = randomOrder(samples.length);
  const news = ordinary(samples.length, 21);
  let [at, { timestampMs: nowMs }] = [0, samples[0]];
  return () => {
    at = (at + 1) & (orderLength - 1);
    const sample = (at & 1) === 0 ? news[order[at]] : samples[order[at]];
    nowMs += 0.01;
    sample.timestampMs = nowMs;
    manager.recordMetrics(sample);
    return manager.selectBestDevice();
  };
}

export function scaling() {
  return whileSampling(() => {
    const candidates = {};
    for (const count of counts) {
      for (const [data, samples] of [
        ['ordinary', ordinary(count)],
        ['all alike', idle(count)],
      ]) {
        const manager = manualCluster(samples);
        check(manager, samples);
        candidates[selecting(count, data)] = { run: () => manager.selectBestDevice() };
      }
      const samples = ordinary(count);
      candidates[updating(count)] = { run: updatingOf(manualCluster(samples), samples) };
    }
    return { figures: compare(candidates, { rounds: 21 }), goals };
  });
}
