// What was built from what: a step is current while its outputs exist and its inputs are, by name,
// size and time of change, those of the last build.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './process.mjs';

const stampOf = (step) => join(root, 'out/stamps', step.name);

function filesUnder(path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [`${path} ${stat.size} ${stat.mtimeMs}`];
  const names = readdirSync(join(root, path)).sort();
  return names.flatMap((name) => filesUnder(`${path}/${name}`));
}

function fingerprint(step) {
  const state = [process.version, process.arch, ...step.inputs.flatMap(filesUnder)];
  return createHash('sha256').update(state.join('\n')).digest('hex');
}

/** `step`: { name, inputs: files and folders, outputs: files }, all relative to the root. */
export function isCurrent(step) {
  if (!step.outputs.every((path) => existsSync(join(root, path)))) return false;
  const stamp = stampOf(step);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(step);
}

export function markCurrent(step) {
  mkdirSync(join(root, 'out/stamps'), { recursive: true });
  writeFileSync(stampOf(step), fingerprint(step));
}
