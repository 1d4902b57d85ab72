// `npm run pack:check`: packs the package and uses it as its users will.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prebuilds } from './build.mjs';
import { nodeProgram } from './node-packages.mjs';
import { prebuild } from './prebuild.mjs';
import { bin, capture, main, root } from './process.mjs';
import { missingHardening, soname, symbolsAboveFloor } from './shared-library.mjs';
import { Tally } from './tally.mjs';

const nodeVersions = [20, 22, 24];
const elsewhere = ['darwin', 'win32', 'musl'];

const allowed = [
  /^(package\.json|binding\.gyp|README\.md|LICENSE|CHANGELOG\.md|THIRD_PARTY_NOTICES\.md)$/,
  /^dist\/.+\.(js|mjs|d\.ts|d\.mts)$/,
  /^native\/.+\.(h|cc|inc|json|map)$/,
  /^native\/simulator\/(traces|scenarios)\/(.+\.csv|(.+\/)?(README\.md|LICENSE|SOURCE))$/,
  /^prebuilds\/linux-(x64|arm64)\/(gpuring\.glibc\.node|libnvidia-ml\.so(\.1)?)$/,
];
const required = [
  'LICENSE',
  'THIRD_PARTY_NOTICES.md',
  'dist/index.mjs',
  'dist/cli/main.js',
  `${prebuilds}/gpuring.glibc.node`,
  `${prebuilds}/libnvidia-ml.so`,
  `${prebuilds}/libnvidia-ml.so.1`,
  /^native\/simulator\/scenarios\/.+\.json$/,
  /^native\/simulator\/traces\/.+\.csv$/,
];
const installScripts = ['preinstall', 'install', 'postinstall', 'prepare'];

const tally = new Tally();

function check(name, action) {
  try {
    action();
    console.log(`ok    ${name}`);
    tally.add({ passed: 1 });
  } catch (error) {
    console.log(`FAIL  ${name}\n      ${error.message.replaceAll('\n', '\n      ')}`);
    tally.add({ failed: 1 });
  }
}

function expectNone(what, found) {
  if (found.length > 0) throw new Error(`${what}:\n${found.join('\n')}`);
}

function checkBinaries() {
  const folder = join(root, prebuilds);
  for (const name of ['gpuring.glibc.node', 'libnvidia-ml.so.1']) {
    const path = join(folder, name);
    check(`${name}: no symbol newer than GLIBC_2.28, GLIBCXX_3.4.25`, () =>
      expectNone('an older system lacks', symbolsAboveFloor(path)),
    );
    check(`${name}: hardened, and never unloaded`, () =>
      expectNone('missing', missingHardening(path)),
    );
  }
  check("the simulated driver comes under both of the driver's sonames", () => {
    for (const file of ['libnvidia-ml.so.1', 'libnvidia-ml.so']) {
      const name = soname(join(folder, file));
      if (name !== file) throw new Error(`${file}: expected that soname, got ${name}`);
    }
  });
}

function checkSameExports(shipped) {
  check("node-gyp's addon and cmake-js's have the same exports", () => {
    capture('npm', ['run', '--silent', 'build:cmake']);
    const script = join(root, 'test/package/exports.cjs');
    const other = join(root, 'out/cmake/Release/gpuring.node');
    const [ours, theirs] = [shipped, other].map((path) =>
      capture(process.execPath, [script, path]),
    );
    if (ours !== theirs) throw new Error(`node-gyp: ${ours}cmake-js: ${theirs}`);
  });
}

function pack() {
  const folder = join(root, 'out/pack');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [made] = JSON.parse(capture('npm', args));
  const megabytes = (bytes) => (bytes / 1e6).toFixed(2);
  const { size, unpackedSize, files } = made;
  console.log(
    `${made.filename}: ${files.length} files, ${megabytes(size)} MB packed, ` +
      `${megabytes(unpackedSize)} MB unpacked`,
  );
  return { tarball: join(folder, made.filename), paths: files.map((file) => file.path) };
}

