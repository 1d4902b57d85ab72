// What does it cost a program to have the package: to load it, to open it, to carry it along? Each
// measurement in a process of its own, in turns with those of an empty module and of others.
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { single } from './harness/figures.mjs';
import { compare } from './harness/rounds.mjs';

const rounds = 15;
const pathOf = (path) => fileURLToPath(new URL(path, import.meta.url));
const program = pathOf('start-up/program.cjs');
const emptyPackages = pathOf('../out/bench/packages');

/** What is the same for all: a package with `exports` in which there is nothing. */
function writeEmptyPackages() {
  for (const name of ['first', 'empty']) {
    const folder = `${emptyPackages}/node_modules/${name}`;
    mkdirSync(folder, { recursive: true });
    const described = { name, version: '1.0.0', exports: { '.': './index.js' } };
    writeFileSync(`${folder}/package.json`, JSON.stringify(described));
    writeFileSync(`${folder}/index.js`, '');
  }
}

function measured(what, name = '') {
  const args = [program, what, name, emptyPackages];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

const loaded = (how, name) => ({ inside: () => measured(how, name) * 1e6 });

/** What a round adds to the empty module of the same round; at least what the clock can tell. */
function overEmpty(figure, empty) {
  const leastNs = 1000;
  const samples = figure.samples.map((value, round) =>
    Math.max(value - empty.samples[round], leastNs),
  );
  return { ...figure, samples };
}

const packages = ['gpuring', 'koffi', 'systeminformation'];

function requiring() {
  const { first, empty, ...whole } = compare(
    {
      first: loaded('require', 'first'),
      empty: loaded('require', 'empty'),
      ...Object.fromEntries(packages.map((name) => [name, loaded('require', name)])),
    },
    { rounds },
  );
  const over = packages.map((name) => [
    `require('${name}'), more than that`,
    overEmpty(whole[name], empty),
  ]);
  return {
    'an empty package, the first with `exports` in a process': first,
    'an empty package': empty,
    ...Object.fromEntries(over),
  };
}

function importing() {
  const { empty, gpuring } = compare(
    { empty: loaded('import', 'empty'), gpuring: loaded('import', 'gpuring') },
    { rounds },
  );
  return { "import 'gpuring', more than that": overEmpty(gpuring, empty) };
}

const uses = {
  classMs: "require('gpuring').GPUClusteringManager",
  manualMs: 'the same, and new GPUClusteringManager()',
  openMs: 'open(), 8 simulated devices, the addon and the driver with it',
  againMs: 'open() once more',
};

function using() {
  const found = Array.from({ length: rounds }, () => measured('use'));
  const figures = Object.entries(uses).map(([key, what]) => [
    what,
    { samples: found.map((one) => one[key] * 1e6), unit: 'ns' },
  ]);
  const early = found.filter(({ hadDriver }) => hadDriver).length;
  return { ...Object.fromEntries(figures), 'processes with a driver before open()': single(early) };
}

/** As it ships: without the symbols that only debuggers read. */
function addonBytes() {
  const stripped = pathOf('../out/bench/stripped.node');
  mkdirSync(pathOf('../out/bench'), { recursive: true });
  execFileSync('strip', ['-o', stripped, pathOf('../build/Release/gpuring.node')]);
  return statSync(stripped).size;
}

const ours = "require('gpuring'), more than that";

const goals = [
  {
    name: 'require() adds at most 1 ms to that of an empty package',
    figure: ours,
    atMost: 1e6,
    headline: true,
  },
  {
    name: 'import adds at most 1 ms, which reads every export',
    figure: "import 'gpuring', more than that",
    atMost: 1e6,
  },
  {
    name: 'require() adds 4x less than that of koffi',
    ratio: ["require('koffi'), more than that", ours],
    atLeast: 4,
  },
  {
    name: 'require() adds 15x less than that of systeminformation',
    ratio: ["require('systeminformation'), more than that", ours],
    atLeast: 15,
  },
  {
    name: 'no library of a driver is opened before open()',
    figure: 'processes with a driver before open()',
    atMost: 0,
  },
  {
    name: 'the addon, stripped: 200 kB',
    figure: 'the addon, stripped',
    atMost: 200,
    headline: true,
  },
].map((goal) => ({ id: 'G20', ...goal }));

export async function ask() {
  writeEmptyPackages();
  const figures = {
    ...requiring(),
    ...importing(),
    ...using(),
    'the addon, stripped': single(addonBytes() / 1e3, 'kB'),
  };
  return { figures, goals };
}
