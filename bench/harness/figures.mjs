// The arithmetic of measurements: medians, ratios, verdicts. Pure.
//
// A figure is what was measured of one thing: { samples: one a round, unit?, run? }. Figures of the
// same `run` were taken in turns, round by round; only those have a ratio.
//
// A goal is data: { name, figure | ratio: [above, below], atMost | atLeast, id?, aim?, headline? },
// of figures by name. `id` is the number of the goal that it is a part of, if it has one. An aim is
// a harder limit that is hoped for: the report says whether it was reached, and nothing depends on
// it. `headline`: it stands in README.md too.

/** Between the two nearest where none is at that place. */
export function quantile(values, fraction) {
  if (values.length === 0) throw new Error('nothing was measured');
  const sorted = Float64Array.from(values).sort();
  const place = (sorted.length - 1) * fraction;
  const low = Math.floor(place);
  const next = sorted[Math.min(low + 1, sorted.length - 1)];
  return sorted[low] + (place - low) * (next - sorted[low]);
}

export const median = (values) => quantile(values, 0.5);

/** The median, and the quartiles around it: half of all rounds lie between `low` and `high`. */
export function spread(values) {
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

/** A figure that was found once. */
export const single = (value, unit) => ({ samples: [value], unit });

/**
 * How many times `below` goes into `above`, round by round: what the machine did to one round it
 * did to both.
 */
export function ratios(above, below) {
  if (above.run === undefined || above.run !== below.run) {
    throw new Error('a ratio needs figures that were taken in turns in one run');
  }
  return above.samples.map((value, round) => value / below.samples[round]);
}

function figureNamed(name, figures) {
  const figure = figures[name];
  if (figure === undefined) throw new Error(`no figure was measured that is called: ${name}`);
  return figure;
}

function valuesOf({ figure, ratio }, figures) {
  if (figure !== undefined) return figureNamed(figure, figures).samples;
  const [above, below] = ratio.map((name) => figureNamed(name, figures));
  return ratios(above, below);
}

/** A goal with what came of it. Samples that are no number, or no end of one, meet no goal. */
export function judge(goal, figures) {
  const { atMost, atLeast } = goal;
  if ((atMost === undefined) === (atLeast === undefined)) {
    throw new Error(`a goal is either at most or at least something: ${goal.name}`);
  }
  const values = valuesOf(goal, figures);
  const { median: value, low, high } = spread(values);
  const isWithin = atMost === undefined ? value >= atLeast : value <= atMost;
  const met = isWithin && values.every(Number.isFinite);
  const unit = goal.ratio === undefined ? figures[goal.figure].unit : 'x';
  return { ...goal, value, low, high, unit, verdict: met ? 'met' : 'missed' };
}

/** How many times the limit lies beyond what was measured; below 1 where it is missed. */
export function margin({ value, atMost, atLeast }) {
  const factor = atMost === undefined ? value / atLeast : atMost / value;
  return Number.isFinite(factor) && factor > 0 ? factor : undefined;
}

/** Whether the aim was reached too; undefined where there is none. */
export function isAimReached({ value, atMost, aim }) {
  if (aim === undefined) return undefined;
  return atMost === undefined ? value >= aim : value <= aim;
}

export const isMissed = ({ verdict }) => verdict !== 'met';

/** Who has no goal has met none. */
export const areMet = (goals) => goals.length > 0 && !goals.some(isMissed);

/** Figures of several measurements; a name stands for one of them. */
export function mergeFigures(...all) {
  const names = all.flatMap(Object.keys);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) throw new Error(`two figures are called: ${twice}`);
  return Object.assign({}, ...all);
}
