// One of a crowd: several lanes, each of which acquires in one way or another, holds for a while
// and releases.
const { setTimeout: sleep } = require('node:timers/promises');
const { parentPort, workerData } = require('node:worker_threads');
const { GPUClusteringManager } = require('../../../dist/index.js');
const { openOptions, maxInFlight, weightUnit, kibibyte } = require('./lease-crowd-cluster.cjs');

const lanes = 5;
const bursts = 10;
const mostAtOnce = 8;
const longestHoldMs = 8;
const leaseBytes = 2 ** 30;
/** Served or not, nobody may wait as long as this: it would be a wake-up that was lost. */
const patienceMs = 30_000;

let randomState = workerData.seed;
function random() {
  randomState = (randomState + 0x6d2b79f5) | 0;
  let mixed = Math.imul(randomState ^ (randomState >>> 15), randomState | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
/** Old samples count: a busy machine may keep the sampler away, and free memory is what it was. */
const memory = (share) => ({ memoryBytes: share * leaseBytes, staleness: 'allow' });
const upTo = (most) => Math.floor(random() * (most + 1));

/**
 * Counters beside the ledger, of all workers: each adds after a grant and subtracts before the
 * release. So they never say more than is held, and where they say too much, too much was granted.
 */
class Counters {
  mistakes = [];
  #cells;
  #capacityKib;

  constructor(buffer, freeBytes) {
    this.#cells = new Int32Array(buffer);
    this.#capacityKib = freeBytes.map((bytes) => Math.floor(bytes / kibibyte));
  }

  add(places, { weight, memoryBytes }, sign = 1) {
    const units = sign * Math.ceil(weight * weightUnit);
    const kib = sign * Math.ceil(memoryBytes / kibibyte);
    for (const place of places) {
      const inFlight = Atomics.add(this.#cells, 2 * place, units) + units;
      const leased = Atomics.add(this.#cells, 2 * place + 1, kib) + kib;
      this.must(`device ${place}: ${inFlight} in flight`, inFlight <= maxInFlight * weightUnit);
      this.must(`device ${place}: ${leased} KiB leased`, leased <= this.#capacityKib[place]);
      this.must(`device ${place}: below zero`, inFlight >= 0 && leased >= 0);
    }
  }

  subtract(places, what) {
    this.add(places, what, -1);
  }

  must(what, isSo) {
    if (!isSo && this.mistakes.length < 20) this.mistakes.push(what);
  }
}

class Crowd {
  counts = { tokens: 0, leases: 0, waited: 0, served: 0, gangs: 0, aborted: 0, busy: 0 };
  #manager;
  #counters;
  #places;
  #isStopped = false;

  constructor(manager, counters, places) {
    this.#manager = manager;
    this.#counters = counters;
    this.#places = places;
  }

  get status() {
    return this.#manager.leaseStatus();
  }

  stop() {
    this.#isStopped = true;
  }

  run() {
    return Promise.all(Array.from({ length: lanes }, () => this.#lane()));
  }

  async #lane() {
    while (!this.#isStopped) {
      const dice = random();
      if (dice < 0.3) this.#burst(() => this.#useTokens());
      else if (dice < 0.4) this.#burst(() => this.#useMemory());
      else if (dice < 0.6) await this.#tryLease();
      else await this.#waitForLease();
      await sleep(0);
    }
  }

  #burst(use) {
    for (let times = 0; times < bursts; times++) use();
  }

  /** As many as there are, without a pause: this is where writers of one row meet. */
  #useTokens() {
    const one = { weight: 1, memoryBytes: 0 };
    const held = [];
    while (held.length < mostAtOnce) {
      const token = this.#manager.tryAcquireToken();
      if (token === 0) break;
      const places = [this.#places.get(this.#manager.tokenDeviceId(token))];
      this.#counters.add(places, one);
      held.push({ token, places });
    }
    if (held.length < mostAtOnce) this.counts.busy += 1;
    for (const { token, places } of held) {
      this.#counters.subtract(places, one);
      this.#counters.must('a token is released', this.#manager.releaseToken(token));
      this.#counters.must('a token is released once', !this.#manager.releaseToken(token));
      this.counts.tokens += 1;
    }
  }

  /** Likewise where it is memory that ends. */
  #useMemory() {
    const held = [];
    while (held.length < mostAtOnce) {
      const lease = this.#manager.tryAcquire({ weight: 0.25, ...memory(16) });
      if (!lease.granted) break;
      this.#counters.add(this.#placesOf(lease), lease);
      held.push(lease);
    }
    if (held.length < mostAtOnce) this.counts.busy += 1;
    for (const lease of held) this.#release(lease);
  }

  #request() {
    const weight = [0.5, 1, 2][upTo(2)];
    return random() < 0.4 ? { weight } : { weight, ...memory(1 + upTo(15)) };
  }

  async #tryLease() {
    const lease = this.#manager.tryAcquire(this.#request());
    if (lease.granted) return this.#hold(lease);
    this.counts.busy += 1;
    this.#counters.must(`refused as ${lease.code}`, lease.code === 'busy');
    await sleep(random());
  }

  async #waitForLease() {
    const count = random() < 0.1 ? 2 : 1;
    const controller = random() < 0.2 ? new AbortController() : undefined;
    const timer = controller && setTimeout(() => controller.abort('enough'), upTo(5));
    const waiting = { count, priority: upTo(2), signal: controller?.signal };
    const beganMs = performance.now();
    this.counts.waited += 1;
    try {
      const lease = await this.#manager.acquire({ ...this.#request(), ...waiting });
      clearTimeout(timer);
      const tookMs = performance.now() - beganMs;
      this.#counters.must(`served after ${tookMs} ms`, tookMs < patienceMs);
      this.counts.served += 1;
      if (count > 1) this.counts.gangs += 1;
      await this.#hold(lease);
    } catch (error) {
      if (error !== 'enough') throw error;
      this.counts.aborted += 1;
    }
  }

  async #hold(lease) {
    const places = this.#placesOf(lease);
    this.#counters.must('a gang is of different devices', new Set(places).size === places.length);
    this.#counters.add(places, lease);
    // No simulated memory fills up, so it would count as free again: only where nobody counts.
    if (!workerData.isCounted && lease.memoryBytes > 0) lease.materialised();
    await sleep(random() * longestHoldMs);
    this.#release(lease);
  }

  #placesOf(lease) {
    return lease.devices.map(({ deviceId }) => this.#places.get(deviceId));
  }

  #release(lease) {
    this.#counters.subtract(this.#placesOf(lease), lease);
    this.#counters.must('a lease goes on until it is released', !lease.released);
    this.#counters.must('a lease is released', lease.release());
    this.#counters.must('a lease is released once', !lease.release());
    this.counts.leases += 1;
  }
}