function checkTarball({ tarball, paths }) {
  check('the tarball holds nothing that was not meant to ship', () =>
    expectNone(
      'not on the list',
      paths.filter((path) => !allowed.some((one) => one.test(path))),
    ),
  );
  check('the tarball holds what it must', () => {
    const isThere = (one) => paths.some((path) => (one.test ? one.test(path) : one === path));
    expectNone(
      'not there',
      required.filter((one) => !isThere(one)),
    );
  });
  check('no install script, gypfile false', () => {
    const { scripts, gypfile } = JSON.parse(
      capture('tar', ['-xOf', tarball, 'package/package.json']),
    );
    expectNone(
      'scripts',
      installScripts.filter((name) => scripts?.[name] !== undefined),
    );
    if (gypfile !== false) throw new Error(`expected gypfile false, got ${gypfile}`);
  });
  check('publint', () => capture(bin('publint'), ['--strict', tarball]));
  check('are the types wrong?', () => capture(bin('attw'), [tarball]));
  check('no `any` in the declarations', () => {
    const isAny = /(?<=[:<|&,=(]\s*)any\b(?!\w)/;
    const texts = paths
      .filter((path) => path.endsWith('.d.ts'))
      .map((path) => {
        return [path, readFileSync(join(root, path), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')];
      });
    expectNone(
      'any',
      texts.filter(([, text]) => isAny.test(text)).map(([path]) => path),
    );
  });
}

function installInto(folder, tarball) {
  cpSync(join(root, 'test/package/consumer'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball];
  capture('npm', args, { cwd: folder });
  check('npm records no install script', () => {
    const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
    if (lock.packages['node_modules/gpuring'].hasInstallScript) throw new Error('it does');
  });
}

function checkOnNode(version, folder) {
  const program = nodeProgram(version);
  const inside = { cwd: folder };
  for (const script of ['require.cjs', 'import.mjs', 'worker.cjs']) {
    check(`Node ${version}: ${script}`, () => capture(program, [script], inside));
  }
  check(`Node ${version}: gpuring snapshot --json --simulate`, () => {
    const args = ['node_modules/.bin/gpuring', 'snapshot', '--json', '--simulate'];
    const shown = JSON.parse(capture(program, args, inside));
    if (shown.simulated !== true) throw new Error('it does not say simulated: true');
    if (!(shown.devices?.length > 0)) throw new Error('it shows no devices');
  });
  check(`Node ${version}: gpuring replay --json, over a recording that ships`, () => {
    const options = ['--json', '--seconds', '5', '--trace', 'transient_A100'];
    const args = ['node_modules/.bin/gpuring', 'replay', ...options];
    const shown = JSON.parse(capture(program, args, inside));
    if (shown.simulated !== true) throw new Error('it does not say simulated: true');
    if (!(shown.policies?.length > 1)) throw new Error('it compares no policies');
  });
  for (const platform of elsewhere) {
    check(`Node ${version}: as if on ${platform}`, () => {
      const env = { GPURING_FAKE_PLATFORM: platform, LIBC: platform };
      capture(program, ['--require', './fake-platform.cjs', 'elsewhere.cjs'], { ...inside, env });
    });
  }
}

function checkTypes(folder) {
  const typeRoots = [join(root, 'node_modules/@types')];
  const { files, compilerOptions } = JSON.parse(
    readFileSync(join(folder, 'tsconfig.json'), 'utf8'),
  );
  const cases = {
    "with Node's types": { typeRoots },
    "without Node's types": { types: [], lib: ['es2022', 'dom'] },
  };
  for (const [name, options] of Object.entries(cases)) {
    check(`types, from CommonJS and from ESM, ${name}`, () => {
      const config = { files, compilerOptions: { ...compilerOptions, ...options } };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
      capture(bin('tsc'), ['-p', folder]);
    });
  }
}

main(import.meta.url, () => {
  const shipped = prebuild();
  checkBinaries();
  checkSameExports(shipped);
  const packed = pack();
  checkTarball(packed);
  const folder = mkdtempSync(join(tmpdir(), 'gpuring-consumer-'));
  try {
    installInto(folder, packed.tarball);
    checkTypes(folder);
    for (const version of nodeVersions) checkOnNode(version, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  tally.finish();
});
