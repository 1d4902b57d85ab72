// One full reading: twelve numbers of each of eight devices, by all the ways there are.
import { ownSimulatedDriverPath } from '../../dist/testing/simulator.js';
import { bareCore } from '../aggregation/bare-core.mjs';
import { compareLater } from '../harness/rounds.mjs';
import { Bindings } from './bindings.mjs';
import { columns, deviceCount, keys, literalLike, mustBeRead } from './host.mjs';
import { monotonicMs, openOurs } from './ours.mjs';
import { Programs } from './programs.mjs';

const mib = 2 ** 20;
const timesInside = 20;
const names = {
  list: 'listMetrics(): 8 objects',
  objects: 'getMetrics() of 8 devices, one after another: objects',
  numbers: 'reader.read() of 8 devices: 96 numbers',
  loop: 'a C++ loop that calls the driver',
  addon: 'Node-API, a call for each of 96 numbers',
  koffi: 'koffi, 9 calls for each of 8 devices',
  smi: 'execFile of a program like nvidia-smi',
  smiSync: 'execFileSync of a program like nvidia-smi',
  information: 'systeminformation graphics()',
};

const rowsOf = (numbers) =>
  Array.from({ length: deviceCount }, (_, device) =>
    Array.from(numbers.slice(device * keys.length, (device + 1) * keys.length)),
  );

const inBytes = (rows) =>
  rows.map((row) => row.map((value, at) => (keys[at].endsWith('Bytes') ? value * mib : value)));

const ofObjects = (objects) => objects.map((object) => keys.map((key) => object[key]));

const ofColumns = (objects) =>
  inBytes(objects.map((object) => keys.map((key) => object[columns[key]])));

function ofAddon() {
  const numbers = new Float64Array(deviceCount * keys.length);
  const metricByMetric = () => {
    const found = [];
    for (let device = 0; device < deviceCount; device++) {
      const row = {};
      for (let metric = 0; metric < keys.length; metric++) {
        row[keys[metric]] = bareCore.readMetric(device, metric);
      }
      found.push(row);
    }
    return found;
  };
  const atOnce = () => {
    bareCore.readDriver(numbers);
    return numbers;
  };
  return {
    [names.addon]: { run: metricByMetric, rows: (all) => inBytes(ofObjects(all)) },
    'Node-API, one call for 8 objects': { run: bareCore.readDriverObjects, rows: ofColumns },
    'Node-API, one call for 96 numbers': { run: atOnce, rows: (all) => inBytes(rowsOf(all)) },
  };
}

/** Plain memory, the least there is: nobody looks whether it is being written. */
function plainCopy() {
  const from = new Float64Array(new SharedArrayBuffer(8 * deviceCount * keys.length));
  const into = new Float64Array(from.length);
  return () => into.set(from);
}

/** The least that objects cost: as many of them, each written as one literal. */
function literals(objects) {
  const make = literalLike(objects[0]);
  return () => objects.map(make);
}

function eightClocks() {
  let last = 0;
  for (let device = 0; device < deviceCount; device++) last = monotonicMs();
  return last;
}

/** `rows` says what `run` or `runLater` found; what has none finds nothing. */
function candidates(ours, bindings, programs) {
  return {
    [names.list]: { run: () => ours.manager.listMetrics(), rows: ofObjects },
    [names.objects]: { run: ours.read, rows: ofObjects },
    [names.numbers]: { run: () => ours.readers.whole.read(), rows: rowsOf },
    'eight times the clock, which tells the age': { run: eightClocks },
    'eight object literals of as many properties': { run: literals(ours.read()) },
    'a copy of 96 numbers in plain memory': { run: plainCopy() },
    [names.loop]: { inside: () => bareCore.timeDriver(timesInside) },
    ...ofAddon(),
    [names.koffi]: { run: () => bindings.read(), rows: ofObjects },
    'execFile of a program that does nothing': { runLater: () => programs.startNothing() },
    [names.smi]: { runLater: () => programs.read(), rows: ofObjects },
    [names.smiSync]: { run: () => programs.readSync(), rows: ofObjects },
    [names.information]: { runLater: () => programs.readBySysteminformation(), rows: ofObjects },
  };
}

async function check(all) {
  for (const [name, { run, runLater, rows }] of Object.entries(all)) {
    if (rows !== undefined) mustBeRead(name, rows(await (run ?? runLater)()));
  }
}

const added = 'what koffi adds to the driver';

/** The driver is simulated: what its calls take is not what a real one's do. */
function addedByKoffi(figures) {
  const [koffi, loop] = [figures[names.koffi], figures[names.loop]];
  return { ...koffi, samples: koffi.samples.map((value, round) => value - loop.samples[round]) };
}

const number = (value) => value.toLocaleString('en');
const alternatives = [
  [100, names.koffi, 'koffi'],
  [10_000, names.smi, 'execFile of nvidia-smi'],
  [100_000, names.information, 'systeminformation'],
];

const goalsOf = (what, figure, headline) =>
  alternatives.map(([atLeast, above, text]) => ({
    id: 'G13',
    name: `a full reading ${what}: ${number(atLeast)}x under ${text}`,
    ratio: [above, figure],
    atLeast,
    headline,
  }));

const goals = [
  ...goalsOf('in numbers, reader.read()', names.numbers, true),
  ...goalsOf('in objects, listMetrics()', names.list, true),
  ...goalsOf('in objects, getMetrics() of each', names.objects, false),
];

const chart = {
  title: 'One full reading: 8 devices, 12 metrics each',
  figures: [
    names.numbers,
    names.list,
    names.objects,
    names.addon,
    names.koffi,
    names.smiSync,
    names.smi,
    names.information,
  ],
};

export async function whole() {
  const ours = await openOurs();
  const path = ownSimulatedDriverPath();
  const programs = new Programs(path);
  const bindings = new Bindings(path);
  if (bareCore.openDriver(path) !== deviceCount) throw new Error('the addon found no driver');
  try {
    const all = candidates(ours, bindings, programs);
    await check(all);
    const figures = await compareLater(all);
    figures[added] = addedByKoffi(figures);
    return { figures, goals, chart };
  } finally {
    bareCore.closeDriver();
    bindings.close();
    programs.close();
    await ours.close();
  }
}
