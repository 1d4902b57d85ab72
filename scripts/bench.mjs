// `npm run bench`: asks every question of bench/ once and shows all that was measured.
// `npm run bench -- NAME`: asks bench/NAME.mjs, passing on what follows the name.
// `npm run bench -- --check [NAME...]`: asks all of them, or these, in three processes each; one
// table says of every goal whether it is met. `--quick`: in one process each.
// `npm run bench -- --publish`: writes what the last whole --check found to bench/results/, and the
// tables and the chart of README.md and bench/README.md from there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { areMet } from '../bench/harness/figures.mjs';
import { checkRows, counts, machine, table } from '../bench/harness/report.mjs';
import { summary } from '../bench/harness/verdicts.mjs';
import { build, cmake } from './build.mjs';
import { main, root, run, tee } from './process.mjs';
import { publish } from './publish-bench.mjs';

const processes = 3;
const folder = join(root, 'out/bench');
const found = join(folder, 'check.json');
const questions = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.replace(/\.mjs$/, ''));
const ask = ['--expose-gc', join(root, 'bench/harness/ask.mjs')];

/** What a process of its own answers; undefined where it fails. */
function answerOf(name) {
  const path = join(folder, `${name}.json`);
  rmSync(path, { force: true });
  const { stdout, stderr } = spawnSync(process.execPath, [...ask, name, '--json', path], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    console.log(`${name}: failed\n${stdout}${stderr}`);
    return undefined;
  }
}

/**
 * One process after another: two at once would measure each other. Each question once, then all of
 * them again, so that an hour in which the machine is busy does not fall on one of them.
 */
function answersOf(names, turns) {
  const answers = Object.fromEntries(names.map((name) => [name, []]));
  for (let turn = 1; turn <= turns; turn++) {
    for (const name of names) {
      const startMs = performance.now();
      answers[name].push(answerOf(name));
      const seconds = ((performance.now() - startMs) / 1e3).toFixed(0);
      console.log(`${turn} of ${turns}: ${name}, ${seconds} s`);
    }
  }
  return answers;
}

function check(args) {
  const isQuick = args.includes('--quick');
  const wanted = args.filter((arg) => arg !== '--quick');
  const names = wanted.length === 0 ? questions : wanted.map(known);
  mkdirSync(folder, { recursive: true });
  rmSync(found, { force: true });
  const turns = isQuick ? 1 : processes;
  const isWhole = names.length === questions.length;
  const { goals, ...rest } = summary(answersOf(names, turns), { isWhole });
  const at = new Date().toISOString();
  const results = { at, machine: machine(), processes: turns, isWhole, goals, ...rest };
  writeFileSync(found, `${JSON.stringify(results, null, 1)}\n`);
  console.log(`\n${table(checkRows(goals), 2).join('\n')}\n`);
  if (isQuick) console.log('one process each: nothing is said of noise');
  console.log(`${goals.length} goals: ${counts(goals)}`);
  if (!areMet(goals)) throw new Error('not all goals are met');
}

async function askAll() {
  const failures = [];
  for (const name of questions) {
    console.log(`\n== ${name}`);
    const { failure } = await tee(process.execPath, [...ask, name]);
    if (failure !== undefined) failures.push(name);
  }
  if (failures.length > 0) throw new Error(`goals are missed by: ${failures.join(', ')}`);
}

function known(name) {
  if (questions.includes(name)) return name;
  throw new Error(`expected --check, --publish or one of ${questions.join(', ')}, got ${name}`);
}

main(import.meta.url, () => {
  const [name, ...args] = process.argv.slice(2);
  if (name === '--publish') return publish(JSON.parse(readFileSync(found, 'utf8')));
  if (name !== undefined && name !== '--check') known(name);
  build();
  cmake('release', ['bench_programs', 'bare_core']);
  if (name === undefined) return askAll();
  if (name === '--check') return check(args);
  run(process.execPath, [...ask, name, ...args]);
});
