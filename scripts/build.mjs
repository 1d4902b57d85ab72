// Builds what is out of date: the addon (node-gyp, build/Release), the simulated driver (CMake,
// prebuilds/), the TypeScript (dist/) and its ESM facades.
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { install } from './install.mjs';
import { mergeModules } from './merge-modules.mjs';
import { nodeDirectory } from './node-packages.mjs';
import { bin, capture, cores, main, root, run } from './process.mjs';
import { isCurrent, markCurrent } from './stamps.mjs';

export const prebuilds = `prebuilds/${process.platform}-${process.arch}`;
const sonames = ['libnvidia-ml.so.1', 'libnvidia-ml.so'];
// Entry points of the package that have an ESM face, as in package.json's exports.
const facades = ['index', 'testing/index'];

const lists = ['native/sources.json', 'package-lock.json', 'scripts/build.mjs'];
const merging = 'scripts/merge-modules.mjs';

const folder = (name) => `native/${name}`;

export const addon = {
  name: 'addon',
  inputs: [
    ...lists,
    'binding.gyp',
    ...['core', 'aggregate', 'distribute', 'nvml', 'binding'].map(folder),
  ],
  outputs: ['build/Release/gpuring.node'],
  make() {
    const env = { npm_config_nodedir: nodeDirectory() };
    capture(bin('node-gyp'), ['rebuild', `--jobs=${cores}`], { env });
  },
};

const simulator = {
  name: 'simulator',
  inputs: [...lists, 'CMakeLists.txt', 'CMakePresets.json', 'native/simulator', 'native/nvml'],
  outputs: sonames.map((soname) => `${prebuilds}/${soname}`),
  make() {
    cmake('release', ['simulator', 'simulator_unversioned']);
    mkdirSync(join(root, prebuilds), { recursive: true });
    for (const soname of sonames) {
      run('strip', ['--strip-all', '-o', 'out/stripped', `out/release/${soname}`]);
      replaceFile('out/stripped', `${prebuilds}/${soname}`);
    }
  },
};

const typescript = {
  name: 'typescript',
  inputs: [...lists, merging, 'lib', 'tsconfig.json', 'package.json'],
  outputs: ['dist/cli/main.js', ...facades.flatMap((path) => [`dist/${path}.mjs`])],
  make() {
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    run(bin('tsc'), ['-p', '.']);
    facades.forEach(loadLate);
    mergeModules(join(root, 'dist'), 'index.js');
    facades.forEach(writeFacade);
  },
};

/** Copies a library over another that running programs may have mapped. */
export function replaceFile(from, to) {
  copyFileSync(join(root, from), join(root, `${to}.new`));
  renameSync(join(root, `${to}.new`), join(root, to));
}

/**
 * Has an entry point load what it exports only when that is asked for: a program that carries the
 * package along pays for it where it uses it. TypeScript gives each name as a getter already. What
 * Node.js looks for to know the names is the line in which all of them are set to nothing; a getter
 * in the usual form that is no plain property would make it forget the name.
 */
function loadLate(path) {
  const file = join(root, 'dist', `${path}.js`);
  const text = readFileSync(file, 'utf8')
    .replace(/^var (\w+) = (require\("\.[^"]+"\));$/gm, 'const $1 = () => $2;')
    .replace(
      /^Object\.defineProperty\(exports, ("\w+"), .* return (\w+)\.(\w+); } }\);$/gm,
      'late($1, () => $2().$3);',
    )
    .replace(/^exports\..* = void 0;$/m, (names) => `${names}\n${late}`);
  if (/^var |^Object\.defineProperty\(exports, (?!"__esModule")/m.test(text)) {
    throw new Error(`${path}.js: TypeScript writes exports in a way that is not known here`);
  }
  writeFileSync(file, text);
}

const late =
  'const late = (name, get) => Object.defineProperty(exports, name, { enumerable: true, get });';

/** Names are listed one by one: a star would also export `__esModule` and `module.exports`. */
function writeFacade(path) {
  const file = join(root, 'dist', path);
  const from = `./${path.split('/').at(-1)}.js`;
  const names = Object.keys(createRequire(file)(`${file}.js`)).sort();
  const list = names.map((name) => `  ${name},\n`).join('');
  writeFileSync(`${file}.mjs`, `export {\n${list}} from '${from}';\n`);
  writeFileSync(`${file}.d.mts`, `export * from '${from}';\n`);
}

/** Configures a preset of CMakePresets.json when needed and builds the targets. */
export function cmake(preset, targets) {
  const configured = { name: `cmake-${preset}`, inputs: ['CMakePresets.json'], outputs: [] };
  configured.outputs.push(`out/${preset}/Makefile`);
  if (!isCurrent(configured)) {
    capture('cmake', ['--preset', preset, '-G', 'Unix Makefiles']);
    markCurrent(configured);
  }
  capture('cmake', ['--build', '--preset', preset, '-j', `${cores}`, '--target', ...targets]);
}

export function build() {
  install();
  run(process.execPath, ['scripts/generate-metrics.mjs', '--check']);
  for (const step of [addon, simulator, typescript]) {
    if (isCurrent(step)) continue;
    console.log(`building: ${step.name}`);
    step.make();
    markCurrent(step);
  }
}

main(import.meta.url, build);
