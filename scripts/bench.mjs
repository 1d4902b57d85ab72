// `npm run bench -- NAME`: asks bench/NAME.mjs, passing on what follows the name.
// `npm run bench -- --check`: asks all of them; a line each says whether its goals are met.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { areMet } from '../bench/harness/figures.mjs';
import { checkLines } from '../bench/harness/report.mjs';
import { build, cmake } from './build.mjs';
import { main, root, run } from './process.mjs';

const questions = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.replace(/\.mjs$/, ''));
const ask = ['--expose-gc', join(root, 'bench/harness/ask.mjs')];

/** Whether all goals of the question are met. */
function check(name) {
  const path = join(root, 'out/bench', `${name}.json`);
  rmSync(path, { force: true });
  const { stdout, stderr } = spawnSync(process.execPath, [...ask, name, '--json', path], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  let goals;
  try {
    ({ goals } = JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    console.log(`${name}: failed\n${stdout}${stderr}`);
    return false;
  }
  console.log(checkLines(name, goals).join('\n'));
  return areMet(goals);
}

main(import.meta.url, () => {
  const [name, ...args] = process.argv.slice(2);
  if (name !== '--check' && !questions.includes(name)) {
    throw new Error(`expected --check or one of ${questions.join(', ')}, got ${name}`);
  }
  build();
  cmake('release', ['bench_programs', 'bare_core']);
  if (name !== '--check') return run(process.execPath, [...ask, name, ...args]);
  mkdirSync(join(root, 'out/bench'), { recursive: true });
  // One after another: two at once would measure each other.
  const met = questions.map(check);
  if (met.includes(false)) throw new Error('not all goals are met');
});
