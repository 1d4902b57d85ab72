// A question of several parts, which are asked one after another.
import { mergeFigures } from './figures.mjs';

/**
 * What the parts found, as `ask()` gives it; `parts` are functions by name, `args` the names of
 * those that are wanted, all where there are none.
 */
export async function askParts(parts, args) {
  const wanted = args.length === 0 ? Object.keys(parts) : args;
  const answer = { figures: {}, goals: [], notes: [] };
  for (const name of wanted) {
    if (!Object.hasOwn(parts, name)) {
      throw new Error(`expected parts of ${Object.keys(parts)}, got ${name}`);
    }
    const { figures, goals, notes = [], chart } = await parts[name]();
    answer.figures = mergeFigures(answer.figures, figures);
    answer.goals.push(...goals);
    answer.notes.push(...notes);
    answer.chart ??= chart;
  }
  return answer;
}
