// What does it cost to choose a device, and to hold it? Side by side with the cheapest calls into
// native code, with scans, and with what a lease needs at the least. Names of parts (selecting,
// leasing, ...) as arguments ask only those.
import { mergeFigures } from './harness/figures.mjs';
import { crowded } from './selection/crowded.mjs';
import { leasing } from './selection/leasing.mjs';
import { scaling } from './selection/scaling.mjs';
import { selectingBest } from './selection/selecting.mjs';
import { sharing } from './selection/sharing.mjs';
import { updating } from './selection/updating.mjs';

// The live cluster comes first: as in programs, nothing else has been through the code before.
const parts = { selecting: selectingBest, leasing, sharing, crowded, scaling, updating };

export async function ask({ args }) {
  const wanted = args.length === 0 ? Object.keys(parts) : args;
  const answer = { figures: {}, goals: [], notes: [] };
  for (const name of wanted) {
    if (!Object.hasOwn(parts, name)) {
      throw new Error(`expected parts of ${Object.keys(parts)}, got ${name}`);
    }
    const { figures, goals, notes = [] } = await parts[name]();
    answer.figures = mergeFigures(answer.figures, figures);
    answer.goals.push(...goals);
    answer.notes.push(...notes);
  }
  return answer;
}
