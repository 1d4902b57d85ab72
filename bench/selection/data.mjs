// What selection is asked about: devices and telemetry that are the same in each run, and the order
// in which things happen to them.
import { randomFrom } from '../aggregation/data.mjs';

export const memoryBytes = 80e9;
export const startMs = 1.7e12;

export const idOf = (index) => `GPU-${index}`;

export function deviceOf(index) {
  return { deviceId: idOf(index), name: 'NVIDIA H100', vendor: 'nvidia', memoryBytes };
}

function sampleOf(index, { usedShare, utilization, temperature }) {
  return {
    deviceId: idOf(index),
    timestampMs: startMs,
    memoryTotalBytes: memoryBytes,
    memoryUsedBytes: Math.floor(usedShare * memoryBytes),
    computeUtilizationPercent: Math.round(utilization),
    temperatureCelsius: Math.round(temperature),
  };
}

/** Each device differently full and busy, some of them hot. */
export function ordinary(count, seed = 11) {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, index) =>
    sampleOf(index, {
      usedShare: random(),
      utilization: 100 * random(),
      temperature: 40 + 50 * random(),
    }),
  );
}

/** All alike: nothing but what is leased tells one from the other. */
export function idle(count) {
  const nothing = { usedShare: 0, utilization: 0, temperature: 35 };
  return Array.from({ length: count }, (_, index) => sampleOf(index, nothing));
}

export const orderLength = 4096;

/** Places 0 to count - 1 in no order; as many as a power of two, to go around in. */
export function randomOrder(count, seed = 12) {
  const random = randomFrom(seed);
  return Uint16Array.from({ length: orderLength }, () => Math.floor(random() * count));
}
