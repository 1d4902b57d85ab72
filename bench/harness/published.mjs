// What of the results of a whole check is shown, and as what: Markdown between marks, and a chart.
// Pure.

import { chartSvg } from './chart.mjs';
import { isMissed } from './figures.mjs';
import { counts, limitOf, spreadOf, verdictOf, withUnit } from './report.mjs';

const places = 5; // of a number that is kept

const kept = (value) => (typeof value === 'number' ? Number(value.toPrecision(places)) : value);

/** What is kept in the repository of the results: all but what nobody reads. */
export function compact(results) {
  const charts = Object.values(results.questions)
    .map(({ chart }) => chart)
    .filter((chart) => chart !== undefined);
  const { at, machine, processes, goals } = results;
  return JSON.parse(
    JSON.stringify({ at, machine, processes, goals, charts }, (_, value) => kept(value)),
  );
}

const row = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function conditions({ at, machine, processes }) {
  const { processor, cores, platform, kernel, node, load } = machine;
  return (
    `${cores} cores of ${processor}, ${platform}, kernel ${kernel}, Node ${node.slice(1)}; ` +
    `load ${load[2].toFixed(1)} of 15 minutes at the end; ${at.slice(0, 10)}; ` +
    `${processes} processes a question.`
  );
}

function goalCells(goal) {
  const value = goal.value == null ? '-' : withUnit(goal.value, goal.unit);
  return [goal.name, value, spreadOf(goal), limitOf(goal), verdictOf(goal)];
}

/** Every goal, for bench/README.md. */
export function fullTable(results) {
  return [
    conditions(results),
    '',
    row(['', 'goal', 'measured', 'between', 'asked', 'verdict']),
    '|---|---|---|---|---|---|',
    ...results.goals.map((goal) => row([goal.id, ...goalCells(goal)])),
    '',
    `${results.goals.length} goals: ${counts(results.goals)}.`,
  ].join('\n');
}

/** What a reader is to see first, for README.md; the misses of these stand there too. */
export function shortTable(results) {
  const shown = results.goals.filter(({ headline }) => headline === true);
  const missed = results.goals.filter(isMissed).length;
  return [
    '![What it takes, beside what programs use otherwise](bench/results/last.svg)',
    '',
    row(['', 'measured', 'between', 'goal', 'verdict']),
    '|---|---|---|---|---|',
    ...shown.map((goal) => row(goalCells(goal))),
    '',
    'Everything is asked of the same simulated driver; `npm run bench -- --check` measures it ' +
      `again. All ${results.goals.length} goals, ${missed} of them missed, with method and ` +
      'machine: [bench](bench/README.md). ' +
      conditions(results),
  ].join('\n');
}

export const chart = ({ charts }) => chartSvg(charts);

/** The text with what stands between the marks of `bench` replaced. */
export function withTable(text, table) {
  const place = /(<!-- bench: generated -->\n)[\s\S]*?(\n<!-- \/bench -->)/;
  if (!place.test(text))
    throw new Error('there is no place for the table: <!-- bench: generated -->');
  return text.replace(place, (_, before, after) => `${before}${table}${after}`);
}
