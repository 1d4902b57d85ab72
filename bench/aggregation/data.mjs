// What the alternatives are asked about: repeatable, and of the shape that GPUs make.

/** Uniform in 0..1; mulberry32. */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Load in percent: stretches of work and of idleness, with noise. */
export function utilization(count) {
  const random = randomFrom(1);
  let level = 50;
  return Uint8Array.from({ length: count }, () => {
    if (random() < 0.001) level = random() < 0.3 ? 0 : 100 * random();
    return Math.min(100, Math.max(0, Math.round(level + 8 * (random() - 0.5))));
  });
}

/** Milliwatts: whole numbers over a wide range. */
export function power(count) {
  const random = randomFrom(2);
  let level = 300_000;
  return Float64Array.from({ length: count }, () => {
    if (random() < 0.001) level = 70_000 + 580_000 * random();
    return Math.round(level + 40_000 * (random() - 0.5));
  });
}

/** Any doubles. */
export function doubles(count) {
  const random = randomFrom(3);
  return Float64Array.from({ length: count }, () => 700 * random());
}

/** Samples as programs collect them. */
export function sampleList(values) {
  return Array.from(values, (value, index) => ({
    deviceId: 'a',
    timestampMs: 1.7e12 + index,
    computeUtilizationPercent: value,
    memoryUsedBytes: 8e9,
    powerWatts: 300 + value,
    temperatureCelsius: 60,
  }));
}
