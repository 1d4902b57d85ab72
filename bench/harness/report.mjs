// What was measured, as text and as JSON.
import { cpus, loadavg, release } from 'node:os';
import { areMet, isAimReached, isMissed, median, ratios, spread } from './figures.mjs';
import { byHowMuch, withinNoise } from './verdicts.mjs';

const scales = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
  [1, 'ns'],
];

function digits(value) {
  if (Number.isInteger(value)) return `${value}`;
  return Math.abs(value) >= 100 ? value.toFixed(0) : `${Number(value.toPrecision(3))}`;
}

/** `ns` are shown in the unit that suits them; `x` is a ratio. */
export function withUnit(value, unit = '') {
  if (unit === 'x') return `${digits(value)}x`;
  if (unit !== 'ns') return `${digits(value)} ${unit}`.trim();
  const [scale, name] = scales.find(([least]) => value >= least) ?? scales.at(-1);
  return `${digits(value / scale)} ${name}`;
}

/** Rows of cells in columns; numbers stand at the right, so all but the first columns do. */
export function table(rows, leftColumns = 1) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column < leftColumns ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
    return cells.join('  ');
  });
}

function figureRow([name, { samples, unit }]) {
  const { median, low, high } = spread(samples);
  const around = samples.length > 1 ? `${withUnit(low, unit)} to ${withUnit(high, unit)}` : '';
  return [name, withUnit(median, unit), around];
}

export function limitOf({ atMost, atLeast, aim, unit }) {
  if (atMost === undefined && atLeast === undefined) return '';
  const limit =
    atMost === undefined
      ? `at least ${withUnit(atLeast, unit)}`
      : `at most ${withUnit(atMost, unit)}`;
  return aim === undefined ? limit : `${limit}, aim ${withUnit(aim, unit)}`;
}

/** The verdict, and how far from the limit it lies. */
export function verdictOf(goal) {
  const factor = byHowMuch(goal);
  const by = factor === undefined ? goal.verdict : `${goal.verdict} by ${withUnit(factor, 'x')}`;
  return !isMissed(goal) && isAimReached(goal) ? `${by}, aim too` : by;
}

const measured = ({ value, unit }) => (value === undefined ? '-' : withUnit(value, unit));

function goalRow(goal) {
  return [goal.name, measured(goal), limitOf(goal), verdictOf(goal)];
}

export function report({ notes, figures, goals }) {
  const missed = goals.filter(isMissed).length;
  const verdict = areMet(goals) ? 'all met' : `${missed} missed`;
  return [
    ...notes,
    ...table([['measured', 'median', 'half lie in'], ...Object.entries(figures).map(figureRow)]),
    '',
    ...table([['goal', 'measured', 'asked', ''], ...goals.map(goalRow)]),
    '',
    goals.length === 0 ? 'no goals' : `${goals.length} goals: ${verdict}`,
  ].join('\n');
}

export function spreadOf({ values, low, high, unit }) {
  if (values.length < 2 || low === high || !Number.isFinite(low)) return '';
  return `${withUnit(low, unit)} to ${withUnit(high, unit)}`;
}

/** The rows of the one table of all goals, a line a goal; the first is its head. */
export function checkRows(goals) {
  const rows = goals.map((goal) => {
    const [name, ...rest] = goalRow(goal);
    const [value, asked, verdict] = rest;
    return [goal.id, name, value, spreadOf(goal), asked, verdict];
  });
  return [['', 'goal', 'measured', 'between', 'asked', ''], ...rows];
}

/** `40 met, 2 missed, 1 within noise`. */
export function counts(goals) {
  const met = goals.length - goals.filter(isMissed).length;
  const noisy = goals.filter(({ verdict }) => verdict === withinNoise).length;
  return `${met} met, ${goals.length - met - noisy} missed, ${noisy} missed within noise`;
}

/** `load`: how busy it has been with this and anything else. */
export const machine = () => ({
  processor: cpus()[0]?.model,
  cores: cpus().length,
  platform: `${process.platform}-${process.arch}`,
  kernel: release(),
  node: process.version,
  load: loadavg(),
});

/** The bars of a picture: how many times the first one the others take, in turns with it. */
function barsOf({ title, figures: names }, figures) {
  const bars = names.map((name) => {
    const { samples, unit } = figures[name];
    const ratio = median(ratios(figures[name], figures[names[0]]));
    return { name, unit, value: median(samples), ratio };
  });
  return { title, bars };
}

export function record(name, { notes, figures, goals, chart }) {
  const rows = Object.entries(figures).map(([what, { samples, unit, run }]) => ({
    name: what,
    unit,
    run,
    ...spread(samples),
    samples,
  }));
  const at = new Date().toISOString();
  return {
    question: name,
    at,
    machine: machine(),
    notes,
    figures: rows,
    goals,
    chart: chart && barsOf(chart, figures),
  };
}
