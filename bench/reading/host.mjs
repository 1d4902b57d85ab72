// Eight simulated boards whose values stand still, and what every reading of them has to find.
import { ownFunction } from '../harness/rounds.mjs';

const bytesPerMib = 2 ** 20;
const milliwatts = 1000;

/** Columns of nvidia-smi --query-gpu, as systeminformation asks for them, by our names. */
export const columns = {
  fanSpeedPercent: 'fan.speed',
  memoryTotalBytes: 'memory.total',
  memoryUsedBytes: 'memory.used',
  memoryFreeBytes: 'memory.free',
  computeUtilizationPercent: 'utilization.gpu',
  memoryUtilizationPercent: 'utilization.memory',
  temperatureCelsius: 'temperature.gpu',
  memoryTemperatureCelsius: 'temperature.memory',
  powerWatts: 'power.draw',
  powerLimitWatts: 'power.limit',
  clockRateMhz: 'clocks.gr',
  memoryClockMhz: 'clocks.mem',
};
export const keys = Object.keys(columns);
export const deviceCount = 8;

const totalMib = 24_564;
const usedMib = (index) => 1000 * (index + 1);
const reservedMib = 512;

/** Each device tells other values; whole numbers, so that no way of telling them rounds. */
function valuesOf(index) {
  return {
    fanSpeedPercent: 30 + index,
    memoryTotalBytes: totalMib * bytesPerMib,
    memoryUsedBytes: usedMib(index) * bytesPerMib,
    memoryFreeBytes: (totalMib - reservedMib - usedMib(index)) * bytesPerMib,
    computeUtilizationPercent: 50 + index,
    memoryUtilizationPercent: 20 + index,
    temperatureCelsius: 60 + index,
    memoryTemperatureCelsius: 70 + index,
    powerWatts: 300 + index,
    powerLimitWatts: 440 + index,
    clockRateMhz: 2500 + index,
    memoryClockMhz: 10_000 + index,
  };
}

/** Of all devices one after another, as doubles. */
export const expected = Array.from({ length: deviceCount }, (_, index) => {
  const values = valuesOf(index);
  return keys.map((key) => values[key]);
});

function deviceOf(index) {
  const told = valuesOf(index);
  return {
    board: 'rtx4090',
    values: {
      'fan.speed': told.fanSpeedPercent,
      'memory.total': told.memoryTotalBytes,
      'memory.used': told.memoryUsedBytes,
      'memory.free': told.memoryFreeBytes,
      'memory.reserved': reservedMib * bytesPerMib,
      'utilization.gpu': told.computeUtilizationPercent,
      'utilization.memory': told.memoryUtilizationPercent,
      'temperature.gpu': told.temperatureCelsius,
      'temperature.memory': told.memoryTemperatureCelsius,
      'power.draw': told.powerWatts * milliwatts,
      'enforced.power.limit': told.powerLimitWatts * milliwatts,
      'clocks.current.graphics': told.clockRateMhz,
      'clocks.current.sm': told.clockRateMhz,
      'clocks.current.memory': told.memoryClockMhz,
    },
  };
}

export const scenario = {
  devices: Array.from({ length: deviceCount }, (_, index) => deviceOf(index)),
};

/** Throws unless that is what was read: of each device the twelve numbers in their order. */
export function mustBeRead(who, rows) {
  const [got, wanted] = [rows, expected].map((all) => JSON.stringify(all));
  if (got !== wanted) throw new Error(`${who}: expected ${wanted}, got ${got}`);
}

/** The least that an object like this costs: all its properties as one literal, of one number. */
export function literalLike(object) {
  const text = Object.keys(object)
    .map((name) => `${name}: value`)
    .join();
  const make = ownFunction({}, `(value) => ({ ${text} })`);
  let value = 0.5;
  return () => {
    value += 1;
    return make(value);
  };
}
