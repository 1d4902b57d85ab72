// The worst case of a list that is kept in order: all devices are alike and all are leased, so that
// no order tells who is next. 1024 of them, beside a scan in native code.
import { bareCore } from '../aggregation/bare-core.mjs';
import { compare } from '../harness/rounds.mjs';
import { ObjectScan, TypedScan } from './alternatives.mjs';
import { manualCluster, whileSampling } from './clusters.mjs';
import { idle, ordinary } from './data.mjs';
import { holding } from './holding.mjs';
import { checkHeld, tokensOf } from './leasing.mjs';

const perDevice = 2;
const counts = [8, 64, 1024];
const token = (count, data = 'all alike') =>
  `a token acquired and released, ${count} devices, ${data}`;
const scan = (count) => `counters of ${count}, scanned in two native calls, all alike`;

const goals = [
  {
    id: 'G2',
    name: 'a token of 1024 devices, all alike and leased: 15x a native scan',
    ratio: [scan(1024), token(1024)],
    atLeast: 15,
  },
  {
    id: 'G2',
    name: 'a token of 1024 devices, all alike and leased: 100 ns',
    figure: token(1024),
    atMost: 100,
  },
];

export function crowded() {
  return whileSampling(() => {
    const pools = {};
    const managers = [];
    for (const count of counts) {
      for (const [data, samples] of [
        ['all alike', idle(count)],
        ['ordinary', ordinary(count)],
      ]) {
        const manager = manualCluster(samples);
        pools[token(count, data)] = tokensOf(manager, perDevice * count);
        checkHeld(manager, { held: perDevice * count, evenly: true });
        managers.push(manager);
      }
    }
    const samples = idle(1024);
    const [objects, typed] = [new ObjectScan(samples), new TypedScan(samples)];
    const held = perDevice * samples.length;
    pools[scan(1024)] = holding({
      count: held,
      acquire: () => bareCore.scanAcquire(1024),
      release: (index) => bareCore.scanRelease(index),
    });
    pools['counters in 1024 objects, scanned, all alike'] = holding({
      count: held,
      acquire: () => objects.acquire(),
      release: (device) => objects.release(device),
    });
    pools['counters in a typed array of 1024, scanned, all alike'] = holding({
      count: held,
      acquire: () => typed.acquire(),
      release: (index) => typed.release(index),
    });
    const figures = compare(pools, { rounds: 21 });
    for (const pool of Object.values(pools)) pool.end();
    for (const manager of managers) checkHeld(manager, { held: 0, evenly: true });
    return { figures, goals };
  });
}
