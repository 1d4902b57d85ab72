// Node.js itself, from npm: the packages node-linux-<arch> hold the program and its headers.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { capture, root } from './process.mjs';

const major = Number(process.versions.node.split('.')[0]);

/** The folder of that major version's package, fetched into out/node/ when it is not there yet. */
function fetchNode(version) {
  const folder = join(root, 'out/node', `${version}`);
  const name = `node-linux-${process.arch}`;
  const prefix = join(folder, 'node_modules', name);
  if (existsSync(join(prefix, 'bin/node'))) return prefix;
  console.log(`fetching ${name}@${version} from npm`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  capture('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`], {
    cwd: folder,
  });
  return prefix;
}

/** The program of a major version: the running one when it is that. */
export function nodeProgram(version) {
  return version === major ? process.execPath : join(fetchNode(version), 'bin/node');
}

/** What node-gyp calls nodedir: Node's own prefix when it carries headers, else the npm package. */
export function nodeDirectory() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/common.gypi')) ? prefix : fetchNode(major);
}
