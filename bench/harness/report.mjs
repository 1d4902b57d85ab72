// What was measured, as text and as JSON.
import { cpus, loadavg } from 'node:os';
import { areMet, isAimReached, isMissed, missedBy, spread } from './figures.mjs';

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

/** Rows of cells in columns; numbers stand at the right, so all but the first column do. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]),
    );
    return cells.join('  ');
  });
}

function figureRow([name, { samples, unit }]) {
  const { median, low, high } = spread(samples);
  const around = samples.length > 1 ? `${withUnit(low, unit)} to ${withUnit(high, unit)}` : '';
  return [name, withUnit(median, unit), around];
}

function limitOf({ atMost, atLeast, aim, unit }) {
  const limit =
    atMost === undefined
      ? `at least ${withUnit(atLeast, unit)}`
      : `at most ${withUnit(atMost, unit)}`;
  return aim === undefined ? limit : `${limit}, aim ${withUnit(aim, unit)}`;
}

function verdictOf(goal) {
  if (isMissed(goal)) {
    const factor = missedBy(goal);
    return factor === undefined ? 'missed' : `missed by ${withUnit(factor, 'x')}`;
  }
  return isAimReached(goal) ? 'met, aim too' : 'met';
}

function goalRow(goal) {
  return [goal.name, withUnit(goal.value, goal.unit), limitOf(goal), verdictOf(goal)];
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

/** The lines of `--check`: one for the question, one for each goal that it missed. */
export function checkLines(name, goals) {
  const missed = goals.filter(isMissed);
  return [
    `${name}: ${areMet(goals) ? 'met' : 'missed'} (${goals.length} goals)`,
    ...missed.map((goal) => `  missed: ${goal.name}: ${goalRow(goal).slice(1, 3).join(', ')}`),
  ];
}

export function record(name, { notes, figures, goals }) {
  const machine = {
    processor: cpus()[0]?.model,
    cores: cpus().length,
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    load: loadavg(),
  };
  const measured = Object.entries(figures).map(([what, { samples, unit, run }]) => ({
    name: what,
    unit,
    run,
    ...spread(samples),
    samples,
  }));
  const at = new Date().toISOString();
  return { question: name, at, machine, notes, figures: measured, goals };
}
