// `node --expose-gc bench/harness/ask.mjs NAME [--json FILE] [ARGUMENT...]`: asks one question.
//
// A question is a file bench/NAME.mjs that exports `ask({ args })`, which gives what it found:
// { figures, goals, notes?, chart? }: figures and goals as in figures.mjs, notes as lines of text;
// chart: { title, figures: names }, what README.md's picture shows of them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMissed, judge } from './figures.mjs';
import { record, report } from './report.mjs';

/** Takes `--json FILE` out of the arguments. */
function jsonPath(name, args) {
  const place = args.indexOf('--json');
  if (place !== -1) return args.splice(place, 2)[1];
  return fileURLToPath(new URL(`../../out/bench/${name}.json`, import.meta.url));
}

const [name, ...args] = process.argv.slice(2);
const path = jsonPath(name, args);
const { ask } = await import(new URL(`../${name}.mjs`, import.meta.url));
const { figures, goals, notes = [], chart } = await ask({ args });
const answer = { figures, notes, chart, goals: goals.map((goal) => judge(goal, figures)) };
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, `${JSON.stringify(record(name, answer), null, 2)}\n`);
console.log(report(answer));
process.exitCode = answer.goals.some(isMissed) ? 1 : 0;
