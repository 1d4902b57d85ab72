// What programs do instead, and what results are compared with: scans, counters of their own.

/** What the policy `score` works out where memory, utilisation and temperature are known. */
export function scoreOf({
  memoryTotalBytes,
  memoryUsedBytes,
  computeUtilizationPercent,
  temperatureCelsius,
}) {
  const free = (memoryTotalBytes - memoryUsedBytes) / memoryTotalBytes;
  const score = 0.6 * free + 0.4 * (1 - computeUtilizationPercent / 100);
  return temperatureCelsius <= 80
    ? score
    : score * Math.max(0.1, 1 - (temperatureCelsius - 80) / 40);
}

/** Lists of samples, a list a device; who asks has the newest of each scored, and all sorted. */
export class HistoryScan {
  #histories;
  #most;

  constructor(samples, most) {
    this.#histories = new Map(samples.map((sample) => [sample.deviceId, [sample]]));
    this.#most = most;
  }

  record(sample) {
    const history = this.#histories.get(sample.deviceId);
    history.push({ ...sample });
    if (history.length > this.#most) history.shift();
  }

  best() {
    const ranked = Array.from(this.#histories, ([deviceId, history]) => {
      return { deviceId, score: scoreOf(history.at(-1)) };
    });
    return ranked.sort((a, b) => b.score - a.score)[0]?.deviceId;
  }
}

/** Objects that have their score ready, in a list: the way it is written first. */
export class ObjectScan {
  #devices;

  constructor(samples) {
    this.#devices = samples.map((sample, index) => ({
      index,
      deviceId: sample.deviceId,
      name: 'NVIDIA H100',
      score: scoreOf(sample),
      inFlight: 0,
      speed: 1,
    }));
  }

  update(index, sample) {
    this.#devices[index].score = scoreOf(sample);
  }

  /** Its place in the list. */
  best() {
    let best = this.#devices[0];
    for (const device of this.#devices) {
      if (device.score > best.score) best = device;
    }
    return best.index;
  }

  /** The least loaded takes one more. */
  acquire() {
    let least = this.#devices[0];
    for (const device of this.#devices) {
      if (device.inFlight / device.speed < least.inFlight / least.speed) least = device;
    }
    least.inFlight += 1;
    return least;
  }

  release(device) {
    device.inFlight -= 1;
  }
}

/** The same in typed arrays: the way it is written when it has to be fast. */
export class TypedScan {
  #scores;
  #inFlight;

  constructor(samples) {
    this.#scores = Float64Array.from(samples, scoreOf);
    this.#inFlight = new Int32Array(samples.length);
  }

  update(index, sample) {
    this.#scores[index] = scoreOf(sample);
  }

  best() {
    const scores = this.#scores;
    let best = 0;
    for (let index = 1; index < scores.length; index++) {
      if (scores[index] > scores[best]) best = index;
    }
    return best;
  }

  acquire() {
    const inFlight = this.#inFlight;
    let least = 0;
    for (let index = 1; index < inFlight.length; index++) {
      if (inFlight[index] < inFlight[least]) least = index;
    }
    inFlight[least] += 1;
    return least;
  }

  release(index) {
    this.#inFlight[index] -= 1;
  }
}

/** What a lease needs at the least to be given back when it is forgotten: nothing else is in it. */
export class RegisteredObjects {
  #registry = new FinalizationRegistry(() => {});

  acquire() {
    const object = { deviceId: 'GPU-0' };
    this.#registry.register(object, 0, object);
    return object;
  }

  release(object) {
    this.#registry.unregister(object);
  }
}