/** Ends the lanes; those who wait yet after a long while wait in vain. */
async function finish(crowd, counters, done) {
  crowd.stop();
  const vain = sleep(patienceMs, 'vain', { ref: false });
  const ended = done.then(
    () => 'ended',
    (error) => String(error?.stack ?? error),
  );
  const how = await Promise.race([ended, vain]);
  counters.must(`the lanes: ${how}`, how === 'ended');
  const { leases, waiting } = crowd.status;
  counters.must(`${leases} leases, ${waiting} waiting`, leases === 0 && waiting === 0);
  parentPort.postMessage({ counts: crowd.counts, mistakes: counters.mistakes });
}

async function main() {
  const manager = await GPUClusteringManager.open(openOptions);
  const ids = manager.listDevices().map(({ deviceId }) => deviceId);
  const freeBytes = ids.map((id) => manager.getMetrics(id).memoryFreeBytes);
  const counters = new Counters(workerData.counted, freeBytes);
  const crowd = new Crowd(manager, counters, new Map(ids.map((id, place) => [id, place])));
  parentPort.postMessage('ready');
  if (!workerData.isCounted) return crowd.run();
  let done;
  parentPort.on('message', (message) => {
    if (message === 'begin') done = crowd.run();
    else if (message === 'end') finish(crowd, counters, done);
    else parentPort.close();
  });
}
main();
