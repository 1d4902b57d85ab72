// Acquiring and releasing on eight devices that are read at 1 kHz, sixteen held at any time: tokens
// beside the cheapest call into native code, leases beside what any object costs that is to be
// given back when it is forgotten.
import { bareCore } from '../aggregation/bare-core.mjs';
import { compare } from '../harness/rounds.mjs';
import { ObjectScan, RegisteredObjects, TypedScan } from './alternatives.mjs';
import { whileSampling } from './clusters.mjs';
import { idle } from './data.mjs';
import { holding } from './holding.mjs';

const count = 16;
const devices = 8;
const token = 'a token acquired and released, 8 devices read at 1 kHz';
const lease = 'a lease acquired and released, 8 devices read at 1 kHz';
const emptyCall = 'an empty native call that gives a number, here';
const registered = 'an object registered and unregistered with a FinalizationRegistry';

const goals = [
  {
    name: 'a token: within 3x of an empty native call that gives a number',
    ratio: [token, emptyCall],
    atMost: 3,
  },
  {
    id: 'G2',
    name: 'a token: within 2x of an empty native call that gives a number',
    ratio: [token, emptyCall],
    atMost: 2,
    headline: true,
  },
  {
    name: 'a lease: within 1.5x of an object with a FinalizationRegistry alone',
    ratio: [lease, registered],
    atMost: 1.5,
  },
];

export const tokensOf = (manager, count) =>
  holding({
    count,
    acquire: () => manager.tryAcquireToken(),
    release: (token) => manager.releaseToken(token),
    isRefused: (token) => token === 0,
  });

const leasesOf = (manager, request) =>
  holding({
    count,
    acquire: () => manager.tryAcquire(request),
    release: (lease) => lease.release(),
    isRefused: ({ granted }) => !granted,
  });

function alternatives() {
  const [objects, typed] = [new ObjectScan(idle(devices)), new TypedScan(idle(devices))];
  const registry = new RegisteredObjects();
  return {
    [registered]: holding({
      count,
      acquire: () => registry.acquire(),
      release: (object) => registry.release(object),
    }),
    'counters in 8 objects, scanned': holding({
      count,
      acquire: () => objects.acquire(),
      release: (device) => objects.release(device),
    }),
    'counters in a typed array of 8, scanned': holding({
      count,
      acquire: () => typed.acquire(),
      release: (index) => typed.release(index),
    }),
    'counters of 8, scanned in two native calls': holding({
      count,
      acquire: () => bareCore.scanAcquire(devices),
      release: (index) => bareCore.scanRelease(index),
    }),
  };
}

/** The ledger says exactly what is held; equal devices share it evenly. */
export function checkHeld(manager, { held, evenly }) {
  const status = manager.leaseStatus();
  const inFlight = status.devices.map((device) => device.inFlight);
  const sum = inFlight.reduce((total, weight) => total + weight, 0);
  const isEven = Math.max(...inFlight) - Math.min(...inFlight) <= 1;
  if (status.leases === held && sum === held && (!evenly || isEven)) return;
  throw new Error(`${held} are held, the ledger says ${JSON.stringify(status)}`);
}

/** Counters beside the ledger, through 20,000 turns: who is chosen has the least at that moment. */
function checkTokens(manager) {
  const counts = new Map(manager.listDevices().map(({ deviceId }) => [deviceId, 0]));
  const note = (token, by) => {
    const id = manager.tokenDeviceId(token);
    counts.set(id, counts.get(id) + by);
  };
  const pool = holding({
    count,
    acquire: () => {
      const least = Math.min(...counts.values());
      const token = manager.tryAcquireToken();
      if (counts.get(manager.tokenDeviceId(token)) !== least) throw new Error('not the least');
      note(token, 1);
      return token;
    },
    release: (token) => {
      note(token, -1);
      return manager.releaseToken(token) && !manager.releaseToken(token);
    },
  });
  for (let turn = 0; turn < 20_000; turn++) pool.run();
  checkHeld(manager, { held: count, evenly: false });
  pool.end();
  checkHeld(manager, { held: 0, evenly: true });
}

export function leasing() {
  return whileSampling((manager) => {
    checkTokens(manager);
    const tokens = tokensOf(manager, count);
    const plain = leasesOf(manager, undefined);
    const others = alternatives();
    const reserving = leasesOf(manager, { memoryBytes: 1e6, minMemoryBytes: 1e6 });
    const figures = compare(
      {
        [token]: tokens,
        [emptyCall]: { run: bareCore.emptyDouble },
        [lease]: plain,
        ...others,
        'a lease with memory acquired and released': reserving,
      },
      { rounds: 21 },
    );
    checkHeld(manager, { held: 3 * count });
    for (const pool of [tokens, plain, reserving, ...Object.values(others)]) pool.end();
    checkHeld(manager, { held: 0 });
    return { figures, goals };
  });
}
