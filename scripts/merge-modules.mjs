// Merges the modules that an entry point loads into two files: to find, read and compile a small
// file costs Node.js more than what is in it. In the first are those that run when every name of
// the entry point is read, which `import` does: classes, and what these are made of. In the second
// is what they reach for when they are used; it loads then. Modules stay what they were, each a
// function with exports of its own.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';

const [first, second] = ['faces.js', 'insides.js'];

const heading = '"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\n';
const staticImport = /^const (\w+) = require\("(\.[^"]+)"\);$/gm;
const anyImport = /require\("(\.[^"]+)"\)/g;

const targetOf = (name, path) => posix.join(posix.dirname(name), path);

/** What the entry point reaches, text by name; but what looks for files beside itself stays one. */
function reached(dist, entry) {
  const modules = new Map();
  const visit = (name) => {
    const text = readFileSync(join(dist, name), 'utf8');
    if (modules.has(name) || text.includes('__dirname')) return;
    if (name !== entry) modules.set(name, text.replace(heading, ''));
    for (const [, path] of text.matchAll(anyImport)) visit(targetOf(name, path));
  };
  visit(entry);
  return modules;
}

/** The module with those imports late of which `isLate` says so: each loads where it is used. */
function withLateImports({ name, text, isLate }) {
  const late = [];
  const opened = text.replace(staticImport, (whole, alias, path) => {
    if (!isLate(targetOf(name, path))) return whole;
    late.push(alias);
    return `let ${alias}_;\nconst ${alias} = () => (${alias}_ ??= require("${path}"));`;
  });
  return late.reduce(
    (said, alias) => said.replaceAll(new RegExp(`\\b${alias}\\.`, 'g'), `(${alias}()).`),
    opened,
  );
}

/** The names of the modules that run when all that the entry point exports is read. */
function readAtOnce({ dist, entry, modules }) {
  const ran = new Map();
  const run = (name, text) => {
    const exports = {};
    ran.set(name, exports);
    const requireHere = createRequire(join(dist, name));
    const load = (path) => {
      const target = targetOf(name, path);
      if (!path.startsWith('.') || !modules.has(target)) return requireHere(path);
      return ran.get(target) ?? run(target, modules.get(target));
    };
    const late = withLateImports({ name, text, isLate: () => true });
    new Function('exports', 'require', late)(exports, load);
    return exports;
  };
  void { ...run(entry, readFileSync(join(dist, entry), 'utf8')) };
  return new Set(ran.keys());
}

const loader = `
const loaded = new Map();
/** A module by its path. */
const need = (name) => {
  let exports = loaded.get(name);
  if (exports === undefined) {
    const run = modules[name] ?? require("./${second}")[name];
    loaded.set(name, (exports = {}));
    try {
      run(exports);
    } catch (error) {
      loaded.delete(name); // the next one tries again
      throw error;
    }
  }
  return exports;
};
module.exports = need;
`;
const opening = `const need = require("./${first}");\nmodule.exports = modules;\n`;

/** `entry`: a file of the folder `dist` whose own imports are late already. */
export function mergeModules(dist, entry) {
  const modules = reached(dist, entry);
  const faces = readAtOnce({ dist, entry, modules });
  const isLate = (target) => !faces.has(target);
  const merged = (name) => {
    const text = modules.get(name);
    const given = isLate(name) ? text : withLateImports({ name, text, isLate });
    const asked = given.replaceAll(anyImport, (_, path) => {
      const target = targetOf(name, path);
      return modules.has(target) ? `need("${target}")` : `require("./${target}")`;
    });
    return `"${name}"(exports) {\n${asked}},\n`;
  };
  const write = (file, { names, end }) => {
    const functions = names.map(merged).join('');
    writeFileSync(join(dist, file), `"use strict";\nconst modules = {\n${functions}};\n${end}`);
  };
  for (const name of modules.keys()) rmSync(join(dist, name));
  for (const name of readdirSync(dist, { recursive: true })) {
    if (name.endsWith('.js')) leaveOutside({ dist, name, modules });
  }
  const names = [...modules.keys()];
  write(first, { names: names.filter((name) => faces.has(name)), end: loader });
  write(second, { names: names.filter(isLate), end: opening });
}

/** What stays a file of its own asks for the others by their names. */
function leaveOutside({ dist, name, modules }) {
  const path = join(dist, name);
  const from = posix.relative(posix.dirname(name), first);
  const faces = from.startsWith('.') ? from : `./${from}`;
  const text = readFileSync(path, 'utf8').replaceAll(anyImport, (whole, said) => {
    const target = targetOf(name, said);
    return modules.has(target) ? `require("${faces}")("${target}")` : whole;
  });
  writeFileSync(path, text);
}
