// One verdict from several processes that asked the same. Pure.
//
// A process on a shared machine may be lucky: three that begin anew tell how far luck goes. A goal
// is met where all that they measured lies on the right side of it, missed where all of it lies on
// the wrong one, and `missed (within noise)` where they lie around it.
import { isMissed, margin, median } from './figures.mjs';

export const withinNoise = 'missed (within noise)';

/** The goals of performance that were set for the whole; whoever answers one says its number. */
export const numbers = Array.from({ length: 21 }, (_, index) => `G${index + 1}`);

/** What the processes found, in the order of their values; one in the middle. */
function inOrder(judged) {
  return [...judged].sort((one, other) => one.value - other.value);
}

/**
 * From the lowest value to the highest, and no less than the middle one's own quartiles: that three
 * agree by chance says little where rounds within one differ.
 */
function bandOf(judged) {
  const middle = inOrder(judged)[Math.floor(judged.length / 2)];
  return {
    low: Math.min(middle.low, ...judged.map(({ value }) => value)),
    high: Math.max(middle.high, ...judged.map(({ value }) => value)),
  };
}

function verdictOf({ atMost, atLeast }, { low, high }) {
  const isWithin = (value) => (atMost === undefined ? value >= atLeast : value <= atMost);
  const [isLowWithin, isHighWithin] = [isWithin(low), isWithin(high)];
  if (isLowWithin && isHighWithin) return 'met';
  return isLowWithin || isHighWithin ? withinNoise : 'missed';
}

/** One goal as each process judged it. Where one of them measured nothing, there is no noise. */
export function combined(judged) {
  const values = judged.map(({ value }) => value);
  const [{ low: _low, high: _high, verdict: _verdict, ...goal }] = judged;
  const isMeasured = values.every(Number.isFinite);
  if (judged.length === 1 || !isMeasured) {
    const verdict = judged.every((one) => !isMissed(one)) ? 'met' : 'missed';
    const value = isMeasured ? values[0] : Number.NaN;
    return { ...goal, values, value, low: value, high: value, verdict };
  }
  const band = bandOf(judged);
  return { ...goal, values, value: median(values), ...band, verdict: verdictOf(goal, band) };
}

function answerOf(name, answers) {
  const goals = answers[0].goals.map((goal, place) => {
    const judged = answers.map((answer) => answer.goals[place]);
    if (judged.some((one) => one?.name !== goal.name)) {
      throw new Error(`${name}: the processes did not answer the same: ${goal.name}`);
    }
    return { id: name, question: name, ...combined(judged) };
  });
  const figures = answers[0].figures.map(({ name: what, unit }) => {
    const medians = answers.map(
      (answer) => answer.figures.find((figure) => figure.name === what)?.median ?? Number.NaN,
    );
    return { name: what, unit, value: median(medians) };
  });
  return { goals, figures, chart: chartOf(answers.map(({ chart }) => chart)) };
}

/** Each bar as the process in the middle had it. */
function chartOf([chart, ...others]) {
  if (chart === undefined) return undefined;
  const middle = (at, key) => median([chart, ...others].map(({ bars }) => bars[at][key]));
  const bars = chart.bars.map((bar, at) => ({
    ...bar,
    value: middle(at, 'value'),
    ratio: middle(at, 'ratio'),
  }));
  return { ...chart, bars };
}

/** The place of a goal in the table: by number, then those that have none. */
const placeOf = ({ id }) => (numbers.includes(id) ? numbers.indexOf(id) : numbers.length);

/**
 * All that was asked: `answers` are records of report.mjs by question, one a process; a question
 * that failed has none of one. `isWhole`: a numbered goal that nobody answered is missed, too.
 */
export function summary(answers, { isWhole = true } = {}) {
  /** @type {Record<string, any>} */
  const questions = {};
  const goals = [];
  for (const [name, [...records]] of Object.entries(answers)) {
    if (records.length === 0 || records.includes(undefined)) {
      goals.push(unanswered(name, `${name}: the question failed`));
      continue;
    }
    const answer = answerOf(name, records);
    if (answer.goals.length === 0) goals.push(unanswered(name, `${name}: it has no goals`));
    goals.push(...answer.goals);
    questions[name] = { figures: answer.figures, chart: answer.chart };
  }
  const ids = goals.map(({ id }) => id);
  const missing = isWhole ? numbers.filter((id) => !ids.includes(id)) : [];
  goals.push(...missing.map((id) => unanswered(id, 'no question answers it')));
  return { goals: goals.sort((one, other) => placeOf(one) - placeOf(other)), questions };
}

const unanswered = (id, name) => ({ id, name, values: [], verdict: 'missed' });

/** How far from its limit: `met by 2x`, `missed by 1.1x`. Undefined where that says nothing. */
export function byHowMuch(goal) {
  const factor = margin(goal);
  if (factor === undefined || goal.verdict === withinNoise) return undefined;
  return isMissed(goal) ? 1 / factor : factor;
}
