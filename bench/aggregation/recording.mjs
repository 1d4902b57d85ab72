// Recording samples from other sources: as columns and one by one, beside handing each sample to
// native code as an object.
import { GPUClusteringManager } from '../../dist/index.mjs';
import { compare } from '../harness/rounds.mjs';
import { bareCore } from './bare-core.mjs';
import { randomFrom } from './data.mjs';

const deviceId = 'a';
const count = 1e5;
const recurring = 1024;
const startMs = 1.7e12;
// With the time twelve numbers a sample: greatest value of each.
const metrics = {
  computeUtilizationPercent: 100,
  memoryUtilizationPercent: 100,
  memoryTotalBytes: 80e9,
  memoryUsedBytes: 80e9,
  powerWatts: 700,
  powerLimitWatts: 700,
  temperatureCelsius: 90,
  memoryTemperatureCelsius: 100,
  clockRateMhz: 1980,
  memoryClockMhz: 2619,
  fanSpeedPercent: 100,
};
const keys = Object.keys(metrics);

function randomColumns() {
  const random = randomFrom(5);
  const columns = Object.entries(metrics).map(([key, most]) => [
    key,
    Float64Array.from({ length: count }, () =>
      key === 'memoryTotalBytes' ? most : Math.floor(random() * most),
    ),
  ]);
  const timestampsMs = Float64Array.from({ length: count }, (_, index) => startMs + index);
  return { deviceId, timestampsMs, ...Object.fromEntries(columns) };
}

/** As programs write it. */
function sampleAt(columns, index) {
  return {
    deviceId,
    timestampMs: columns.timestampsMs[index],
    computeUtilizationPercent: columns.computeUtilizationPercent[index],
    memoryUtilizationPercent: columns.memoryUtilizationPercent[index],
    memoryTotalBytes: columns.memoryTotalBytes[index],
    memoryUsedBytes: columns.memoryUsedBytes[index],
    powerWatts: columns.powerWatts[index],
    powerLimitWatts: columns.powerLimitWatts[index],
    temperatureCelsius: columns.temperatureCelsius[index],
    memoryTemperatureCelsius: columns.memoryTemperatureCelsius[index],
    clockRateMhz: columns.clockRateMhz[index],
    memoryClockMhz: columns.memoryClockMhz[index],
    fanSpeedPercent: columns.fanSpeedPercent[index],
  };
}

function freshManager() {
  const manager = new GPUClusteringManager({ maxHistory: count });
  manager.registerDevice({ deviceId, name: 'A', vendor: 'amd', memoryBytes: 80e9 });
  return manager;
}

/** What was handed in is what is kept. */
function check(columns, samples) {
  const [byColumns, byObjects] = [freshManager(), freshManager()];
  byColumns.recordMany(columns);
  for (const sample of samples) byObjects.recordMetrics(sample);
  const [many, some] = [byColumns, byObjects].map((one) => one.getMetricsHistory(deviceId));
  const isKept = (sample, index) =>
    [many[index], some[index]].every((kept) =>
      ['timestampMs', ...keys].every((key) => kept[key] === sample[key]),
    );
  if (many.length === count && samples.every(isKept)) return;
  throw new Error('what was recorded is not what is kept');
}

const goals = [
  {
    id: 'G10',
    name: 'recordMany(): 60x an object passed through Node-API, a sample',
    ratio: ['an object passed through Node-API', 'recordMany() of columns, a sample'],
    atLeast: 60,
  },
  {
    id: 'G10',
    name: 'recordMany(): 20 ns for a validated sample of twelve numbers',
    figure: 'recordMany() of columns, a sample',
    atMost: 20,
  },
  {
    id: 'G11',
    name: 'recordMetrics(): 25x an object passed through Node-API',
    ratio: ['an object passed through Node-API', 'recordMetrics() of an object'],
    atLeast: 25,
  },
];

export function recording() {
  const columns = randomColumns();
  const samples = Array.from({ length: recurring }, (_, index) => sampleAt(columns, index));
  check(columns, samples);
  const [byColumns, byObjects] = [freshManager(), freshManager()];
  const { timestampsMs } = columns;
  let [taken, recorded, nowMs] = [0, 0, startMs];
  const figures = compare({
    'an object passed through Node-API': {
      run: () => bareCore.takeObject(samples[taken++ % recurring]),
    },
    'recordMetrics() of an object': {
      run: () => {
        const sample = samples[recorded++ % recurring];
        sample.timestampMs = ++nowMs;
        byObjects.recordMetrics(sample);
      },
    },
    'recordMany() of columns, a sample': {
      items: count,
      run: () => {
        for (let index = 0; index < count; index++) timestampsMs[index] += count;
        byColumns.recordMany(columns);
      },
    },
  });
  return { figures, goals };
}
